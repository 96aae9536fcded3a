//! Dual numbers in files.

use dualtape::{Dual, derivative};

#[test]
fn a_dual_number_is_read_as_it_was_written() {
    let x = Dual::new(Dual::new(0.1, [1.0 / 3.0]), [Dual::new(2.0, [3.0]), Dual::constant(4.0)]);
    let text = serde_json::to_string(&x).unwrap();
    assert_eq!(
        text,
        r#"{"primal":{"primal":0.1,"partials":[0.3333333333333333]},"partials":[{"primal":2.0,"partials":[3.0]},{"primal":4.0,"partials":[0.0]}]}"#
    );
    let read: Dual<Dual, 2> = serde_json::from_str(&text).unwrap();
    assert_eq!(read.primal.partials, x.primal.partials);
    assert_eq!(read.partials.map(|p| (p.primal, p.partials)), [(2.0, [3.0]), (4.0, [0.0])]);
}

#[test]
fn another_number_of_partials_is_refused() {
    let error = serde_json::from_str::<Dual<f64, 3>>(r#"{"primal":1.0,"partials":[1.0,2.0]}"#).err().unwrap();
    assert!(error.to_string().contains("invalid length 2, expected 3 partial derivatives"), "{error}");
}

#[test]
fn a_number_of_a_derivative_that_is_being_taken_is_refused() {
    let mut message = String::new();
    derivative(
        |x| {
            message = serde_json::to_string(&(x * x)).unwrap_err().to_string();
            x
        },
        2.0,
    );
    assert!(message.contains("serialize its `value()`"), "{message}");
}
