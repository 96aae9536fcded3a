//! The rule "a zero beats an infinity".
//!
//! A variable that the output does not depend on has derivative exactly 0, even beside an infinite slope (convention
//! 12). So a product of a slope and a derivative is zero when either factor is *identically* zero, whatever the other
//! is. Every mode multiplies by these functions; a fast path may leave them out only where all factors are finite.
//!
//! In nested derivatives the rule holds on every level: the value of a product is the product of the values by the rule,
//! though a factor whose value is zero carries derivatives that are not.

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
    S::product_by_rule(a, b)
}

/// Adds `a·b` to the sum by the rule.
#[inline(always)]
pub(crate) fn add_product<S: Scalar>(sum: &mut S, a: S, b: S) {
    if !vanishes(a, b) {
        *sum += S::product_by_rule(a, b);
    }
}

/// Adds `partial·adjoint` to the sum by the rule, where neither is identically zero or both are finite.
///
/// Only a number that carries derivatives can meet the rule then: its value is zero, and the other one is not finite.
/// The product shows it.
///
/// NOTE(perf): the factors come by reference, and are read field by field. A copy would be made in memory, in words other than
/// those that were written, for which the processor waits: the Hessian of Rosenbrock 50 took 80 % longer in `f32`, and the
/// sweep of a Hessian times a vector three times as long (`cargo bench --bench modes`).
#[inline(always)]
pub(crate) fn add_chained<S: Scalar>(sum: &mut S, partial: &S, adjoint: &S) {
    let product = S::bare_product(partial, adjoint);
    if const { S::ORDER == 0 } || product.is_finite_throughout() {
        *sum += product;
    } else {
        add_out_of_line(sum, partial, adjoint);
    }
}

/// [`add_product`], out of line.
#[cold]
#[inline(never)]
pub(crate) fn add_out_of_line<S: Scalar>(sum: &mut S, partial: &S, adjoint: &S) {
    add_product(sum, *partial, *adjoint);
}

/// Adds `partials·adjoint` to the sums by the rule, for an adjoint that is not identically zero.
#[inline]
pub(crate) fn add_scaled<S: Scalar>(sums: &mut [S], partials: &[S], adjoint: S) {
    let with_care = !adjoint.is_finite_throughout();
    for (sum, partial) in sums.iter_mut().zip(partials) {
        if with_care {
            add_product(sum, *partial, adjoint);
        } else {
            add_chained(sum, partial, &adjoint);
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
