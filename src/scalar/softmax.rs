//! Exponentials over slices, without overflow.

use num_traits::{Float, One};

use super::sums::{sum, sum_of};
use super::{Real, Scalar};

/// Returns `ln Σᵢ exp xᵢ`, without overflow, as one statement on a tape.
///
/// Its gradient is [`softmax`]. An empty slice gives `−∞`, the logarithm of an empty sum; `−∞` among the elements is
/// neutral.
///
/// ```
/// use dualtape::log_sum_exp;
///
/// assert_eq!(log_sum_exp(&[-1000.0, -1000.0]), -1000.0 + 2.0_f64.ln());
/// assert_eq!(log_sum_exp::<f64>(&[]), f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn log_sum_exp<S: Scalar>(xs: &[S]) -> S {
    S::log_sum_exp_slice(xs)
}

/// Returns `exp(xᵢ) / Σⱼ exp(xⱼ)` for every i, without overflow.
///
/// ```
/// assert_eq!(dualtape::softmax(&[1000.0, 1000.0]), [0.5, 0.5]);
/// ```
pub fn softmax<S: Scalar>(xs: &[S]) -> Vec<S> {
    let mut shares = xs.to_vec();
    softmax_in_place(&mut shares);
    shares
}

/// Returns `xᵢ − ln Σⱼ exp(xⱼ)` for every i: the logarithm of [`softmax`], without its underflow.
///
/// ```
/// assert_eq!(dualtape::log_softmax(&[0.0, 1000.0]), [-1000.0, 0.0]);
/// ```
pub fn log_softmax<S: Scalar>(xs: &[S]) -> Vec<S> {
    let total = log_sum_exp(xs);
    xs.iter().map(|&x| x - total).collect()
}

/// Returns `m + ln(1 + Σ exp(xᵢ − m))` with the largest element m, over the other elements. So nothing overflows, and a
/// small result keeps its digits.
pub(crate) fn plain_log_sum_exp<R: Real>(xs: &[R]) -> R {
    let Some(largest) = index_of_largest(xs) else { return R::neg_infinity() };
    let m = xs[largest];
    if !Scalar::is_finite_throughout(m) {
        return m;
    }
    let others = sum_of(xs, |x| if std::ptr::eq(x, &xs[largest]) { R::zero() } else { Scalar::exp(*x - m) });
    m + Scalar::ln_1p(others)
}

/// Returns the first index of the largest value, or of a NaN if there is one.
pub(crate) fn index_of_largest<S: Scalar>(xs: &[S]) -> Option<usize> {
    (0..xs.len()).reduce(|best, i| {
        let (x, y) = (xs[best].value(), xs[i].value());
        if !Float::is_nan(x) && (y > x || Float::is_nan(y)) { i } else { best }
    })
}

/// Replaces the numbers by their [`softmax`].
pub(crate) fn softmax_in_place<S: Scalar>(xs: &mut [S]) {
    let Some(largest) = index_of_largest(xs) else { return };
    let m = xs[largest];
    if !Float::is_finite(m.value()) {
        xs.copy_from_slice(&weights_of_infinite(xs, m.value()));
        return;
    }
    xs.iter_mut().for_each(|x| *x = exp_of_difference(*x, m));
    let total = sum(xs);
    xs.iter_mut().for_each(|x| *x /= total);
}

/// Returns `exp(x − m)`, corrected where rounding a large difference would be a visible factor.
#[inline]
fn exp_of_difference<S: Scalar>(x: S, m: S) -> S {
    let power = (x - m).exp();
    let rest = rest_of_difference(x.value(), m.value());
    if Float::abs(rest) > S::Real::epsilon() * <S::Real as Scalar>::from_f64(8.0) {
        power * (rest + S::Real::one())
    } else {
        power
    }
}

/// Returns the rounding error of `a − b`: the exact difference less the rounded one (Knuth's exact sum).
pub(crate) fn rest_of_difference<R: Real>(a: R, b: R) -> R {
    let difference = a - b;
    let taken = difference - a;
    (a - (difference - taken)) - (b + taken)
}

/// Returns the softmax when the largest value `m` is infinite or NaN: equal shares for the elements that equal an
/// infinite `m`, or NaN for all elements.
fn weights_of_infinite<S: Scalar>(xs: &[S], m: S::Real) -> Vec<S> {
    if Float::is_nan(m) {
        return xs.iter().map(|_| S::from_real(m)).collect();
    }
    let share = 1.0 / xs.iter().filter(|x| x.value() == m).count() as f64;
    xs.iter().map(|x| if x.value() == m { S::from_f64(share) } else { S::zero() }).collect()
}
