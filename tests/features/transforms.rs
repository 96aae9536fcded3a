//! Transforms compared with stored values, their inverses and their Jacobians.

use dualtape::density::transform;
use dualtape::{Scalar, check, function, jacobian};

use crate::support::compare::{assert_all_close, assert_close, assert_near};
use crate::support::reference::{number, numbers};

const LOW: f64 = -1.0;
const HIGH: f64 = 3.0;

/// Returns the parameters of unconstrained numbers, and the log Jacobian.
fn constrained(name: &str, y: &[f64]) -> (Vec<f64>, f64) {
    let of_one = |(x, ln_jacobian)| (vec![x], ln_jacobian);
    match name {
        "positive" => of_one(transform::positive(y[0])),
        "interval" => of_one(transform::interval(y[0], LOW, HIGH)),
        "simplex" => transform::simplex(y),
        "ordered" => transform::ordered(y),
        "correlation_cholesky" => transform::correlation_cholesky(y, 3),
        _ => panic!("{name} is unknown"),
    }
}

/// Returns the unconstrained numbers of parameters.
fn unconstrained(name: &str, x: &[f64]) -> Vec<f64> {
    match name {
        "positive" => vec![transform::from_positive(x[0])],
        "interval" => vec![transform::from_interval(x[0], LOW, HIGH)],
        "simplex" => transform::from_simplex(x),
        "ordered" => transform::from_ordered(x),
        "correlation_cholesky" => transform::from_correlation_cholesky(x),
        _ => panic!("{name} is unknown"),
    }
}

/// The values are from the formulas of Stan with 2000 digits, by `tests/data/densities.py`.
#[test]
fn transforms_and_log_jacobians_are_the_ones_of_stan_in_the_tails_too() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../data/transforms.json")).expect("the stored cases");
    assert_eq!(cases.len(), 32);
    for case in cases {
        let name = case["fn"].as_str().expect("a name");
        let [y, wanted] = ["y", "x"].map(|key| numbers(&case[key]));
        let what = format!("{name}{y:?}");
        let (x, ln_jacobian) = constrained(name, &y);
        let assert_equal = |x: &[f64]| {
            assert_eq!(x.len(), wanted.len(), "{what}");
            x.iter().zip(&wanted).for_each(|(&x, &wanted)| assert_near(&what, x, wanted, 5e-13, 0.0));
        };
        assert_equal(&x);
        assert_near(&what, ln_jacobian, number(&case["ln_jacobian"]), 1e-13, 1e-15);

        let back = unconstrained(name, &wanted);
        assert_equal(&constrained(name, &back).0);
        // In the tails x does not determine y.
        if y.iter().all(|y| y.abs() < 5.0) {
            assert_all_close(&what, &back, &y, 1e-13);
        }
    }
}

#[test]
fn transforms_return_the_log_jacobians_of_their_maps() {
    let y = [0.4, -1.2, 0.8];
    // All Jacobians are lower triangles.
    let ln_det = |j: &dualtape::Matrix<f64>, rows: &[usize]| {
        rows.iter().enumerate().map(|(k, &row)| j[row][k].ln()).sum::<f64>()
    };
    let close = |name: &str, got: f64, wanted: f64| assert_close(name, got, wanted, 1e-13);

    let (_, j) = jacobian(|y| transform::simplex(y).0, &y);
    close("simplex", transform::simplex(&y).1, ln_det(&j, &[0, 1, 2]));
    let (_, j) = jacobian(|y| transform::ordered(y).0, &y);
    close("ordered", transform::ordered(&y).1, ln_det(&j, &[0, 1, 2]));
    let (_, j) = jacobian(|y| transform::correlation_cholesky(y, 3).0, &y);
    close("correlation", transform::correlation_cholesky(&y, 3).1, ln_det(&j, &[3, 6, 7]));
    let (_, j) = jacobian(|y| vec![transform::positive(y[0]).0], &[0.4]);
    close("positive", transform::positive(0.4).1, j[0][0].ln());
    let interval = |y: &[dualtape::Dual<f64, 8>]| {
        let [low, high] = [-1.0, 3.0].map(Scalar::from_real);
        vec![transform::interval(y[0], low, high).0]
    };
    let (_, j) = jacobian(interval, &[0.4]);
    close("interval", transform::interval(0.4, -1.0, 3.0).1, j[0][0].ln());

    let all = function!(|y: &[S]| -> S {
        transform::simplex(y).1 + transform::ordered(y).1 + transform::correlation_cholesky(y, 3).1
    });
    check(&all, &y).assert_agreement();
}

#[test]
fn a_correlation_factor_has_rows_of_norm_1_in_the_tails_too() {
    let (l, ln_jacobian) = transform::correlation_cholesky(&[30.0, -400.0, 0.5], 3);
    for row in l.chunks(3) {
        assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
    }
    assert!(ln_jacobian.is_finite() && l[8] > 0.0);
}
