//! How close is close.

use approx::assert_relative_eq;

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

/// Asserts that `actual` is `expected` up to a relative and an absolute error.
#[track_caller]
pub(crate) fn assert_near(what: &str, actual: f64, expected: f64, relative: f64, absolute: f64) {
    let is_near = actual == expected || (actual - expected).abs() <= relative * expected.abs() + absolute;
    assert!(is_near, "{what}: {actual:e}, not {expected:e}");
}

/// Asserts that numbers are equal up to `epsilon`, or up to a relative error.
#[track_caller]
pub(crate) fn assert_all_relative_eq(actual: &[f64], expected: &[f64], epsilon: f64, max_relative: f64) {
    assert_eq!(actual.len(), expected.len(), "the number of numbers");
    for (&actual, &expected) in actual.iter().zip(expected) {
        assert_relative_eq!(actual, expected, epsilon = epsilon, max_relative = max_relative);
    }
}
