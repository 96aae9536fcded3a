//! The traits of simba, over which nalgebra is written: every reading is a `RealField`.
//!
//! A number is compared, and converted to a plain one, by its value. Where the defaults of the traits would drop a
//! derivative, the methods are written here: `to_exp`, `signum`, `sinc` and `sinhc` at 0.

use num_traits::ToPrimitive;

use crate::scalar::Scalar;

/// Lifts constants of the plain number, for methods with names of their own.
macro_rules! lift_constants_as {
    ($($name:ident $constant:ident;)*) => {
        $(
            #[inline]
            fn $name() -> Self {
                Self::from_real(T::Real::$constant())
            }
        )*
    };
}
pub(crate) use lift_constants_as;

/// The subset `$real` of a reading: the conversion from a plain number, and back to the value.
///
/// A number is in the subset whatever its derivatives: algorithms ask for a whole number of steps this way.
macro_rules! impl_subset {
    ($simba:ident $real:ident $read:ident: [$($generics:tt)*] $type:ty) => {
        impl<T: Scalar, $($generics)*> ::$simba::scalar::SubsetOf<$type> for $real {
            #[inline]
            fn to_superset(&self) -> $type {
                <$type>::from_f64((*self).into())
            }
            #[inline]
            fn from_superset_unchecked(number: &$type) -> $real {
                number.value().$read().unwrap_or($real::NAN)
            }
            #[inline]
            fn is_in_subset(_: &$type) -> bool {
                true
            }
        }
    };
}
pub(crate) use impl_subset;

/// The traits of one version of simba, by the name of its crate.
macro_rules! impl_simba {
    ($simba:ident: [$($generics:tt)*] $type:ty) => { const _: () = {
        use num_traits::{FloatConst, One, ToPrimitive};

        use $crate::Scalar;
        use $crate::scalar::ecosystem::forward_to_scalar;
        use $crate::scalar::simba::{cardinal, impl_subset, lift_constants_as};

        impl_subset!($simba f64 to_f64: [$($generics)*] $type);
        impl_subset!($simba f32 to_f32: [$($generics)*] $type);

        impl<T: Scalar, $($generics)*> ::$simba::scalar::SubsetOf<$type> for $type {
            #[inline]
            fn to_superset(&self) -> $type {
                *self
            }
            #[inline]
            fn from_superset_unchecked(number: &$type) -> $type {
                *number
            }
            #[inline]
            fn is_in_subset(_: &$type) -> bool {
                true
            }
        }

        /// One number in one lane.
        // The trait declares two methods unsafe, because a type of several lanes could be read beyond its last one.
        #[allow(unsafe_code)]
        impl<T: Scalar, $($generics)*> ::$simba::simd::SimdValue for $type {
            const LANES: usize = 1;
            type Element = Self;
            type SimdBool = bool;
            #[inline(always)]
            fn splat(number: Self) -> Self {
                number
            }
            #[inline(always)]
            fn extract(&self, _: usize) -> Self {
                *self
            }
            #[inline(always)]
            unsafe fn extract_unchecked(&self, _: usize) -> Self {
                *self
            }
            #[inline(always)]
            fn replace(&mut self, _: usize, number: Self) {
                *self = number;
            }
            #[inline(always)]
            unsafe fn replace_unchecked(&mut self, _: usize, number: Self) {
                *self = number;
            }
            #[inline(always)]
            fn select(self, condition: bool, other: Self) -> Self {
                if condition { self } else { other }
            }
        }

        impl<T: Scalar, $($generics)*> ::$simba::simd::PrimitiveSimdValue for $type {}

        impl<T: Scalar, $($generics)*> ::$simba::scalar::Field for $type {}

        impl<T: Scalar, $($generics)*> ::$simba::scalar::ComplexField for $type {
            type RealField = Self;
            forward_to_scalar! {
                floor(); ceil(); round(); trunc(); fract(); abs(); signum(); mul_add(a: Self, b: Self);
                hypot(other: Self); recip(); sqrt(); cbrt(); powi(n: i32); log(base: Self);
                exp(); exp2(); exp_m1(); ln(); log2(); log10(); ln_1p();
                sin(); cos(); tan(); asin(); acos(); atan(); sinh(); cosh(); tanh(); asinh(); acosh(); atanh();
            }
            #[inline]
            fn from_real(number: Self) -> Self {
                number
            }
            #[inline]
            fn real(self) -> Self {
                self
            }
            #[inline]
            fn imaginary(self) -> Self {
                <Self as Default>::default()
            }
            #[inline]
            fn conjugate(self) -> Self {
                self
            }
            #[inline]
            #[track_caller]
            fn modulus(self) -> Self {
                Scalar::abs(self)
            }
            #[inline]
            #[track_caller]
            fn norm1(self) -> Self {
                Scalar::abs(self)
            }
            #[inline]
            #[track_caller]
            fn modulus_squared(self) -> Self {
                self * self
            }
            #[inline]
            fn argument(self) -> Self {
                if self >= <Self as Default>::default() { <Self as Default>::default() } else { Scalar::pi() }
            }
            /// The product of the parts is `self`, at 0 too.
            #[inline]
            #[track_caller]
            fn to_exp(self) -> (Self, Self) {
                if self >= <Self as Default>::default() { (self, Self::one()) } else { (-self, -Self::one()) }
            }
            #[inline]
            #[track_caller]
            fn scale(self, factor: Self) -> Self {
                self * factor
            }
            #[inline]
            #[track_caller]
            fn unscale(self, factor: Self) -> Self {
                self / factor
            }
            #[inline]
            #[track_caller]
            fn sin_cos(self) -> (Self, Self) {
                Scalar::sin_cos(self)
            }
            #[track_caller]
            fn sinc(self) -> Self {
                cardinal(self, Scalar::sin, -1.0)
            }
            #[track_caller]
            fn sinhc(self) -> Self {
                cardinal(self, Scalar::sinh, 1.0)
            }
            #[inline]
            #[track_caller]
            fn powf(self, exponent: Self) -> Self {
                Scalar::pow(self, exponent)
            }
            #[inline]
            #[track_caller]
            fn powc(self, exponent: Self) -> Self {
                Scalar::pow(self, exponent)
            }
            #[inline]
            fn is_finite(&self) -> bool {
                Scalar::is_finite(*self)
            }
            #[inline]
            #[track_caller]
            fn try_sqrt(self) -> Option<Self> {
                (self >= <Self as Default>::default()).then(|| Scalar::sqrt(self))
            }
        }

        impl<T: Scalar, $($generics)*> ::$simba::scalar::RealField for $type {
            forward_to_scalar! {
                copysign(sign: Self); max(other: Self); min(other: Self); atan2(other: Self);
            }
            lift_constants_as! {
                pi PI; two_pi TAU; frac_pi_2 FRAC_PI_2; frac_pi_3 FRAC_PI_3; frac_pi_4 FRAC_PI_4; frac_pi_6 FRAC_PI_6;
                frac_pi_8 FRAC_PI_8; frac_1_pi FRAC_1_PI; frac_2_pi FRAC_2_PI; frac_2_sqrt_pi FRAC_2_SQRT_PI;
                e E; log2_e LOG2_E; log10_e LOG10_E; ln_2 LN_2; ln_10 LN_10;
            }
            #[inline]
            fn is_sign_positive(&self) -> bool {
                Scalar::is_sign_positive(*self)
            }
            #[inline]
            fn is_sign_negative(&self) -> bool {
                Scalar::is_sign_negative(*self)
            }
            #[inline]
            fn clamp(self, lo: Self, hi: Self) -> Self {
                if self < lo { lo } else if self > hi { hi } else { self }
            }
            #[inline]
            fn min_value() -> Option<Self> {
                Some(<Self as num_traits::Bounded>::min_value())
            }
            #[inline]
            fn max_value() -> Option<Self> {
                Some(<Self as num_traits::Bounded>::max_value())
            }
        }
    }; };
}
pub(crate) use impl_simba;

/// Returns `f(x)/x` of the sine (`sign` −1) or the hyperbolic sine (`sign` 1), 1 at 0.
///
/// The derivatives of the quotient cancel near 0, so there it is the power series `Σₖ (±x²)ᵏ/(2k+1)!`. Eleven terms are
/// exact to rounding below 1. Every two derivatives lose one of them.
#[track_caller]
pub(crate) fn cardinal<S: Scalar>(x: S, f: fn(S) -> S, sign: f64) -> S {
    if x.value().to_f64().is_none_or(|x| x.abs() >= 1.0) {
        return f(x) / x;
    }
    let square = x * x;
    let terms = 11 + S::ORDER.div_ceil(2);
    (1..terms).rev().fold(S::one(), |sum, k| {
        let factor = S::from_f64(sign / ((2 * k) as f64 * (2 * k + 1) as f64));
        sum * square * factor + S::one()
    })
}
