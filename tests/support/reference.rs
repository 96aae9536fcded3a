//! The reference data.

use serde_json::Value;

/// A file of `tests/data/micrograd`.
#[cfg(feature = "nn")]
pub(crate) fn read(name: &str) -> Value {
    let path = format!("{}/tests/data/micrograd/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The number at `value`.
#[track_caller]
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// The numbers of an array.
#[track_caller]
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is not an array")).iter().map(number).collect()
}
