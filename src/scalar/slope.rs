//! Slopes as one number, or as two factors where one number or its derivatives overflow or underflow.
//!
//! The slope of 1/x is −1/x². Where 1/x has 200 digits before the point, the slope has too many for any number, and the
//! derivative of ln(1/x) has one: the chain rule then multiplies by −1/x twice. So a rule whose slope is a power or a
//! quotient names two factors of it, and every mode chains them one after the other where the product does not fit.
//!
//! The derivatives of a slope s are multiples of s/x, s/x² and so on, which are out of range before s is: of ln x at 10²²⁰
//! the slope 10⁻²²⁰ has the derivative −10⁻⁴⁴⁰. Where derivatives are asked for, x is taken in [units](unit_of) of its size.

use num_traits::{Float, Zero};

use super::{Real, Scalar};

/// The slope of a rule.
pub(crate) trait Slope<T> {
    /// Returns the slope as one number.
    fn number(&self) -> T;

    /// Returns two factors of the slope, the first a power of 2, where one number cannot hold it and they can.
    fn factors(self) -> Option<[T; 2]>;
}

impl<T: Scalar> Slope<T> for T {
    #[inline(always)]
    fn number(&self) -> T {
        *self
    }

    #[inline(always)]
    fn factors(self) -> Option<[T; 2]> {
        None
    }
}

/// A slope that may overflow or underflow, or its derivatives, where its factors do not.
pub(crate) struct Wide<T, F> {
    number: T,
    factors: F,
    is_known_to_fit: bool,
}

impl<T, F> Wide<T, F> {
    /// Says whether the factors can be left out for any argument.
    #[inline(always)]
    pub(crate) fn fitting_if(self, is_known_to_fit: bool) -> Self {
        Wide { is_known_to_fit, ..self }
    }
}

/// Returns a slope that is `number`, and the product of `factors`, a power of 2 and the rest, where that or its derivatives overflow or underflow.
#[inline(always)]
pub(crate) fn wide<T: Scalar, F: FnOnce() -> [T; 2]>(number: T, factors: F) -> Wide<T, F> {
    Wide { number, factors, is_known_to_fit: false }
}

impl<T: Scalar, F: FnOnce() -> [T; 2]> Slope<T> for Wide<T, F> {
    #[inline(always)]
    fn number(&self) -> T {
        self.number
    }

    #[inline(always)]
    fn factors(self) -> Option<[T; 2]> {
        if self.is_known_to_fit || fits(self.number) { None } else { usable(self.number, self.factors) }
    }
}

/// Returns whether one number holds the slope and its derivatives.
#[inline(always)]
fn fits<T: Scalar>(slope: T) -> bool {
    let value = slope.value();
    let value_fits = if const { T::ORDER == 0 } { Float::is_normal(value) } else { is_moderate(value) };
    value_fits && slope.is_finite_throughout()
}

/// Returns whether a number is a quarter of the exponents away from the ends of the range: from 1e-77 to 1e77 in `f64`. The
/// derivatives of a power of such a size are in range up to the fourth, where the derivatives of the result are.
#[inline(always)]
pub(crate) fn is_moderate<R: Real>(x: R) -> bool {
    let (size, least) = (Float::abs(x), Float::sqrt(Float::sqrt(R::min_positive_value())));
    least < size && size < Float::recip(least)
}

/// Returns the power of 2 that makes x a number near 1, on the same side of 1, and a subnormal x the nearest to it.
pub(crate) fn unit_of<R: Real>(x: R) -> R {
    let least = R::min_positive_value();
    let unit = Float::exp2(-Float::trunc(Float::log2(Float::abs(x))));
    Float::min(Float::max(unit, least), Float::recip(least))
}

/// Returns the factors if their values hold what the number does not. The value of a number that fits is kept to the bit, so
/// that the lower orders of a nested derivative are those of the lower derivative.
#[cold]
fn usable<T: Scalar>(number: T, factors: impl FnOnce() -> [T; 2]) -> Option<[T; 2]> {
    let is_usable = |&factor: &T| Float::is_finite(factor.value()) && factor.value() != T::Real::zero();
    let [size, relative] = Some(factors()).filter(|factors| factors.iter().all(is_usable))?;
    let rest = || number.value() / size.value() - relative.value();
    Some([size, if T::ORDER > 0 && Float::is_normal(number.value()) { relative + rest() } else { relative }])
}
