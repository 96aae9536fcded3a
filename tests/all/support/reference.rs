//! The reference data, and how close is close.

use serde_json::Value;

/// A file of `tests/data/micrograd`.
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

/// Asserts that `actual` is `expected` up to `tolerance`, relative above 1.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: f64, expected: f64, tolerance: f64) {
    let difference = (actual - expected).abs();
    assert!(
        difference <= tolerance * expected.abs().max(1.0),
        "{what}: {actual} instead of {expected}, a difference of {difference:e}"
    );
}

/// Asserts that all numbers are close.
#[track_caller]
pub(crate) fn assert_all_close(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}: the number of numbers");
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        assert_close(&format!("{what}[{index}]"), actual, expected, tolerance);
    }
}
