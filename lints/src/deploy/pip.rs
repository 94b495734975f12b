//! Commands of pip, and of `uv pip`, by their own command lines.
//!
//! The options are those that `pip install --help` (23.2) and `uv pip install --help` (0.13) list. What a variable hides is never guessed: a word
//! of which nothing is known makes the command [`Install::open`].

use std::ops::Range;

use super::command::is_interpreter;
use super::command::options::{Argument, Arguments, Syntax, Value};
use super::environment::Environment;
use super::shell::Word;
use super::text::UNKNOWN;
pub(crate) use requirement::{Pin, Requirement, normalized};

pub(crate) mod file;
mod requirement;

/// Who installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// pip. By default, its `-U` moves a dependency only where it has to.
    Pip,
    /// `uv pip`. Its `-U` moves all dependencies to the newest versions.
    Uv,
}

/// What a command of pip does.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// `pip install`.
    Install(Box<Install>),
    /// `pip check`.
    Check,
}

/// A word of the command line, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// With [`UNKNOWN`] for what is not known.
    pub(crate) text: String,
    /// Its place in the file.
    pub(crate) place: Range<usize>,
}

impl Given {
    fn of(value: Value<'_>) -> Self {
        Self { text: value.as_str().to_owned(), place: value.place() }
    }

    /// Whether all of it is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.text.contains(UNKNOWN)
    }
}

/// A `pip install`.
#[expect(clippy::struct_excessive_bools, reason = "independent options of pip")]
#[derive(Clone, Debug)]
pub(crate) struct Install {
    /// Who installs.
    pub(crate) tool: Tool,
    /// The command, from pip's name to the last argument.
    pub(crate) place: Range<usize>,
    /// The word with `-U`, where there is one.
    pub(crate) upgrade: Option<Range<usize>>,
    /// `--upgrade-strategy`.
    pub(crate) strategy: Option<Given>,
    /// `--no-deps`.
    pub(crate) no_deps: bool,
    /// `--force-reinstall`, or `--reinstall` of uv, or `-I`.
    pub(crate) reinstalls: bool,
    /// `--require-hashes`.
    pub(crate) requires_hashes: bool,
    /// Whether a constraints file is named.
    pub(crate) is_constrained: bool,
    /// `--dry-run`, or into a folder that is no environment (`--target`).
    pub(crate) changes_no_environment: bool,
    /// `-r`.
    pub(crate) files: Vec<Given>,
    /// Requirements, paths and addresses.
    pub(crate) named: Vec<Given>,
    /// Whether more may be given than is known.
    pub(crate) open: bool,
}

impl Install {
    /// The named requirements that come from an index: no paths and no addresses.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = (&Given, Requirement)> {
        self.named.iter().filter_map(|given| Some((given, Requirement::parse(&given.text)?)))
    }
}

/// Options of `pip install` that take a value, and pip's general ones.
const PIP: Syntax = Syntax::Valued(&[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "--build-constraint",
    "-e",
    "--editable",
    "-t",
    "--target",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--root",
    "--prefix",
    "--src",
    "-b",
    "--build",
    "-d",
    "--download",
    "--upgrade-strategy",
    "-C",
    "--config-settings",
    "--global-option",
    "--install-option",
    "--no-binary",
    "--only-binary",
    "--progress-bar",
    "--root-user-action",
    "--report",
    "--group",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--uploaded-prior-to",
    "--python",
    "--log",
    "--log-file",
    "--keyring-provider",
    "--proxy",
    "--retries",
    "--timeout",
    "--default-timeout",
    "--exists-action",
    "--trusted-host",
    "--cert",
    "--client-cert",
    "--cache-dir",
    "--use-feature",
    "--use-deprecated",
]);

/// The same of `uv pip install`.
const UV: Syntax = Syntax::Valued(&[
    "-r",
    "--requirement",
    "--requirements",
    "-e",
    "--editable",
    "--no-editable-package",
    "-c",
    "--constraint",
    "--constraints",
    "--override",
    "--overrides",
    "--exclude",
    "--excludes",
    "-b",
    "--build-constraint",
    "--build-constraints",
    "--extra",
    "--cert",
    "--group",
    "-t",
    "--target",
    "--prefix",
    "--no-binary",
    "--only-binary",
    "--python-version",
    "--python-platform",
    "--output-format",
    "--torch-backend",
    "--index",
    "--default-index",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--index-strategy",
    "--keyring-provider",
    "-P",
    "--upgrade-package",
    "--upgrade-group",
    "--resolution",
    "--prerelease",
    "--prerelease-package",
    "--fork-strategy",
    "--exclude-newer",
    "--exclude-newer-package",
    "--no-sources-package",
    "--reinstall-package",
    "--link-mode",
    "-C",
    "--config-setting",
    "--config-settings",
    "--config-settings-package",
    "--no-build-isolation-package",
    "--cache-dir",
    "--refresh-package",
    "-p",
    "--python",
    "--color",
    "--allow-insecure-host",
    "--directory",
    "--project",
    "--config-file",
]);

/// Whether a command is one of pip's.
pub(crate) fn is_pip(words: &[Word]) -> bool {
    arguments(words).is_some()
}

/// The command of pip that these words are.
pub(crate) fn command(words: &[Word], environment: &Environment<'_>) -> Option<Command> {
    let (tool, from) = arguments(words)?;
    let syntax = if tool == Tool::Uv { UV } else { PIP };
    let mut general = Arguments::new(words.get(from..)?, syntax);
    let subcommand = general.find_map(|argument| match argument {
        Argument::Word(word, index) => Some((word, from + index)),
        Argument::Option(..) => None,
    });
    let (word, index) = subcommand?;
    match word.as_str() {
        "install" => Some(Command::Install(Box::new(install(tool, words, index + 1, environment)))),
        "check" => Some(Command::Check),
        _ => None,
    }
}

/// Where the arguments of pip begin: `pip ...`, `python -I -m pip ...`, `uv pip ...`.
fn arguments(words: &[Word]) -> Option<(Tool, usize)> {
    let first = words.first()?;
    let name = first.as_str().rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    if is_pip_name(name) {
        return Some((Tool::Pip, 1));
    }
    if name == "uv" {
        let at = words.iter().skip(1).position(|word| !word.as_str().starts_with('-'))? + 1;
        return (words[at].as_str() == "pip").then_some((Tool::Uv, at + 1));
    }
    // `$PYTHON -m pip`, `{envpython} -m pip`.
    if !is_interpreter(name) && name != "py" && !first.text.is_unknown() {
        return None;
    }
    let mut arguments = Arguments::new(&words[1..], Syntax::Valued(&["-m", "-W", "-X", "-c", "--check-hash-based-pycs"]));
    loop {
        match arguments.next()? {
            Argument::Option("-m", Some(module)) => {
                let tool = match module.as_str() {
                    "pip" => Tool::Pip,
                    "uv" if words.get(1 + arguments.position()).is_some_and(|word| word.as_str() == "pip") => {
                        return Some((Tool::Uv, 2 + arguments.position()));
                    }
                    _ => return None,
                };
                return Some((tool, 1 + arguments.position()));
            }
            Argument::Option("-c", _) | Argument::Word(..) => return None,
            Argument::Option(..) => {}
        }
    }
}

/// `pip`, `pip3`, `pip3.11`, `pip-3.11`.
fn is_pip_name(name: &str) -> bool {
    let version = name.strip_prefix("pip").map(|rest| rest.strip_prefix('-').filter(|rest| !rest.is_empty()).unwrap_or(rest));
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn install(tool: Tool, words: &[Word], from: usize, environment: &Environment<'_>) -> Install {
    let rest = words.get(from..).unwrap_or_default();
    let last = rest.last().map_or(words[from - 1].place.end, |word| word.place.end);
    let is_set = |name: &str| environment.is_set(name);
    let mut install = Install {
        tool,
        place: words[0].place.start.min(last)..words[0].place.end.max(last),
        upgrade: None,
        strategy: None,
        no_deps: is_set("PIP_NO_DEPS"),
        reinstalls: false,
        requires_hashes: is_set("PIP_REQUIRE_HASHES") || is_set("UV_REQUIRE_HASHES"),
        is_constrained: is_set("PIP_CONSTRAINT") || is_set("UV_CONSTRAINT"),
        changes_no_environment: is_set("PIP_TARGET"),
        files: Vec::new(),
        named: Vec::new(),
        open: false,
    };
    if let Some(strategy) = environment.get("PIP_UPGRADE_STRATEGY") {
        install.strategy = Some(Given { text: strategy.to_owned(), place: install.place.clone() });
    }
    let mut arguments = Arguments::new(rest, if tool == Tool::Uv { UV } else { PIP });
    loop {
        let mut at = arguments.position();
        // These are left out of the arguments. In quotes it is one word, else there may be options.
        while let Some(word) = rest.get(at).filter(|word| word.text.is_unknown()) {
            if word.quoted {
                install.named.push(Given { text: word.as_str().to_owned(), place: word.place.clone() });
            } else {
                install.open = true;
            }
            at += 1;
        }
        let Some(argument) = arguments.next() else { return install };
        match argument {
            Argument::Word(word, _) => install.named.push(Given { text: word.as_str().to_owned(), place: word.place.clone() }),
            Argument::Option(name, value) => install.option(name, value, rest.get(at)),
        }
    }
}

impl Install {
    fn option(&mut self, name: &str, value: Option<Value<'_>>, word: Option<&Word>) {
        match (name, value) {
            ("-U" | "--upgrade", _) => self.upgrade = word.map(|word| word.place.clone()),
            ("--upgrade-strategy", Some(value)) => self.strategy = Some(Given::of(value)),
            ("--no-deps" | "--no-dependencies", _) => self.no_deps = true,
            ("--force-reinstall" | "--reinstall" | "-I" | "--ignore-installed", _) => self.reinstalls = true,
            ("--require-hashes", _) => self.requires_hashes = true,
            ("-c" | "--constraint" | "--constraints", _) => self.is_constrained = true,
            ("--dry-run" | "-t" | "--target" | "-d" | "--download" | "--root" | "--prefix", _) => self.changes_no_environment = true,
            ("-r" | "--requirement" | "--requirements", Some(value)) => self.files.push(Given::of(value)),
            // The file comes from what is not known.
            ("-r" | "--requirement" | "--requirements", None) => {
                let place = word.map_or(self.place.clone(), |word| word.place.clone());
                self.files.push(Given { text: UNKNOWN.to_string(), place });
            }
            ("-e" | "--editable", Some(value)) => self.named.push(Given::of(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, command};
    use crate::deploy::environment::Environment;
    use crate::deploy::shell;
    use crate::deploy::text::Text;

    fn shown(text: &str) -> Option<String> {
        let environment = Environment::default();
        let words = shell::words(&Text::slice(text, 0..text.len()), &environment);
        let Command::Install(install) = command(&words, &environment)? else { return Some("check".to_owned()) };
        let flags = [
            (install.upgrade.is_some(), "U"),
            (install.no_deps, "no-deps"),
            (install.reinstalls, "reinstall"),
            (install.requires_hashes, "hashes"),
            (install.is_constrained, "c"),
            (install.changes_no_environment, "target"),
            (install.open, "open"),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| (*name).to_owned());
        let strategy = install.strategy.iter().map(|given| format!("strategy={}", given.text));
        let files = install.files.iter().map(|file| format!("-r={}", file.text));
        let named = install.named.iter().map(|given| given.text.clone());
        let all: Vec<String> = flags.chain(strategy).chain(files).chain(named).map(|word| word.replace('\u{7f}', "?")).collect();
        Some(all.join(" "))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn programs() {
        for program in [
            "pip",
            "pip3",
            "pip3.11",
            "/srv/venv/bin/pip",
            "$VENV/bin/pip",
            "python -m pip",
            "python3 -I -W ignore -m pip",
            "$PYTHON -m pip",
            "py -3 -mpip",
            "pip --disable-pip-version-check --proxy x",
            r"C:\\py\\Scripts\\pip.exe",
        ] {
            check(&format!("{program} install a"), "a");
        }
        for other in
            ["pip", "pip list", "pipenv install a", "pipx install a", "python -m a install", "python -c pip install", "uv install a", ""]
        {
            assert_eq!(shown(other), None, "{other}");
        }
        check("pip check", "check");
        check("uv --quiet pip check", "check");
    }

    #[test]
    fn options() {
        check("pip install -qU -ra.txt --requirement=b.txt -c c.txt d e==1", "U c -r=a.txt -r=b.txt d e==1");
        check("pip install --upgrade --upgrade-strategy eager -i https://x -e . a", "U strategy=eager . a");
        check("pip install --no-deps --force-reinstall --require-hashes -t x a", "no-deps reinstall hashes target a");
        check("pip install $OPTIONS a$B -r $FILE \"$C\" $D", "open -r=? a? ?");
        check("uv pip install -U -P a --reinstall b", "U reinstall b");
        check("pip install -r", "-r=?");
        check("pip install -- -U", "-U");
    }

    #[test]
    fn places() {
        let text = "python -m pip install 'a==1' -U";
        let environment = Environment::default();
        let words = shell::words(&Text::slice(text, 0..text.len()), &environment);
        let Some(Command::Install(install)) = command(&words, &environment) else { panic!("an install") };
        assert_eq!(&text[install.place.clone()], text);
        assert_eq!(install.upgrade.clone().map(|place| &text[place]), Some("-U"));
        assert_eq!(&text[install.named[0].place.clone()], "'a==1'");
    }
}
