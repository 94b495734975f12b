//! The reference of the configuration as Markdown, made from its [`schema`](super::schema): the second half of `docs/configuration.md`.
//! A test holds the file to it.

use std::fmt::Write as _;

use schemars::Schema;
use serde_json::{Map, Value};

/// All options: a section for each table, a heading for each key.
pub fn markdown(schema: &Schema) -> String {
    let mut reference = Reference { schema: schema.as_value(), text: String::new() };
    reference.table(&[], reference.schema);
    reference.text
}

struct Reference<'a> {
    schema: &'a Value,
    text: String,
}

impl<'a> Reference<'a> {
    /// A table: its keys, then the tables in it.
    fn table(&mut self, path: &[&str], table: &'a Value) {
        let heading = std::iter::once("tool.pyrelint").chain(path.iter().copied()).collect::<Vec<_>>().join(".");
        let _ = writeln!(self.text, "## `[{heading}]`\n");
        let keys = self.keys(table);
        let (tables, values): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, option)| !self.keys(option).is_empty());
        for (key, option) in values {
            self.option(&heading, key, option);
        }
        for (key, option) in tables {
            self.table(&[path, &[key.as_str()]].concat(), option);
        }
    }

    fn option(&mut self, table: &str, key: &str, option: &Value) {
        let text = |name: &str| option.get(name).and_then(Value::as_str);
        let _ = writeln!(self.text, "### `{key}`\n\n{}\n", text("description").unwrap_or_default());
        let _ = writeln!(self.text, "- Type: {}", self.kind(option));
        if let Some(default) = option.get("default") {
            let _ = writeln!(self.text, "- Default: `{}`", toml(default));
        }
        let _ = writeln!(self.text);
        if let Some(example) = option.get("examples").and_then(|examples| examples.get(0)) {
            let _ = writeln!(self.text, "```toml\n[{table}]\n{key} = {}\n```\n", toml(example));
        }
    }

    /// The keys of a table with a type of its own. A map such as `severity`, whose keys are given by name, too, stands in its place.
    fn keys(&self, schema: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let resolved = self.resolve(schema);
        let is_map = std::ptr::eq(resolved, schema) && !std::ptr::eq(schema, self.schema);
        let properties = resolved.get("properties").and_then(Value::as_object).filter(|_| !is_map);
        properties.into_iter().flat_map(Map::iter).collect()
    }

    /// What a reference means: `{"allOf": [{"$ref": ...}]}`, as a description stands beside it, or the reference alone.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let schema = schema.get("allOf").and_then(|all| all.get(0)).unwrap_or(schema);
        let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.schema.pointer(pointer)).unwrap_or(schema)
    }

    /// What may be written, in words.
    fn kind(&self, schema: &'a Value) -> String {
        let reference = schema.get("allOf").and_then(|all| all.get(0)).unwrap_or(schema).get("$ref").and_then(Value::as_str);
        match reference.and_then(|reference| reference.rsplit('/').next()) {
            Some("Rule") => return "rule".to_owned(),
            Some("Glob") => return "glob".to_owned(),
            Some("TargetVersion") => return "version of Python: `\"3.8\"` or `\"py38\"`, and so on".to_owned(),
            _ => {}
        }
        let schema = self.resolve(schema);
        let words = words(schema);
        if !words.is_empty() {
            return words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ");
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("integer") => "number".to_owned(),
            Some("array") => format!("list, each: {}", schema.get("items").map_or_else(String::new, |items| self.kind(items))),
            Some("object") => {
                let value = schema.get("additionalProperties").filter(|value| value.is_object());
                let value = value.or_else(|| schema.get("properties")?.as_object()?.values().next());
                format!("table, each value: {}", value.map_or_else(String::new, |value| self.kind(value)))
            }
            _ => "text".to_owned(),
        }
    }
}

/// The words of an enumeration, whether or not each has a description of its own.
fn words(schema: &Value) -> Vec<&str> {
    let list = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let alternatives = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    list.chain(alternatives.filter_map(|alternative| alternative.get("const")?.as_str())).collect()
}

/// A value as TOML, on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{} = {}", toml(&key.as_str().into()), toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}
