//! Slopes as one number, or as two factors where one number overflows or underflows.
//!
//! The slope of 1/x is −1/x². Where 1/x has 200 digits before the point, the slope has too many for any number, and the
//! derivative of ln(1/x) has one: the chain rule then multiplies by −1/x twice. So a rule whose slope is a power or a
//! quotient names two factors of it, and every mode chains them one after the other where the product does not fit.

use num_traits::{Float, Zero};

use super::Scalar;

/// The slope of a rule.
pub(crate) trait Slope<T> {
    /// Returns the slope as one number.
    fn number(&self) -> T;

    /// Returns two factors of the slope where one number cannot hold it and they can.
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

/// A slope that may overflow or underflow where its factors do not.
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

/// Returns a slope that is `number`, and the product of `factors` where that overflows or underflows.
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
    Float::is_normal(slope.value()) && slope.is_finite_throughout()
}

/// Returns the factors if they hold what the number does not. Where the value does not fit, the values decide, so that the
/// lower orders of a nested derivative are those of the lower derivative.
#[cold]
fn usable<T: Scalar>(number: T, factors: impl FnOnce() -> [T; 2]) -> Option<[T; 2]> {
    let value_fits = Float::is_normal(number.value());
    let is_usable = |&factor: &T| {
        let value = factor.value();
        Float::is_finite(value) && value != T::Real::zero() && (!value_fits || factor.is_finite_throughout())
    };
    Some(factors()).filter(|factors| factors.iter().all(is_usable))
}
