//! Maps from unconstrained numbers to parameters, with the logarithms of their Jacobians.
//!
//! A sampler or an optimizer moves in all numbers, but a scale is positive and probabilities have the sum 1. Each map
//! returns the parameter and `ln |det J|`. Add that to a log density of the parameter to get the density of the
//! unconstrained numbers. The maps come from the Stan Reference Manual, chapter "Constraint Transforms". The inverse
//! of each, `from_…`, returns the unconstrained numbers of a parameter to start from.
//!
//! ```
//! use dualtape::density::{exponential_ln_pdf, transform};
//!
//! // The density of y = ln x for an exponentially distributed x.
//! let ln_pdf = |y: f64| {
//!     let (x, ln_jacobian) = transform::positive(y);
//!     exponential_ln_pdf(x, 1.0) + ln_jacobian
//! };
//! assert_eq!(ln_pdf(0.0), -1.0);
//! ```

use crate::scalar::Scalar;
use crate::scalar::rules::real;

/// Returns `eʸ`, and the log Jacobian `y`.
///
/// ```
/// assert_eq!(dualtape::density::transform::positive(0.0), (1.0, 0.0));
/// ```
#[track_caller]
pub fn positive<S: Scalar>(y: S) -> (S, S) {
    (y.exp(), y)
}

/// Returns `ln x`, the number whose [`positive`] is `x`.
///
/// ```
/// assert_eq!(dualtape::density::transform::from_positive(1.0), 0.0);
/// ```
#[track_caller]
pub fn from_positive<S: Scalar>(x: S) -> S {
    x.ln()
}

/// Returns `low + (high − low)·σ(y)`, and the log Jacobian `ln(high − low) + ln σ(y) + ln σ(−y)`.
///
/// ```
/// let (x, ln_jacobian) = dualtape::density::transform::interval(0.0, -1.0, 3.0);
/// assert_eq!((x, ln_jacobian), (1.0, 0.0));
/// ```
#[track_caller]
pub fn interval<S: Scalar>(y: S, low: S, high: S) -> (S, S) {
    let width = high - low;
    (low + width * y.sigmoid(), width.ln() + y.log_sigmoid() + (-y).log_sigmoid())
}

/// Returns `ln((x − low)/(high − x))`, the number whose [`interval`] is `x`.
///
/// ```
/// assert_eq!(dualtape::density::transform::from_interval(1.0, -1.0, 3.0), 0.0);
/// ```
#[track_caller]
pub fn from_interval<S: Scalar>(x: S, low: S, high: S) -> S {
    (x - low).ln() - (high - x).ln()
}

/// Returns n + 1 probabilities of sum 1 from n numbers, and the log Jacobian.
///
/// Each breaks a share off the rest of a stick: `σ(yₖ − ln(n − k))` for k from 0. Zeros give equal probabilities.
///
/// ```
/// let (x, _) = dualtape::density::transform::simplex(&[0.0, 0.0, 0.0]);
/// assert!(x.iter().all(|x| f64::abs(x - 0.25) < 1e-15));
/// ```
#[track_caller]
pub fn simplex<S: Scalar>(y: &[S]) -> (Vec<S>, S) {
    let (mut x, mut ln_rest, mut ln_jacobian) = (Vec::with_capacity(y.len() + 1), S::zero(), S::zero());
    for (k, &unconstrained) in y.iter().enumerate() {
        let logit = unconstrained - real::<S>(((y.len() - k) as f64).ln());
        let (ln_share, ln_left) = (logit.log_sigmoid(), (-logit).log_sigmoid());
        x.push((ln_rest + ln_share).exp());
        ln_jacobian += ln_rest + ln_share + ln_left;
        ln_rest += ln_left;
    }
    x.push(ln_rest.exp());
    (x, ln_jacobian)
}

/// Returns the numbers whose [`simplex`] is `x`.
///
/// # Panics
///
/// When `x` is empty.
///
/// ```
/// use dualtape::density::transform::{from_simplex, simplex};
///
/// let y = from_simplex(&simplex(&[0.5, -2.0]).0);
/// assert!(f64::abs(y[0] - 0.5) < 1e-15 && f64::abs(y[1] + 2.0) < 1e-15);
/// ```
#[track_caller]
pub fn from_simplex<S: Scalar>(x: &[S]) -> Vec<S> {
    assert!(!x.is_empty(), "from_simplex: there are no probabilities; pass at least one");
    let mut rest = S::zero();
    let mut y: Vec<S> = Vec::with_capacity(x.len() - 1);
    // From the end: there the rest of the stick is a sum of positive numbers.
    for k in (1..x.len()).rev() {
        rest += x[k];
        y.push(x[k - 1].ln() - rest.ln() + real::<S>(((x.len() - k) as f64).ln()));
    }
    y.reverse();
    y
}

/// Returns increasing numbers: `y₀`, each next one larger by `exp(yₖ)`, and the log Jacobian `Σ yₖ` for k from 1.
///
/// ```
/// let (x, ln_jacobian) = dualtape::density::transform::ordered(&[3.0, 0.0, 0.0]);
/// assert_eq!((x, ln_jacobian), (vec![3.0, 4.0, 5.0], 0.0));
/// ```
#[track_caller]
pub fn ordered<S: Scalar>(y: &[S]) -> (Vec<S>, S) {
    let (mut x, mut ln_jacobian): (Vec<S>, S) = (y.iter().take(1).copied().collect(), S::zero());
    for (k, &step) in y.iter().enumerate().skip(1) {
        x.push(x[k - 1] + step.exp());
        ln_jacobian += step;
    }
    (x, ln_jacobian)
}

/// Returns the numbers whose [`ordered`] is `x`.
///
/// ```
/// assert_eq!(dualtape::density::transform::from_ordered(&[3.0, 4.0, 5.0]), [3.0, 0.0, 0.0]);
/// ```
#[track_caller]
pub fn from_ordered<S: Scalar>(x: &[S]) -> Vec<S> {
    (0..x.len()).map(|k| if k == 0 { x[0] } else { (x[k] - x[k - 1]).ln() }).collect()
}

/// Returns the Cholesky factor of a correlation matrix, n by n row by row, from n(n − 1)/2 numbers, and the log Jacobian
/// with respect to the entries below the diagonal.
///
/// With `z = tanh y`, each entry of a row is z times the square root of the rest of the norm 1 of the row.
///
/// # Panics
///
/// When `y` does not have n(n − 1)/2 elements.
///
/// ```
/// use dualtape::density::transform::correlation_cholesky;
///
/// let (l, ln_jacobian) = correlation_cholesky(&[0.6_f64.atanh()], 2);
/// assert!(f64::abs(l[2] - 0.6) < 1e-15 && f64::abs(l[3] - 0.8) < 1e-15);
/// assert!(f64::abs(ln_jacobian - 0.64_f64.ln()) < 1e-15);
/// ```
#[track_caller]
pub fn correlation_cholesky<S: Scalar>(y: &[S], n: usize) -> (Vec<S>, S) {
    let wanted = n * n.saturating_sub(1) / 2;
    assert_eq!(
        y.len(),
        wanted,
        "correlation_cholesky: there are {} numbers; pass {wanted} for a correlation matrix of {n} rows",
        y.len()
    );
    let (mut l, mut ln_jacobian, mut y) = (vec![S::zero(); n * n], S::zero(), y.iter());
    let half = real::<S>(0.5);
    for i in 0..n {
        // The logarithm of the rest of the square of the norm.
        let mut ln_rest = S::zero();
        for (j, &y) in y.by_ref().take(i).enumerate() {
            l[i * n + j] = y.tanh() * (ln_rest * half).exp();
            // ln(1 − tanh² y) = ln 4 + ln σ(2y) + ln σ(−2y)
            let twice = y * real::<S>(2.0);
            let ln_left = twice.log_sigmoid() + (-twice).log_sigmoid() + real::<S>(4.0_f64.ln());
            ln_jacobian += ln_rest * half + ln_left;
            ln_rest += ln_left;
        }
        l[i * n + i] = (ln_rest * half).exp();
    }
    (l, ln_jacobian)
}

/// Returns the numbers whose [`correlation_cholesky`] is the factor `l`, n by n row by row.
///
/// # Panics
///
/// When `l` is not square.
///
/// ```
/// use dualtape::density::transform::{correlation_cholesky, from_correlation_cholesky};
///
/// let y = from_correlation_cholesky(&correlation_cholesky(&[0.5, -1.0, 0.25], 3).0);
/// assert!(y.iter().zip([0.5, -1.0, 0.25]).all(|(a, b)| f64::abs(a - b) < 1e-15));
/// ```
#[track_caller]
pub fn from_correlation_cholesky<S: Scalar>(l: &[S]) -> Vec<S> {
    let n = l.len().isqrt();
    assert_eq!(
        l.len(),
        n * n,
        "from_correlation_cholesky: {} entries are no square matrix; pass n·n, row by row",
        l.len()
    );
    let mut y = Vec::new();
    for i in 0..n {
        let row = &l[i * n..=i * n + i];
        // From the end: there the rest of the norm is a sum of squares.
        let mut left = row[i];
        let mut of_row: Vec<S> = Vec::new();
        for &entry in row[..i].iter().rev() {
            of_row.push((entry / left).asinh());
            left = left.hypot(entry);
        }
        y.extend(of_row.into_iter().rev());
    }
    y
}
