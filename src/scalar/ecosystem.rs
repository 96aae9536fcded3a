//! The traits of num-traits and approx, for every [`Mode`](crate::scalar::operators::Mode): foreign code over
//! `num_traits::Float` can be differentiated in both modes.
//!
//! Questions about a number (its sign, its class, whether it is near another) are answered for its value, as with `==`
//! and `<`. There is one exception: `Zero::is_zero` asks whether a number is the constant 0, because foreign code leaves
//! out the terms of a zero.

/// Forwards methods of a foreign trait to the methods of [`Scalar`](crate::Scalar).
macro_rules! forward_to_scalar {
    ($($name:ident($($p:ident: $t:ty),*);)*) => {
        $(
            #[inline]
            #[track_caller]
            fn $name(self $(, $p: $t)*) -> Self {
                Scalar::$name(self $(, $p)*)
            }
        )*
    };
}
pub(crate) use forward_to_scalar;

/// Lifts the constants of the plain number, for a foreign trait.
macro_rules! lift_constants {
    ($($name:ident)*) => {
        $(
            #[inline]
            fn $name() -> Self {
                Self::from_real(Ground::<T>::$name())
            }
        )*
    };
}
pub(crate) use lift_constants;

macro_rules! impl_ecosystem {
    ([$($generics:tt)*] $type:ty) => {
        const _: () = {
            use std::num::FpCategory;

            use approx::{AbsDiffEq, RelativeEq, UlpsEq};
            use num_traits::{
                Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, MulAddAssign, Num, NumCast, One, Pow, Signed,
                ToPrimitive, Zero,
            };

            use $crate::scalar::cast::{cast, read};
            use $crate::scalar::ecosystem::{forward_to_scalar, lift_constants};
            use $crate::{Real, Scalar};

            /// The plain number of `T`.
            type Ground<T> = <T as Scalar>::Real;

            impl<T: Scalar, $($generics)*> Zero for $type {
                lift_constants!(zero);
                #[inline]
                fn is_zero(&self) -> bool {
                    self.is_identically_zero()
                }
            }

            impl<T: Scalar, $($generics)*> One for $type {
                lift_constants!(one);
            }

            impl<T: Scalar, $($generics)*> Num for $type {
                type FromStrRadixErr = <Ground<T> as Num>::FromStrRadixErr;
                fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
                    Ground::<T>::from_str_radix(text, radix).map(Self::from_real)
                }
            }

            impl<T: Scalar, $($generics)*> ToPrimitive for $type {
                fn to_i64(&self) -> Option<i64> {
                    read(*self).to_i64()
                }
                fn to_u64(&self) -> Option<u64> {
                    read(*self).to_u64()
                }
                fn to_f64(&self) -> Option<f64> {
                    read(*self).to_f64()
                }
            }

            impl<T: Scalar, $($generics)*> NumCast for $type {
                fn from<P: ToPrimitive>(number: P) -> Option<Self> {
                    cast::<T, Self>(number)
                }
            }

            impl<T: Scalar, $($generics)*> FromPrimitive for $type {
                fn from_i64(number: i64) -> Option<Self> {
                    <Self as NumCast>::from(number)
                }
                fn from_u64(number: u64) -> Option<Self> {
                    <Self as NumCast>::from(number)
                }
                fn from_f64(number: f64) -> Option<Self> {
                    <Self as NumCast>::from(number)
                }
            }

            impl<T: Scalar, $($generics)*> Bounded for $type {
                lift_constants!(min_value max_value);
            }

            impl<T: Scalar, $($generics)*> Signed for $type {
                fn abs(&self) -> Self {
                    Scalar::abs(*self)
                }
                fn abs_sub(&self, other: &Self) -> Self {
                    Scalar::abs_sub(*self, *other)
                }
                fn signum(&self) -> Self {
                    Scalar::signum(*self)
                }
                fn is_positive(&self) -> bool {
                    Scalar::is_sign_positive(*self)
                }
                fn is_negative(&self) -> bool {
                    Scalar::is_sign_negative(*self)
                }
            }

            impl<T: Scalar, $($generics)*> Inv for $type {
                type Output = Self;
                fn inv(self) -> Self {
                    Scalar::recip(self)
                }
            }

            impl<T: Scalar, $($generics)*> Pow<Self> for $type {
                type Output = Self;
                fn pow(self, exponent: Self) -> Self {
                    Scalar::pow(self, exponent)
                }
            }

            impl<R: Real, T: Scalar<Real = R>, $($generics)*> Pow<R> for $type {
                type Output = Self;
                fn pow(self, exponent: R) -> Self {
                    Scalar::powf(self, exponent)
                }
            }

            impl<T: Scalar, $($generics)*> Pow<i32> for $type {
                type Output = Self;
                fn pow(self, exponent: i32) -> Self {
                    Scalar::powi(self, exponent)
                }
            }

            impl<T: Scalar, $($generics)*> MulAdd for $type {
                type Output = Self;
                fn mul_add(self, a: Self, b: Self) -> Self {
                    Scalar::mul_add(self, a, b)
                }
            }

            impl<T: Scalar, $($generics)*> MulAddAssign for $type {
                fn mul_add_assign(&mut self, a: Self, b: Self) {
                    *self = Scalar::mul_add(*self, a, b);
                }
            }

            impl<T: Scalar, $($generics)*> FloatConst for $type {
                lift_constants!(
                    E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6
                    FRAC_PI_8 LN_10 LN_2 LOG10_2 LOG10_E LOG2_10 LOG2_E PI SQRT_2 TAU
                );
            }

            impl<T: Scalar, $($generics)*> Float for $type {
                lift_constants!(
                    nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon
                );
                forward_to_scalar! {
                    floor(); ceil(); round(); trunc(); fract(); abs(); signum();
                    mul_add(a: Self, b: Self); recip(); powi(n: i32); sqrt(); cbrt(); hypot(other: Self);
                    exp(); exp2(); exp_m1(); ln(); log(base: Self); log2(); log10(); ln_1p();
                    max(other: Self); min(other: Self); abs_sub(other: Self); copysign(sign: Self);
                    sin(); cos(); tan(); asin(); acos(); atan(); atan2(other: Self);
                    sinh(); cosh(); tanh(); asinh(); acosh(); atanh(); to_degrees(); to_radians();
                }
                fn powf(self, exponent: Self) -> Self {
                    Scalar::pow(self, exponent)
                }
                fn sin_cos(self) -> (Self, Self) {
                    Scalar::sin_cos(self)
                }
                fn clamp(self, lo: Self, hi: Self) -> Self {
                    // The bounds are scalars here, so the result may depend on them.
                    assert!(lo <= hi, "clamp: the lower bound {lo} is not below the upper bound {hi}");
                    if self < lo { lo } else if self > hi { hi } else { self }
                }
                fn is_nan(self) -> bool {
                    Scalar::is_nan(self)
                }
                fn is_infinite(self) -> bool {
                    Scalar::is_infinite(self)
                }
                fn is_finite(self) -> bool {
                    Scalar::is_finite(self)
                }
                fn is_normal(self) -> bool {
                    self.value().is_normal()
                }
                fn is_subnormal(self) -> bool {
                    self.value().is_subnormal()
                }
                fn classify(self) -> FpCategory {
                    self.value().classify()
                }
                fn is_sign_positive(self) -> bool {
                    Scalar::is_sign_positive(self)
                }
                fn is_sign_negative(self) -> bool {
                    Scalar::is_sign_negative(self)
                }
                fn integer_decode(self) -> (u64, i16, i8) {
                    self.value().integer_decode()
                }
            }

            impl<T: Scalar, $($generics)*> AbsDiffEq for $type {
                type Epsilon = Self;
                fn default_epsilon() -> Self {
                    Self::from_real(Ground::<T>::default_epsilon())
                }
                fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
                    self.value().abs_diff_eq(&other.value(), epsilon.value())
                }
            }

            impl<T: Scalar, $($generics)*> RelativeEq for $type {
                fn default_max_relative() -> Self {
                    Self::from_real(Ground::<T>::default_max_relative())
                }
                fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
                    self.value().relative_eq(&other.value(), epsilon.value(), max_relative.value())
                }
            }

            impl<T: Scalar, $($generics)*> UlpsEq for $type {
                fn default_max_ulps() -> u32 {
                    Ground::<T>::default_max_ulps()
                }
                fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
                    self.value().ulps_eq(&other.value(), epsilon.value(), max_ulps)
                }
            }
        };
    };
}
pub(crate) use impl_ecosystem;
