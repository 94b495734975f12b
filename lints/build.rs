//! Turns the library knowledge (TOML tables under `src/effects/knowledge/`) into one static, sorted table, so that the
//! program starts without reading any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(dead_code, reason = "`package` and `version` are for readers and for the check against the real libraries")]
struct Table {
    module: String,
    package: Option<String>,
    version: Option<String>,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    coroutines: Vec<String>,
    #[serde(default)]
    effects: BTreeMap<String, String>,
    #[serde(default)]
    returns: BTreeMap<String, String>,
    #[serde(default)]
    bases: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    #[serde(default)]
    servers: BTreeMap<String, String>,
    #[serde(default)]
    module_level_servers: BTreeMap<String, String>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
}

const KINDS: &[(&str, &str)] = &[
    ("file", "File"),
    ("network", "Network"),
    ("database", "Database"),
    ("process", "Process"),
    ("console", "Console"),
    ("logging", "Logging"),
    ("blocking", "Blocking"),
    ("import", "Import"),
    ("lock", "Lock"),
    ("event-loop", "EventLoop"),
    ("exit", "Exit"),
];

fn main() {
    let folder = Path::new("src/effects/knowledge");
    println!("cargo::rerun-if-changed=src/effects/knowledge");
    println!("cargo::rerun-if-changed=build.rs");
    let mut all = Merged::default();
    for file in tables(folder) {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let table: Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.add(&file, table);
    }
    all.link_objects();
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("knowledge_table.rs");
    fs::write(&target, all.render()).unwrap_or_else(|error| panic!("{}: {error}", target.display()));
}

fn tables(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["stdlib", "packages"]
        .iter()
        .filter_map(|kind| fs::read_dir(folder.join(kind)).ok())
        .flat_map(|entries| entries.map(|entry| entry.expect("a readable folder").path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

#[derive(Default)]
struct Merged {
    effects: BTreeMap<String, (Option<&'static str>, String)>,
    returns: BTreeMap<String, String>,
    bases: BTreeMap<String, Vec<String>>,
    attributes: BTreeMap<String, String>,
    aliases: BTreeMap<String, String>,
    servers: BTreeMap<String, (bool, String)>,
    classes: BTreeSet<String>,
    coroutines: BTreeSet<String>,
}

impl Merged {
    fn add(&mut self, file: &Path, table: Table) {
        for (name, effect) in table.effects {
            let (kind, clause) = effect.split_once(": ").unwrap_or((&effect, ""));
            let variant = (kind != "none").then(|| {
                let found = KINDS.iter().find(|(word, _)| *word == kind);
                found.unwrap_or_else(|| panic!("{}: {name}: no such kind: {kind}", file.display())).1
            });
            assert!(variant.is_none() == clause.is_empty(), "{}: {name}: a kind but `none` wants a clause", file.display());
            if let Some((class, _)) = name.rsplit_once('.') {
                self.classes.insert(class.to_owned());
            }
            self.effects.insert(name, (variant, clause.to_owned()));
        }
        self.classes.extend(table.classes);
        self.coroutines.extend(table.coroutines);
        self.classes.extend(table.returns.values().cloned());
        self.classes.extend(table.attributes.values().cloned());
        self.classes.extend(table.bases.keys().cloned());
        self.classes.extend(table.bases.values().flatten().cloned());
        self.returns.extend(table.returns);
        self.bases.extend(table.bases);
        self.attributes.extend(table.attributes);
        self.aliases.extend(table.aliases);
        self.servers.extend(table.servers.into_iter().map(|(name, clause)| (name, (false, clause))));
        self.servers.extend(table.module_level_servers.into_iter().map(|(name, clause)| (name, (true, clause))));
    }

    /// An object with lines of its own (`sys.stdout.write`) is a class of its own, derived from its type.
    fn link_objects(&mut self) {
        for (name, class) in &mut self.attributes {
            if self.classes.contains(name) {
                self.bases.entry(name.clone()).or_default().push(class.clone());
                class.clone_from(name);
            }
        }
    }

    fn render(&self) -> String {
        let mut out = String::from("// Made by build.rs.\n");
        let pairs = |out: &mut String, name: &str, map: &BTreeMap<String, String>| {
            writeln!(out, "static {name}: &[(&str, &str)] = &[").expect("a string takes all");
            for (key, value) in map {
                writeln!(out, "({key:?}, {value:?}),").expect("a string takes all");
            }
            out.push_str("];\n");
        };
        pairs(&mut out, "RETURNS", &self.returns);
        pairs(&mut out, "ATTRIBUTES", &self.attributes);
        pairs(&mut out, "ALIASES", &self.aliases);
        out.push_str("static EFFECTS: &[(&str, Option<Effect>)] = &[\n");
        for (name, (kind, clause)) in &self.effects {
            match kind {
                Some(kind) => writeln!(out, "({name:?}, Some(Effect {{ kind: Kind::{kind}, clause: {clause:?} }})),"),
                None => writeln!(out, "({name:?}, None),"),
            }
            .expect("a string takes all");
        }
        out.push_str("];\nstatic BASES: &[(&str, &[&str])] = &[\n");
        for (name, bases) in &self.bases {
            writeln!(out, "({name:?}, &{bases:?}),").expect("a string takes all");
        }
        out.push_str("];\nstatic SERVERS: &[(&str, (bool, &str))] = &[\n");
        for (name, server) in &self.servers {
            writeln!(out, "({name:?}, {server:?}),").expect("a string takes all");
        }
        out.push_str("];\n");
        for (name, words) in [("CLASSES", &self.classes), ("COROUTINES", &self.coroutines)] {
            writeln!(out, "static {name}: &[&str] = &{:?};", words.iter().collect::<Vec<_>>()).expect("a string takes all");
        }
        out
    }
}
