//! Logarithms of sums and products that neither overflow nor cancel.

use num_traits::{Float, Zero};

use super::{in_f64, is_tiny};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::slope::is_moderate;
use crate::scalar::softmax::log_sum_exp;
use crate::scalar::{Real, Scalar};

/// Returns `ln(eᵃ + eᵇ)`; for slices see [`log_sum_exp`].
///
/// ```
/// use dualtape::{gradient, special::log_add_exp};
///
/// assert_eq!(log_add_exp(1000.0, 1000.0), 1000.0 + 2.0_f64.ln());
/// assert_eq!(gradient(|x| log_add_exp(x[0], x[1]), &[800.0, 800.0]).1, [0.5, 0.5]);
/// ```
#[track_caller]
pub fn log_add_exp<S: Scalar>(a: S, b: S) -> S {
    log_sum_exp(&[a, b])
}

/// Returns `ln(eᵃ − eᵇ)` for a ≥ b; it is −∞ at a = b, and NaN for a < b.
///
/// It is `a + ln(1 − exp(b − a))`, by [`ln_1m_exp`].
///
/// ```
/// use dualtape::special::log_sub_exp;
///
/// assert!(f64::abs(log_sub_exp(1000.0, 999.0) - 999.5413248546129) < 1e-12);
/// assert_eq!(log_sub_exp(1.0, f64::NEG_INFINITY), 1.0);
/// ```
#[track_caller]
pub fn log_sub_exp<S: Scalar>(a: S, b: S) -> S {
    if b.value() == S::Real::neg_infinity() { a } else { a + ln_1m_exp(b - a) }
}

/// Returns `ln(1 − eˣ)` for x ≤ 0; it is −∞ at 0, and NaN above.
///
/// It is `ln(−expm1(x))` for x > −ln 2, and `ln1p(−exp(x))` below (M. Mächler, *Accurately computing log(1 − exp(−|a|))*).
///
/// ```
/// use dualtape::{derivative, special::ln_1m_exp};
///
/// let (y, slope) = derivative(ln_1m_exp, -0.5_f64.recip().ln());
/// assert!(f64::abs(y - 0.5_f64.ln()) < 1e-15 && f64::abs(slope + 1.0) < 1e-15);
/// assert_eq!(ln_1m_exp(-800.0), 0.0);
/// ```
#[track_caller]
pub fn ln_1m_exp<S: Scalar>(x: S) -> S {
    if is_tiny(-x.value()) { (-x.exp_m1()).ln() } else { Ln1mExp.apply([x]) }
}

struct Ln1mExp;

impl<R: Real> Rule<1, R> for Ln1mExp {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| {
            if x > 0.0 {
                f64::NAN
            } else if x > -std::f64::consts::LN_2 {
                (-x.exp_m1()).ln()
            } else {
                (-x.exp()).ln_1p()
            }
        })
    }

    /// −eˣ/(1 − eˣ)
    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        let zero = R::zero();
        [if x.value() == zero {
            S::from_real(R::neg_infinity())
        } else if x.value() > zero {
            S::from_real(<R as Float>::nan())
        } else {
            x.exp() * x.exp_m1().recip()
        }]
    }
}

/// Returns `x·ln y`, and 0 where x is 0.
///
/// ```
/// use dualtape::{gradient, special::xlogy};
///
/// assert_eq!(xlogy(0.0, 0.0), 0.0);
/// assert_eq!(gradient(|x| xlogy(x[0], x[1]), &[2.0, 1.0]), (0.0, vec![0.0, 2.0]));
/// ```
#[track_caller]
pub fn xlogy<S: Scalar>(x: S, y: S) -> S {
    if has_moderate_quotient(x, y) { XLogY.apply([x, y]) } else { x * y.ln() }
}

struct XLogY;

impl<R: Real> Rule<2, R> for XLogY {
    fn value(&self, [x, y]: [R; 2]) -> R {
        if x == R::zero() && !Scalar::is_nan(y) { R::zero() } else { x * Scalar::ln(y) }
    }

    fn partials<S: Scalar<Real = R>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        [y.ln(), quotient(x, y)]
    }
}

/// Returns `x·ln(1 + y)`, and 0 where x is 0.
///
/// ```
/// use dualtape::{gradient, special::xlog1py};
///
/// assert_eq!(xlog1py(0.0, -1.0), 0.0);
/// assert_eq!(gradient(|x| xlog1py(x[0], x[1]), &[2.0, 1e-300]), (2e-300, vec![1e-300, 2.0]));
/// ```
#[track_caller]
pub fn xlog1py<S: Scalar>(x: S, y: S) -> S {
    if has_moderate_quotient(x, y + real::<S>(1.0)) { XLog1PY.apply([x, y]) } else { x * y.ln_1p() }
}

struct XLog1PY;

impl<R: Real> Rule<2, R> for XLog1PY {
    fn value(&self, [x, y]: [R; 2]) -> R {
        if x == R::zero() && !Scalar::is_nan(y) { R::zero() } else { x * Scalar::ln_1p(y) }
    }

    fn partials<S: Scalar<Real = R>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        [y.ln_1p(), quotient(x, y + real::<S>(1.0))]
    }
}

/// Returns whether a rule may have x/y as its slope: where that is out of range, or its derivatives, the logarithm has it in
/// factors. Where x or y is 0 the rule says what is 0.
fn has_moderate_quotient<S: Scalar>(x: S, y: S) -> bool {
    let [x, y] = [x, y].map(Scalar::value);
    x == S::Real::zero() || y == S::Real::zero() || is_moderate(x / y)
}

/// Returns x/y, and 0 where both are 0.
fn quotient<S: Scalar>(x: S, y: S) -> S {
    if x.value() == S::Real::zero() && y.value() == S::Real::zero() { S::zero() } else { x / y }
}
