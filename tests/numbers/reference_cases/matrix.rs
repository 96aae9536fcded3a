//! The functions of `matrix.json`, written once.

use dualtape::linalg::{cholesky, det, expm, inverse, ln_det, norm, normalize, solve, spectral, svd, symmetric_eigen};
use dualtape::rotation::{quaternion, se3, so3};
use dualtape::{Scalar, function, weighted_sum};

use super::formula::Formula;

/// The function of this name at `x`, or `None` for an unknown one.
pub(crate) fn matrix<S: Scalar<Real = f64>>(formula: &Formula, x: &[S]) -> Option<S> {
    let Formula { name, text, weights } = formula;
    Some(match (&name[..], x) {
        ("solve", x) => {
            let (a, b) = x.split_at(weights.len() * weights.len());
            weighted_sum(&solve(a, b), weights)
        }
        ("inverse", a) => weighted_sum(&inverse(a), weights),
        ("ln_det", a) => ln_det(a).0,
        ("ln_det_spd", lower) => {
            let (a, n) = symmetric(lower);
            cholesky(&a).iter().step_by(n + 1).map(|pivot| pivot.ln() * 2.0).sum()
        }
        ("det", a) => det(a),
        ("eigenvalues", lower) => weighted_sum(&symmetric_eigen(&symmetric(lower).0).0, weights),
        ("eigenprojectors", lower) => {
            let (a, n) = symmetric(lower);
            let (_, vectors) = symmetric_eigen(&a);
            let entry = |i: usize, j: usize| -> S {
                (0..n).map(|k| vectors[i * n + k] * vectors[j * n + k] * (k + 1) as f64).sum()
            };
            (0..n * n).map(|k| entry(k / n, k % n) * weights[k]).sum()
        }
        // No slopes of two equal eigenvalues give the second derivative of their sum, so these are traces.
        ("eigen_trace_cube", lower) => trace(&spectral(&symmetric(lower).0, function!(cube: S -> S))),
        ("eigen_sum_exp", lower) => trace(&spectral(&symmetric(lower).0, function!(exp: S -> S))),
        ("singular_values", a) => {
            // "... A is 3 by 2 row by row", unless A is square.
            let sides = text.split_once("A is ").and_then(|(_, sides)| sides.split_once(" by "));
            let rows = sides.map_or(weights.len(), |(rows, _)| rows.parse().expect("the number of rows"));
            weighted_sum(&svd(a, rows).1, weights)
        }
        ("frobenius_by_svd", a) => {
            let n = a.len().isqrt();
            let column = |j: usize| a.iter().skip(j).step_by(n);
            let entry = |k: usize| column(k / n).zip(column(k % n)).map(|(&a, &b)| a * b).sum();
            let square: Vec<S> = (0..n * n).map(entry).collect();
            trace(&spectral(&square, function!(identity: S -> S)))
        }
        ("expm", a) => weighted_sum(&expm(a), weights),
        ("so3_exp", &[a, b, c]) => weighted_sum(&so3::exp([a, b, c]), weights),
        ("so3_exp_point", &[a, b, c, p, q, r]) => counted(&so3::rotate(&so3::exp([a, b, c]), [p, q, r])),
        ("unit_quaternion_exp", &[a, b, c]) => counted(&quaternion::exp([a, b, c])),
        ("quaternion_log", &[w, a, b, c]) => counted(&quaternion::log([w, a, b, c])),
        ("so3_log_of_exp", &[a, b, c, t]) => {
            let step = so3::exp([0.1, -0.2, 0.05].map(|u| t * u));
            counted(&so3::log(&so3::compose(&so3::exp([a, b, c]), &step)))
        }
        ("se3_exp", &[a, b, c, u, v, w]) => weighted_sum(&se3::exp([a, b, c, u, v, w])[..12], &weights[..12]),
        ("norm", x) => norm(x),
        ("normalize", x) => counted(&normalize(x)),
        _ => return None,
    })
}

/// Returns a symmetric matrix with this lower triangle, and its number of rows.
pub(super) fn symmetric<S: Scalar>(lower: &[S]) -> (Vec<S>, usize) {
    let n = (2 * lower.len()).isqrt();
    let entry = |i: usize, j: usize| lower[i * (i + 1) / 2 + j];
    ((0..n * n).map(|k| (k / n, k % n)).map(|(i, j)| entry(i.max(j), i.min(j))).collect(), n)
}

fn trace<S: Scalar>(a: &[S]) -> S {
    a.iter().step_by(a.len().isqrt() + 1).sum()
}

/// Returns `Σ i·xᵢ, counted from 1`.
fn counted<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x.iter().enumerate().map(|(i, &x)| x * (i + 1) as f64).sum()
}

fn cube<S: Scalar>(x: S) -> S {
    x.powi(3)
}

fn exp<S: Scalar>(x: S) -> S {
    x.exp()
}

fn identity<S: Scalar>(x: S) -> S {
    x
}
