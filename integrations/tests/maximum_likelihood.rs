//! Estimates by maximum likelihood, their standard errors from the Hessian, and that of a function of them by the delta
//! method: for the log-normal distribution, where all have formulas.

use dualtape::density::log_normal_ln_pdf;
use dualtape::implicit::solve;
use dualtape::{Function, Scalar, dot, function, gradient};
use dualtape_integrations::within::argmin_by_basin;

/// Lengths of stay in days.
const STAYS: [f64; 16] = [1.0, 2.0, 2.0, 3.0, 3.0, 3.5, 4.0, 5.0, 5.0, 6.0, 8.0, 9.0, 12.0, 14.0, 21.0, 40.0];

/// The negative log-likelihood of `μ, σ`.
fn misfit<S: Scalar<Real = f64>>(x: &[S]) -> S {
    -STAYS.iter().map(|&stay| log_normal_ln_pdf(S::from_real(stay), x[0], x[1])).sum::<S>()
}

/// The mean of the distribution.
fn mean<S: Scalar<Real = f64>>(x: &[S]) -> S {
    (x[0] + x[1] * x[1] * 0.5).exp()
}

#[test]
fn estimates_and_standard_errors_are_those_of_the_formulas() {
    let misfit = function!(misfit);
    let estimate = argmin_by_basin(&misfit, &[1.0, 1.0], &[-10.0..=10.0, 1e-3..=10.0]);
    let (_, _, information) = misfit.hessian(&estimate);
    let (value, slopes) = gradient(mean, &estimate);
    // The variance of a function with this gradient: gᵀ·H⁻¹·g.
    let error = |g: &[f64]| dot(g, &solve(information.as_slice(), g)).sqrt();
    let found = [estimate[0], estimate[1], error(&[1.0, 0.0]), error(&[0.0, 1.0]), value, error(&slopes)];

    let n = STAYS.len() as f64;
    let mu = STAYS.iter().map(|stay| stay.ln()).sum::<f64>() / n;
    let sigma = (STAYS.iter().map(|stay| (stay.ln() - mu).powi(2)).sum::<f64>() / n).sqrt();
    let mean = (mu + 0.5 * sigma * sigma).exp();
    let spread = mean * (sigma * sigma / n + sigma.powi(4) / (2.0 * n)).sqrt();
    let expected = [mu, sigma, sigma / n.sqrt(), sigma / (2.0 * n).sqrt(), mean, spread];
    println!("μ, σ, their errors, mean stay, its error: {found:.4?}");
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-7 * expected, "{found}, {expected}");
    }
}
