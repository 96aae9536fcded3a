//! The rule "a zero beats an infinity".
//!
//! A variable that the output does not depend on has derivative exactly 0, even beside an infinite slope (convention
//! 12). So a product of a slope and a derivative is zero when either factor is *identically* zero, whatever the other
//! is. Every mode multiplies by these functions; a fast path may leave them out only where all factors are finite.

use super::Scalar;
use crate::simd::vectorized;

/// Returns whether the rule makes the product of the two zero.
#[inline(always)]
pub(crate) fn vanishes<S: Scalar>(a: S, b: S) -> bool {
    a.is_identically_zero() | b.is_identically_zero()
}

/// Returns `a·b` by the rule.
#[inline(always)]
pub(crate) fn product<S: Scalar>(a: S, b: S) -> S {
    if vanishes(a, b) { S::zero() } else { a * b }
}

/// Adds `a·b` to the sum by the rule.
#[inline(always)]
pub(crate) fn add_product<S: Scalar>(sum: &mut S, a: S, b: S) {
    if !vanishes(a, b) {
        *sum += a * b;
    }
}

/// Adds `partials·adjoint` to the sums by the rule, for an adjoint that is not identically zero.
#[inline]
pub(crate) fn add_scaled<S: Scalar>(sums: &mut [S], partials: &[S], adjoint: S) {
    let with_care = !adjoint.is_finite_throughout();
    for (sum, &partial) in sums.iter_mut().zip(partials) {
        if !(with_care && partial.is_identically_zero()) {
            *sum += partial * adjoint;
        }
    }
}

/// Returns whether all numbers are finite throughout, so that the rule has nothing to say about their products.
///
/// NOTE(perf): without an early end the loop is vector code.
pub(crate) fn are_finite<S: Scalar>(numbers: &[S]) -> bool {
    let mut all = true;
    vectorized(
        #[inline(always)]
        || numbers.iter().for_each(|x| all &= x.is_finite_throughout()),
    );
    all
}
