//! `pyrelint config`: the settings in force, written as TOML, and where each comes from.

use std::fmt::{Display, Write as _};
use std::path::Path;

use pyrelint_lints::settings::ServiceMode;

use super::folders::Folder;
use super::layer::Layer;
use super::options::Options;
use super::settings::{DEFAULT_EXCLUDE, Setting};
use super::words::Glob;
use crate::paths;

/// The settings of a folder as text.
pub fn settings(folder: &Folder, here: &Path) -> String {
    let settings = &folder.settings;
    let layers = &settings.layers;
    let mut text = String::new();
    let root = folder.root.as_deref().unwrap_or(here);
    let _ = writeln!(text, "# Project root: {}", paths::shown(root, here));
    let files: Vec<&str> = layers.iter().map(|layer| layer.origin.as_str()).filter(|origin| *origin != "command line").collect();
    let _ = writeln!(text, "# Configuration: {}\n", if files.is_empty() { "none, all defaults".to_owned() } else { files.join(", ") });

    let rules: Vec<String> = settings.lint.rules.iter().map(|rule| format!("    {:?},  # {}", rule.name, rule.code)).collect();
    let _ = writeln!(text, "select = [  # {}\n{}\n]", origins(layers, selects), rules.join("\n"));
    let python = settings.target_version.value;
    line(&mut text, "target-version", &quoted(&format!("{}.{}", python.major, python.minor)), &settings.target_version.origin);
    setting(&mut text, "output-format", &settings.output_format, |format| quoted(format.as_str()));
    setting(&mut text, "fail-on", &settings.fail_on, |severity| quoted(severity.as_str()));
    setting(&mut text, "unsafe-fixes", &settings.unsafe_fixes, bool::to_string);
    setting(&mut text, "respect-gitignore", &settings.respect_gitignore, bool::to_string);
    setting(&mut text, "force-exclude", &settings.force_exclude, bool::to_string);
    setting(&mut text, "src", &settings.src, |folders| list(folders.iter().map(|folder| paths::shown(folder, here))));
    if let Some(python) = &settings.python {
        line(&mut text, "python", &quoted(&paths::shown(&python.value, here)), &python.origin);
    }
    if let Some(baseline) = &settings.baseline {
        line(&mut text, "baseline", &quoted(&paths::shown(&baseline.value, here)), &baseline.origin);
    }
    let installed: Vec<_> = folder.roots.installed.iter().map(|folder| paths::shown(folder, here)).collect();
    if !installed.is_empty() {
        let _ = writeln!(text, "# Installed packages are followed in {}", printable(&installed.join(", ")));
    }
    globs(&mut text, layers, "include", |options| options.include.as_deref(), &["*.py", "*.pyw"]);
    globs(&mut text, layers, "exclude", |options| options.exclude.as_deref(), DEFAULT_EXCLUDE);
    for layer in layers.iter().filter(|layer| !layer.options.extend_exclude.is_empty()) {
        line(&mut text, "extend-exclude", &list(layer.options.extend_exclude.iter().map(Glob::as_str)), &layer.origin);
    }
    tables(&mut text, layers, &settings.lint);
    text
}

fn tables(text: &mut String, layers: &[Layer], lint: &pyrelint_lints::Settings) {
    if !lint.severities.is_empty() {
        let _ = writeln!(text, "\n[severity]  # {}", origins(layers, |options| !options.severity.is_empty()));
        for (rule, severity) in &lint.severities {
            let _ = writeln!(text, "{} = {}", rule.name, quoted(severity.as_str()));
        }
    }
    if let Some((ignores, origin)) = layers.iter().rev().find_map(|layer| Some((layer.options.per_file_ignores.as_ref()?, &layer.origin))) {
        let _ = writeln!(text, "\n[per-file-ignores]  # {}", printable(origin));
        for (glob, words) in ignores {
            let _ = writeln!(text, "{} = {}", quoted(glob.as_str()), list(words.iter().map(ToString::to_string)));
        }
    }
    let mode = match lint.service_mode {
        ServiceMode::Auto => "auto",
        ServiceMode::All => "all",
        ServiceMode::None => "none",
    };
    let _ = writeln!(
        text,
        "\n[services]  # {}",
        origins(layers, |options| {
            options.services.mode.is_some() || options.services.paths.is_some() || options.services.entry_points.is_some()
        })
    );
    let _ = writeln!(text, "mode = {}", quoted(mode));
    let _ = writeln!(text, "entry-points = {}", list(lint.service_entry_points.iter()));
    let service_paths = layers.iter().rev().find_map(|layer| layer.options.services.paths.as_ref());
    let _ = writeln!(text, "paths = {}", list(service_paths.into_iter().flatten().map(Glob::as_str)));
    for layer in layers.iter().filter(|layer| !layer.rules.is_empty()) {
        for (rule, options) in &layer.rules {
            let _ = writeln!(text, "\n[rules.{rule}]  # {}", printable(&layer.origin));
            for (key, value) in options.as_table().into_iter().flatten() {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
    }
}

fn selects(options: &Options) -> bool {
    options.select.is_some() || options.ignore.is_some() || !options.extend_select.is_empty() || !options.extend_ignore.is_empty()
}

/// The places of all layers that say something.
fn origins(layers: &[Layer], says: impl Fn(&Options) -> bool) -> String {
    let origins: Vec<&str> = layers.iter().filter(|layer| says(&layer.options)).map(|layer| layer.origin.as_str()).collect();
    if origins.is_empty() { "default".to_owned() } else { printable(&origins.join(", ")) }
}

fn globs(text: &mut String, layers: &[Layer], key: &str, get: impl Fn(&Options) -> Option<&[Glob]>, default: &[&str]) {
    match layers.iter().rev().find_map(|layer| Some((get(&layer.options)?, &layer.origin))) {
        Some((globs, origin)) => line(text, key, &list(globs.iter().map(Glob::as_str)), origin),
        None => line(text, key, &list(default.iter()), "default"),
    }
}

fn setting<T>(text: &mut String, key: &str, setting: &Setting<T>, show: impl Fn(&T) -> String) {
    line(text, key, &show(&setting.value), &setting.origin);
}

fn line(text: &mut String, key: &str, value: &str, origin: &str) {
    let _ = writeln!(text, "{key} = {value}  # {}", printable(origin));
}

/// Text that must stay on its line: it stands in a comment.
fn printable(text: &str) -> String {
    text.replace('\n', " ")
}

fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| quoted(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
