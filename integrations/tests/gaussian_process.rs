//! The likelihood of a Gaussian process: its gradient with respect to length scale and noise, and its maximum.

use std::f64::consts::TAU;

use dualtape::density::multivariate_normal_ln_pdf_cholesky;
use dualtape::linalg::cholesky;
use dualtape::{Function, Scalar, check, function};
use dualtape_integrations::within::argmin_by_basin;
use nalgebra::{DMatrix, DVector};

const POINTS: usize = 40;

fn at(i: usize) -> f64 {
    0.15 * i as f64
}

/// A wave with errors between −0.15 and 0.15.
fn data() -> Vec<f64> {
    (0..POINTS).map(|i| at(i).sin() + 0.15 * ((12.9898 * (i + 1) as f64).sin() * 43758.5).fract()).collect()
}

/// The negative log-likelihood of the data with the covariance `exp(−d²/2ℓ²)` of values at a distance d, and errors of
/// standard deviation σ: of `ℓ, σ`.
fn misfit<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (length, noise) = (x[0], x[1]);
    let entry = |k: usize| {
        let (i, j) = (k / POINTS, k % POINTS);
        let covariance = ((length.recip() * (at(i) - at(j))).powi(2) * -0.5).exp();
        if i == j { covariance + noise * noise } else { covariance }
    };
    let l = cholesky(&(0..POINTS * POINTS).map(entry).collect::<Vec<S>>());
    let data: Vec<S> = data().into_iter().map(S::from_real).collect();
    -multivariate_normal_ln_pdf_cholesky(&data, &[S::zero(); POINTS], &l)
}

/// The same and its gradient by the textbook (Rasmussen and Williams, equation 5.9): `½ tr((αα' − K⁻¹)·∂K)`, negated.
fn by_formula([length, noise]: [f64; 2]) -> (f64, [f64; 2]) {
    let square = |i: usize, j: usize| (at(i) - at(j)).powi(2);
    let kernel = DMatrix::from_fn(POINTS, POINTS, |i, j| (-0.5 * square(i, j) / (length * length)).exp());
    let k = &kernel + DMatrix::identity(POINTS, POINTS) * (noise * noise);
    let factors = k.cholesky().expect("a positive definite covariance");
    let y = DVector::from(data());
    let alpha = factors.solve(&y);
    let ln_det: f64 = 2.0 * factors.l().diagonal().iter().map(|pivot| pivot.ln()).sum::<f64>();
    let weights = &alpha * alpha.transpose() - factors.inverse();
    let by_length = kernel.zip_map(&DMatrix::from_fn(POINTS, POINTS, square), |k, square| k * square / length.powi(3));
    let value = 0.5 * (y.dot(&alpha) + ln_det + POINTS as f64 * TAU.ln());
    (value, [-0.5 * weights.dot(&by_length), -noise * weights.trace()])
}

#[test]
fn the_gradient_is_that_of_the_textbook_and_vanishes_at_the_maximum() {
    let misfit = function!(misfit);
    for x in [[1.0, 0.3], [0.4, 0.1], [2.5, 0.05]] {
        let ((value, expected), (found, g)) = (by_formula(x), misfit.gradient(&x));
        assert!((found - value).abs() < 1e-9 * value.abs(), "{found}, {value}");
        let largest = expected[0].abs().max(expected[1].abs());
        assert!((0..2).all(|i| (g[i] - expected[i]).abs() < 1e-8 * largest), "{x:?}: {g:?}, {expected:?}");
    }
    check(&misfit, &[1.0, 0.3]).assert_agreement();

    let best = argmin_by_basin(&misfit, &[1.0, 0.3], &[0.05..=20.0, 1e-3..=10.0]);
    let (value, g) = by_formula([best[0], best[1]]);
    println!("length scale {:.4}, noise {:.4}: log-likelihood {:.4}, gradient {g:?}", best[0], best[1], -value);
    assert!(g.iter().all(|g| g.abs() < 1e-5));
    assert!(value < by_formula([1.0, 0.3]).0 && (0.05..0.12).contains(&best[1]));
}
