//! Distributions of vectors and matrices. Matrices are slices, row by row.

use num_traits::{Float, One, Zero};

use super::{LN_SQRT_TAU, is_not_positive, outside, undefined};
use crate::linalg::{cholesky, solve_lower};
use crate::scalar::Scalar;
use crate::scalar::rules::real;
use crate::scalar::sums::{dot, sum};
use crate::special::xlogy;

/// Returns the log density of Dirichlet's distribution at probabilities `x`:
/// `ln Γ(Σ αᵢ) − Σ ln Γ(αᵢ) + Σ (αᵢ − 1)·ln xᵢ`.
///
/// It is −∞ unless the elements of `x` are nonnegative and their sum is 1 up to rounding.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::density::{beta_ln_pdf, dirichlet_ln_pdf};
///
/// assert!(f64::abs(dirichlet_ln_pdf(&[0.2, 0.8], &[2.0, 3.0]) - beta_ln_pdf(0.2, 2.0, 3.0)) < 1e-14);
/// ```
#[track_caller]
pub fn dirichlet_ln_pdf<S: Scalar>(x: &[S], alpha: &[S]) -> S {
    assert_length("dirichlet_ln_pdf", "concentrations", alpha.len(), x.len());
    let total = sum(alpha);
    if alpha.iter().any(|&alpha| is_not_positive(alpha)) {
        return undefined(total);
    }
    let (zero, one) = (S::Real::zero(), S::Real::one());
    let rest = Float::abs(x.iter().fold(-one, |rest, x| rest + x.value()));
    let slack = real::<S>(16.0 * x.len() as f64) * S::Real::epsilon();
    if rest > slack || x.iter().any(|x| x.value() < zero) {
        return outside();
    }
    let terms: Vec<S> = x.iter().zip(alpha).map(|(&x, &alpha)| xlogy(alpha - one, x) - alpha.ln_gamma()).collect();
    total.ln_gamma() + sum(&terms)
}

/// Returns the log density of the multivariate normal distribution with the covariance `L·Lᵀ`:
/// `−zᵀz/2 − Σ ln Lᵢᵢ − n/2·ln 2π` with `L·z = x − μ`.
///
/// `l` is the lower triangle with a positive diagonal, n by n row by row; its upper part is not read.
///
/// # Panics
///
/// When `x` and `mu` differ in length, or `l` does not have n² entries.
///
/// ```
/// use dualtape::density::{multivariate_normal_ln_pdf_cholesky, normal_ln_pdf};
///
/// let y = multivariate_normal_ln_pdf_cholesky(&[1.0, 2.0], &[0.0, 0.0], &[2.0, 0.0, 0.0, 3.0]);
/// assert!(f64::abs(y - normal_ln_pdf(1.0, 0.0, 2.0) - normal_ln_pdf(2.0, 0.0, 3.0)) < 1e-14);
/// ```
#[track_caller]
pub fn multivariate_normal_ln_pdf_cholesky<S: Scalar>(x: &[S], mu: &[S], l: &[S]) -> S {
    let n = x.len();
    assert_length("multivariate_normal_ln_pdf_cholesky", "means", mu.len(), n);
    assert_length("multivariate_normal_ln_pdf_cholesky", "entries of the factor", l.len(), n * n);
    let difference: Vec<S> = x.iter().zip(mu).map(|(&x, &mu)| x - mu).collect();
    let z = solve_lower(l, &difference);
    dot(&z, &z) * real::<S>(-0.5) - sum_of_ln_diagonal(l, n) - real::<S>(n as f64 * LN_SQRT_TAU)
}

/// Returns the log density of the multivariate normal distribution with the precision `P`, the inverse of the covariance:
/// `−(x − μ)ᵀP(x − μ)/2 + ½·ln det P − n/2·ln 2π`.
///
/// `p` is symmetric and positive definite, n by n row by row; its upper part is not read. For other matrices the result
/// is NaN.
///
/// # Panics
///
/// When `x` and `mu` differ in length, or `p` does not have n² entries.
///
/// ```
/// use dualtape::density::{multivariate_normal_ln_pdf_precision, normal_ln_pdf};
///
/// let y = multivariate_normal_ln_pdf_precision(&[1.0], &[0.0], &[0.25]);
/// assert!(f64::abs(y - normal_ln_pdf(1.0, 0.0, 2.0)) < 1e-15);
/// ```
#[track_caller]
pub fn multivariate_normal_ln_pdf_precision<S: Scalar>(x: &[S], mu: &[S], p: &[S]) -> S {
    let n = x.len();
    assert_length("multivariate_normal_ln_pdf_precision", "means", mu.len(), n);
    assert_length("multivariate_normal_ln_pdf_precision", "entries of the precision", p.len(), n * n);
    let l = cholesky(p);
    // Lᵀ·(x − μ)
    let difference: Vec<S> = x.iter().zip(mu).map(|(&x, &mu)| x - mu).collect();
    let z: Vec<S> = (0..n)
        .map(|j| {
            let column: Vec<S> = (j..n).map(|i| l[i * n + j]).collect();
            dot(&column, &difference[j..])
        })
        .collect();
    dot(&z, &z) * real::<S>(-0.5) + sum_of_ln_diagonal(&l, n) - real::<S>(n as f64 * LN_SQRT_TAU)
}

fn sum_of_ln_diagonal<S: Scalar>(l: &[S], n: usize) -> S {
    let logarithms: Vec<S> = (0..n).map(|i| l[i * n + i].ln()).collect();
    sum(&logarithms)
}

/// Returns the log density of the distribution of Lewandowski, Kurowicka and Joe (2009) at the Cholesky factor `l` of a
/// correlation matrix, with the shape `eta`: `Σ_k (n − k + 2η − 2)·ln L_kk` for k from 2 to n and the normalising
/// constant.
///
/// The density of the correlation matrix itself is proportional to `det(L·Lᵀ)^(η − 1)`. The rows of `l`, n by n row by
/// row, have norm 1; [`transform::correlation_cholesky`](super::transform::correlation_cholesky) makes such factors. It is −∞
/// unless the diagonal is positive.
///
/// # Panics
///
/// When `l` is not square.
///
/// ```
/// use dualtape::density::lkj_correlation_cholesky_ln_pdf;
///
/// // One correlation is uniform on (−1, 1) for η = 1.
/// let y = lkj_correlation_cholesky_ln_pdf(&[1.0, 0.0, 0.6, 0.8], 1.0);
/// assert!(f64::abs(y - 0.5_f64.ln()) < 1e-15);
/// ```
#[track_caller]
pub fn lkj_correlation_cholesky_ln_pdf<S: Scalar>(l: &[S], eta: S) -> S {
    let n = l.len().isqrt();
    assert_length("lkj_correlation_cholesky_ln_pdf", "entries of a square factor", l.len(), n * n);
    if is_not_positive(eta) {
        return undefined(eta);
    }
    if (0..n).any(|k| l[k * n + k].value() <= S::Real::zero()) {
        return outside();
    }
    let twice = (eta - real::<S>(1.0)) * real::<S>(2.0);
    let half = |k: usize| real::<S>(0.5 * k as f64);
    let mut terms = Vec::new();
    for k in 1..n {
        let ln_pivot = l[k * n + k].ln();
        terms.push((twice + real::<S>((n - 1 - k) as f64)) * ln_pivot);
        // Γ(η + (n − 1)/2)/(π^(k/2)·Γ(η + (n − 1 − k)/2))
        terms.push((eta + half(n - 1)).ln_gamma() - (eta + half(n - 1 - k)).ln_gamma());
    }
    let of_pi = (n * n.saturating_sub(1)) as f64 / 4.0 * std::f64::consts::PI.ln();
    sum(&terms) - real::<S>(of_pi)
}

#[track_caller]
fn assert_length(function: &str, what: &str, given: usize, wanted: usize) {
    assert_eq!(given, wanted, "{function}: there are {given} {what}; pass {wanted}");
}
