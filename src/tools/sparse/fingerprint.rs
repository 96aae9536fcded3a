//! A number that tells whether a function has the same sparsity here as elsewhere.
//!
//! Sizes say nothing: an entry of 3 beside one of 10¹⁷ leaves no trace in a sum of the two. So no number is compared. The
//! function is evaluated forward, along one direction for a Jacobian and along two for a Hessian, in a scalar that notes
//! where tangents are from: the tangent of input j is from j, a product of a slope and a tangent is from where the
//! tangent is from, and a sum of tangents is from both, as is the product of a tangent in the one direction and a tangent
//! in the other. Two places make a third one by hashing. The place of an output's tangent determines the row of the
//! Jacobian, and that of its second tangent the pairs of inputs in the Hessian; so where the outputs have the places that
//! they had, the sparsity is what it was, but for two hashes of 63 bits that are equal by chance.
//!
//! That holds as no place has more than the trace finds (`structural.rs`). A product with the constant zero is from nowhere,
//! as it is no entry there. The formulas of other slopes do not count, so rules may branch within. Neither looks into a
//! block: what its methods return is from all that they were given.

use crate::forward::Dual;
use crate::scalar::Scalar;
use crate::scalar::function::{Function, slice_of};
use crate::tools::noted::{Note, Noted, hashed};

/// Returns the fingerprint of the sparsity of the Jacobian of `f` at `x`.
pub(super) fn jacobian_fingerprint<T: Scalar, F: Function<T::Real>>(f: &F, x: &[T]) -> u64 {
    let inputs: Vec<_> = x.iter().enumerate().map(|(j, x)| Dual::new(variable(x), [tangent(j, 0)])).collect();
    let outputs = slice_of::<F::Output, _, _>(f.eval(&inputs));
    outputs.iter().fold(outputs.len() as u64, |hash, y| hashed(hash, y.partials[0].note.0))
}

/// Returns the same of the Hessian.
pub(super) fn hessian_fingerprint<T: Scalar>(f: &impl Function<T::Real, Output = T::Real>, x: &[T]) -> u64 {
    let input = |(j, x): (usize, &T)| {
        let first = Dual::new(variable(x), [tangent(j, 0)]);
        Dual::new(first, [Dual::constant(tangent(j, 1))])
    };
    let inputs: Vec<Dual<Dual<_>>> = x.iter().enumerate().map(input).collect();
    f.eval(&inputs).partials[0].partials[0].note.0
}

fn variable<T: Scalar>(x: &T) -> Noted<T::Real, Place> {
    Noted { value: x.value(), note: Place::VARIABLE }
}

/// The tangent of input j in a direction.
fn tangent<R: Scalar>(j: usize, direction: u64) -> Noted<R, Place> {
    Noted { value: R::one(), note: Place::hashed(j as u64, direction) }
}

/// Where a number is from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64);

impl Place {
    /// From constants alone.
    const NOWHERE: Self = Place(0);

    /// From inputs, but not from their tangents.
    const VARIABLE: Self = Place(1);

    /// The bit that tangents have.
    const TANGENT: u64 = 1 << 63;

    #[inline]
    fn hashed(a: u64, b: u64) -> Self {
        Place(hashed(a, b) | Self::TANGENT)
    }

    #[inline]
    fn or(self, other: Self) -> Self {
        if self == other || self.0.min(other.0) < Self::TANGENT {
            self.max(other)
        } else {
            Place::hashed(self.0, other.0)
        }
    }
}

impl<T: Scalar> Note<T> for Place {
    const KNOWS_CONSTANTS: bool = true;
    const CONSTANT: Self = Place::NOWHERE;
    const LOCALLY_CONSTANT: Self = Place::VARIABLE;

    #[inline]
    fn of_result(value: T, arguments: impl IntoIterator<Item = Self>) -> Noted<T, Self> {
        Noted { value, note: arguments.into_iter().fold(Place::NOWHERE, Place::or) }
    }

    #[inline]
    fn is_zero(self, value: T) -> bool {
        self == Place::NOWHERE && value.is_identically_zero()
    }
}
