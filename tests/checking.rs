//! The checker agrees with what is right and catches what is slightly wrong.

use dualtape::{Entry, Function, Real, Scalar, check, function};

fn rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    x.windows(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * R::from_f64(100.0) + (x[0] - R::from_f64(1.0)).powi(2)).sum()
}

fn black_scholes<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let [spot, strike, rate, volatility, time] = x else { panic!("five inputs") };
    let spread = *volatility * time.sqrt();
    let d1 = ((*spot / strike).ln() + (*rate + volatility.powi(2) / 2.0) * time) / spread;
    *spot * d1.norm_cdf() - *strike * (-*rate * time).exp() * (d1 - spread).norm_cdf()
}

#[test]
fn right_functions_pass() {
    let twelve: Vec<f64> = (0..12).map(|i| (f64::from(i)).cos()).collect();
    check(&function!(rosenbrock), &twelve).assert_agreement();
    check(&function!(f32, rosenbrock), &[0.3_f32, -0.2, 1.1]).assert_agreement();
    check(&function!(black_scholes), &[100.0, 95.0, 0.05, 0.2, 1.5]).assert_agreement();
}

/// exp(x)·y whose derivative in x is wrong by `error`, alike in all modes.
struct Wrong {
    error: f64,
}

impl Function for Wrong {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let y = x[0].exp() * x[1];
        y + (x[0] - x[0].value()) * (y.value() * self.error)
    }
}

#[test]
fn a_rule_that_is_wrong_by_half_a_thousandth_is_caught() {
    check(&Wrong { error: 0.0 }, &[0.5, 2.0]).assert_agreement();
    for error in [5e-4, -5e-4, 5e-6] {
        let report = check(&Wrong { error }, &[0.5, 2.0]);
        let [only] = report.disagreements() else { panic!("one disagreement expected: {report}") };
        assert_eq!((only.entry, only.readings), (Entry::Gradient(0), ["differences", "forward"]));
        assert!((only.relative() - error.abs()).abs() < 1e-3 * error.abs());
    }
}

/// A function that is wrong in one reading only: it drops derivatives when its type
/// is that of the reverse mode.
struct WrongInReverse;

impl Function for WrongInReverse {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let y = x[0] * x[1];
        if size_of::<S>() == size_of::<dualtape::Var>() { y + (x[0] - x[0].value()) * 1e-3 } else { y }
    }
}

#[test]
fn a_mode_that_differs_is_named() {
    let report = check(&WrongInReverse, &[0.5, 2.0]);
    assert!(!report.agrees());
    assert_eq!(
        report.to_string(),
        "1 of 16 derivatives disagree\n  ∂f/∂x[0]: forward 2, reverse 2.001 (relative difference 5.0e-4)"
    );
}

#[test]
#[should_panic(expected = "1 of 16 derivatives disagree\n  ∂f/∂x[0]: differences")]
fn the_assertion_shows_the_report() {
    check(&Wrong { error: 5e-4 }, &[0.5, 2.0]).assert_agreement();
}

#[test]
fn what_is_not_finite_agrees_with_itself() {
    fn root<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].sqrt() + x[1].ln()
    }
    check(&function!(root), &[0.0, -1.0]).assert_agreement();
}
