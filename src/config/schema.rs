//! The JSON Schema of the configuration, made from the options themselves: editors check and complete `pyrelint.toml` with it.
//!
//! It is checked in as `pyrelint.schema.json`, and a test holds it to what the program says. Draft 7: what editors for TOML read.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::options::Options;

/// The schema of `pyrelint.toml`, and of `[tool.pyrelint]`.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(without_null));
    let mut schema = settings.into_generator().into_root_schema_for::<Options>();
    schema.insert("title".to_owned(), "The configuration of pyrelint".into());
    schema
}

/// The schema as text, with an end of line.
///
/// # Errors
/// Never: every part is a string, a number or a list of them.
pub fn text() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&schema()).map(|text| text + "\n")
}

/// TOML has no null: an option that may be left out is not one that may be null.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    let is_null = |value: &Value| value == "null" || value.is_null() || value.get("type").is_some_and(|kind| kind == "null");
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| !is_null(kind));
        if let [kind] = &mut kinds[..] {
            let kind = kind.take();
            object.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
        alternatives.retain(|alternative| !is_null(alternative));
        if let [only] = &mut alternatives[..] {
            // Draft 7 overlooks what stands beside a reference; `allOf` has no such hole.
            let only = only.take();
            object.remove("anyOf");
            object.insert("allOf".to_owned(), Value::Array(vec![only]));
        }
    }
}
