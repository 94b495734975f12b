//! What the user set in the editor: from `initializationOptions`, `workspace/didChangeConfiguration` and `workspace/configuration`.
//!
//! A setting that cannot be read is named, with the reason, and the others count. Keys that are nobody's typing mistakes belong to the
//! client's own part and are passed over.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::log::Level;
use crate::config::layer::{self, Layer};
use crate::config::words::nearest;
use crate::config::{FolderSettings, Preference, Scope, Switches, options};
use crate::paths;

/// What stands for the place of these settings where origins are shown.
const ORIGIN: &str = "editor settings";

/// How the server analyses.
pub const SWITCHES: Switches = Switches { suppressions: true, prefilter: true };

/// All keys that have a meaning here.
const KEYS: &[&str] = &[
    "enable",
    "select",
    "ignore",
    "extendSelect",
    "extendIgnore",
    "severity",
    "diagnosticMode",
    "configuration",
    "configurationPreference",
    "showSyntaxErrors",
    "unsafeFixes",
    "trace",
    "logLevel",
    "logFile",
];

/// Which files are reported on to a client that cannot ask for diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DiagnosticMode {
    /// Those that are open.
    #[default]
    OpenFilesOnly,
    /// All files of the workspace.
    Workspace,
}

/// The settings for the files of a folder.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether findings are published at all.
    pub enable: bool,
    /// Whether syntax errors are, which the editor's Python server says already.
    pub show_syntax_errors: bool,
    /// Whether fixes are offered that may change what the program does.
    pub unsafe_fixes: bool,
    /// Which files are reported on.
    pub mode: DiagnosticMode,
    /// Options of the analysis; later ones win.
    pub layers: Vec<Layer>,
    /// How they go with configuration files.
    pub preference: Preference,
    /// What is written to the log; counts for the session.
    pub log_level: Level,
    /// Where the log is written to as well; counts for the session.
    pub log_file: Option<PathBuf>,
    /// What of the conversation is shown to the client, if the setting says so; counts for the session.
    pub trace: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable: true,
            show_syntax_errors: false,
            unsafe_fixes: true,
            mode: DiagnosticMode::default(),
            layers: Vec::new(),
            preference: Preference::default(),
            log_level: Level::default(),
            log_file: None,
            trace: None,
        }
    }
}

impl Settings {
    /// Whether a finding is published.
    pub fn shows(&self, finding: &pyrelint_lints::Diagnostic) -> bool {
        self.enable && (self.show_syntax_errors || finding.rule.code != "RL001")
    }

    /// What a value says about the files below `folder`, and what is wrong with it.
    pub fn read(value: &Value, folder: &Path) -> (Self, Vec<String>) {
        let Some(map) = section(value).as_object() else {
            let wrong = !section(value).is_null();
            return (Self::default(), Vec::from_iter(wrong.then(|| "the settings are no object".to_owned())));
        };
        let mut reader = Reader { map, mistakes: Vec::new() };
        let default = Self::default();
        let layers = reader.layers(folder);
        let settings = Self {
            enable: reader.get("enable").unwrap_or(default.enable),
            show_syntax_errors: reader.get("showSyntaxErrors").unwrap_or(default.show_syntax_errors),
            unsafe_fixes: reader.get("unsafeFixes").unwrap_or(default.unsafe_fixes),
            mode: reader.get("diagnosticMode").unwrap_or_default(),
            preference: reader.get("configurationPreference").unwrap_or_default(),
            log_level: reader.get("logLevel").unwrap_or_default(),
            log_file: reader.get::<String>("logFile").filter(|path| !path.is_empty()).map(|path| expand(&path, folder)),
            // Editors keep an object of their own under this name.
            trace: map.get("trace").is_some_and(Value::is_string).then(|| reader.get("trace")).flatten(),
            layers,
        };
        reader.misspelt();
        (settings, reader.mistakes)
    }

    /// The same for the analysis of the files below a folder; the empty path stands for all files that lie elsewhere.
    pub fn scope(&self, folder: &Path) -> Scope {
        Scope { folder: folder.to_owned(), layers: self.layers.clone(), preference: self.preference }
    }
}

/// The settings without what stands around them: `pyrelint` (a section) or `settings` (as `initializationOptions` often have it).
pub fn section(value: &Value) -> &Value {
    match value.get("pyrelint").or_else(|| value.get("settings")) {
        Some(inner) => section(inner),
        None => value,
    }
}

/// Settings with others above them: what the latter do not name, or leave null, stays.
pub fn above(lower: &Value, upper: &Value) -> Value {
    let (lower, upper) = (section(lower), section(upper));
    match (lower.as_object(), upper.as_object()) {
        (Some(lower), Some(upper)) => {
            let mut both = lower.clone();
            both.extend(upper.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())));
            Value::Object(both)
        }
        _ if upper.is_null() => lower.clone(),
        _ => upper.clone(),
    }
}

/// Reads settings one by one.
struct Reader<'a> {
    map: &'a Map<String, Value>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    /// A setting; `None` where it is missing, null or wrong.
    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        self.parse(key, value)
    }

    fn parse<T: DeserializeOwned>(&mut self, key: &str, value: &Value) -> Option<T> {
        serde_json::from_value(value.clone()).map_err(|error| self.mistake(key, &error.to_string())).ok()
    }

    fn mistake(&mut self, key: &str, what: &str) {
        // Behind a line break stands what helps.
        self.mistakes.push(format!("the setting `{key}` is passed over: {}", what.replace('\n', "; ")));
    }

    /// A list, without the entries that are wrong; `None` where there is none.
    fn list<T: DeserializeOwned>(&mut self, key: &str) -> Option<Vec<T>> {
        let entries: Vec<Value> = self.get(key)?;
        let read = |(at, entry): (usize, &Value)| self.parse(&format!("{key}[{at}]"), entry);
        Some(entries.iter().enumerate().filter_map(read).collect())
    }

    /// The options of the analysis: those of `configuration`, then the settings by name.
    fn layers(&mut self, folder: &Path) -> Vec<Layer> {
        let mut layers = match self.map.get("configuration") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(path)) if path.is_empty() => Vec::new(),
            Some(Value::String(path)) => self.file(path, folder),
            Some(Value::Object(options)) => self.inline(options, folder).into_iter().collect(),
            Some(_) => {
                self.mistake("configuration", "it is neither a path nor an object");
                Vec::new()
            }
        };
        let mut own = options::Options {
            select: self.list("select"),
            ignore: self.list("ignore"),
            extend_select: self.list("extendSelect").unwrap_or_default(),
            extend_ignore: self.list("extendIgnore").unwrap_or_default(),
            ..options::Options::default()
        };
        for (rule, severity) in self.get::<Map<String, Value>>("severity").unwrap_or_default() {
            let key = format!("severity.{rule}");
            if let (Some(rule), Some(severity)) = (self.parse(&key, &Value::String(rule)), self.parse(&key, &severity)) {
                own.severity.insert(options::RuleKey(rule), severity);
            }
        }
        layers.push(Layer { origin: ORIGIN.to_owned(), folder: folder.to_owned(), options: own, rules: toml::Table::new() });
        layers
    }

    fn file(&mut self, path: &str, folder: &Path) -> Vec<Layer> {
        let path = expand(path, folder);
        match layer::load(&path, folder, None) {
            Ok(Some(layers)) => self.usable(layers, folder),
            Ok(None) => {
                self.mistake("configuration", &format!("`{}` has no table `[tool.pyrelint]`", path.display()));
                Vec::new()
            }
            Err(error) => {
                self.mistake("configuration", &error.to_string());
                Vec::new()
            }
        }
    }

    /// Options as they stand in a configuration file, but for their syntax.
    fn inline(&mut self, options: &Map<String, Value>, folder: &Path) -> Option<Layer> {
        let text = match toml::to_string(options) {
            Ok(text) => text,
            Err(error) => {
                self.mistake("configuration", &error.to_string());
                return None;
            }
        };
        match Layer::inline(&text, folder) {
            Ok(layer) => self.usable(vec![Layer { origin: ORIGIN.to_owned(), ..layer }], folder).pop(),
            Err(error) => {
                let line = error.place.file.line_range(error.place.start().line).start().to_usize();
                let key = text[line..].split(['=', '\n']).next().unwrap_or_default().trim();
                let help = error.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
                self.mistake(&format!("configuration.{key}"), &format!("{}{help}", error.message));
                None
            }
        }
    }

    /// Layers that can be put together; what is wrong with single options is known already.
    fn usable(&mut self, layers: Vec<Layer>, folder: &Path) -> Vec<Layer> {
        match FolderSettings::new(layers.clone(), folder, None, SWITCHES) {
            Ok(_) => layers,
            Err(error) => {
                self.mistake("configuration", &error.message);
                Vec::new()
            }
        }
    }

    /// Names the keys that were probably meant to be another.
    fn misspelt(&mut self) {
        for key in self.map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            if let Some(meant) = nearest(key, KEYS.iter().copied()) {
                self.mistakes.push(format!("there is no setting `{key}`: did you mean `{meant}`?"));
            }
        }
    }
}

/// A path that a user wrote: `~/` is the home folder, and what is relative lies in the folder that the setting is for.
fn expand(path: &str, folder: &Path) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => paths::absolute(Path::new(path), folder),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn mistakes(value: &Value, expected: &[&str]) -> Settings {
        let (settings, found) = Settings::read(value, Path::new("/project"));
        assert_eq!(found, expected);
        settings
    }

    #[test]
    fn a_wrong_setting_is_named_and_the_rest_is_kept() {
        let value = json!({
            "showSyntaxErrors": true,
            "enable": 1,
            "ignore": ["RL310", "RL999"],
            "severity": { "RL301": "error", "RL302": "loud", "nothing": "info" },
            "extendSelct": [],
            "importStrategy": "fromEnvironment",
            "trace": { "server": "off" },
        });
        let settings = mistakes(
            &value,
            &[
                "the setting `ignore[1]` is passed over: unknown rule `RL999`; run `pyrelint rules` for the list; prefixes such as `RL1` \
                 and `ALL` are accepted, too",
                "the setting `severity.RL302` is passed over: unknown variant `loud`, expected one of `info`, `warning`, `error`",
                "the setting `severity.nothing` is passed over: unknown rule `nothing`; run `pyrelint rules` for the list; \
                 prefixes such as `RL1` and `ALL` are accepted, too",
                "the setting `enable` is passed over: invalid type: integer `1`, expected a boolean",
                "there is no setting `extendSelct`: did you mean `extendSelect`?",
            ],
        );
        assert!(settings.enable && settings.show_syntax_errors);
        let options = &settings.layers[0].options;
        assert_eq!((options.ignore.as_ref().map(Vec::len), options.severity.len()), (Some(1), 1));
    }

    #[test]
    fn a_configuration_may_stand_in_the_settings() {
        let settings = mistakes(&json!({ "configuration": { "fail-on": "info", "services": { "mode": "all" } } }), &[]);
        assert_eq!(settings.layers.len(), 2);
        mistakes(
            &json!({ "configuration": { "ignroe": ["RL310"] } }),
            &["the setting `configuration.ignroe` is passed over: unknown key `ignroe`; did you mean `ignore`?"],
        );
        mistakes(&json!({ "configuration": 7 }), &["the setting `configuration` is passed over: it is neither a path nor an object"]);
        let (_, found) = Settings::read(&json!({ "configuration": "nowhere.toml" }), Path::new("/project"));
        assert!(found[0].starts_with("the setting `configuration` is passed over: nowhere.toml: cannot be read"), "{found:?}");
    }

    #[test]
    fn what_stands_around_the_settings_does_not_matter() {
        for value in [
            json!({ "enable": false }),
            json!({ "pyrelint": { "enable": false } }),
            json!({ "settings": { "pyrelint": { "enable": false } } }),
        ] {
            assert!(!mistakes(&value, &[]).enable, "{value}");
        }
        assert!(mistakes(&Value::Null, &[]).enable);
        mistakes(&json!([1]), &["the settings are no object"]);
        let both =
            above(&json!({ "enable": false, "unsafeFixes": false }), &json!({ "pyrelint": { "enable": true, "unsafeFixes": null } }));
        assert_eq!(both, json!({ "enable": true, "unsafeFixes": false }));
    }
}
