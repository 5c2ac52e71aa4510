//! The JSON Schema of the configuration, derived from the very structs that read it, so that editors complete and check.

use super::wire::File;

/// The schema as JSON.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}
