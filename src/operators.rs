//! What every differentiating scalar shares: the operators and functions that
//! follow from three ways to apply the chain rule.

use crate::Scalar;

/// One mode of differentiation: how a local derivative reaches the result.
///
/// A type that implements it gets all operators, all elementary functions and
/// the traits of the ecosystem from [`impl_scalar`].
pub(crate) trait Mode: Scalar {
    /// The scalar inside, in which rules are evaluated.
    type Inner: Scalar<Real = Self::Real>;

    /// The value in the inner scalar.
    fn inner(self) -> Self::Inner;

    /// `f(self)`, from its value and slope.
    fn chain(self, value: Self::Inner, slope: Self::Inner) -> Self;

    /// `f(self)` whose slope is the plain number `slope`.
    fn chain_real(self, value: Self::Inner, slope: Self::Real) -> Self;

    /// `f(self, other)`, from its value and both slopes.
    fn chain2(self, other: Self, value: Self::Inner, slopes: [Self::Inner; 2]) -> Self;

    /// `f(self, b, c)`, from its value and all slopes.
    fn chain3(self, b: Self, c: Self, value: Self::Inner, slopes: [Self::Inner; 3]) -> Self;

    /// `self + other`.
    fn plus(self, other: Self) -> Self;

    /// `self − other`.
    fn minus(self, other: Self) -> Self;
}

/// The elementary functions of a [`Mode`], from their rules.
macro_rules! chained_functions {
    (
        [] unary { $($(#[$doc:meta])* $name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($(#[$doc2:meta])* $name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[inline]
            #[track_caller]
            fn $name(self $(, $p: $t)*) -> Self {
                let (value, slope) = $crate::rules::$name(self.inner() $(, $p)*);
                self.chain(value, slope)
            }
        )*
        $(
            #[inline]
            #[track_caller]
            fn $name2(self, $other: Self) -> Self {
                let (value, by_self, by_other) = $crate::rules::$name2(self.inner(), $other.inner());
                self.chain2($other, value, [by_self, by_other])
            }
        )*

        #[inline]
        #[track_caller]
        fn mul_add(self, a: Self, b: Self) -> Self {
            let (value, by_self, by_a, by_b) = $crate::rules::mul_add(self.inner(), a.inner(), b.inner());
            self.chain3(a, b, value, [by_self, by_a, by_b])
        }
    };
}
pub(crate) use chained_functions;

/// One operator in its owned and borrowed forms, and its assigning form.
macro_rules! operator {
    (
        [$($generics:tt)*] $type:ty, $trait:ident $method:ident $assign:ident $assign_method:ident,
        |$a:ident, $b:ident| $with_self:expr, |$x:ident, $c:ident| $with_real:expr, |$d:ident, $y:ident| $real_with:expr
    ) => {
        impl<T: Scalar, $($generics)*> $trait for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self, other);
                $with_self
            }
        }
        impl<R: Real, T: Scalar<Real = R>, $($generics)*> $trait<R> for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: R) -> Self {
                let ($x, $c) = (self, other);
                $with_real
            }
        }
        impl<T: Scalar, $($generics)*> $trait<&Self> for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: &Self) -> Self {
                self.$method(*other)
            }
        }
        impl<T: Scalar, $($generics)*> $trait<$type> for &$type {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $type) -> $type {
                (*self).$method(other)
            }
        }
        impl<T: Scalar, $($generics)*> $trait<Self> for &$type {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Self) -> $type {
                (*self).$method(*other)
            }
        }
        impl<T: Scalar, Rhs, $($generics)*> $assign<Rhs> for $type
        where
            Self: $trait<Rhs, Output = Self>,
        {
            #[inline(always)]
            #[track_caller]
            fn $assign_method(&mut self, other: Rhs) {
                *self = (*self).$method(other);
            }
        }
        operator!(@plain f64 [$($generics)*] $type, $trait $method, |$d, $y| $real_with);
        operator!(@plain f32 [$($generics)*] $type, $trait $method, |$d, $y| $real_with);
    };
    (@plain $real:ident [$($generics:tt)*] $type:ty, $trait:ident $method:ident, |$d:ident, $y:ident| $real_with:expr) => {
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<&$real> for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: &$real) -> Self {
                self.$method(*other)
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<$real> for &$type {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $real) -> $type {
                (*self).$method(other)
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<&$real> for &$type {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: &$real) -> $type {
                (*self).$method(*other)
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<$type> for $real {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $type) -> $type {
                let ($d, $y) = (self, other);
                $real_with
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<&$type> for $real {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: &$type) -> $type {
                self.$method(*other)
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<$type> for &$real {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $type) -> $type {
                (*self).$method(other)
            }
        }
        impl<T: Scalar<Real = $real>, $($generics)*> $trait<&$type> for &$real {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: &$type) -> $type {
                (*self).$method(*other)
            }
        }
    };
}
pub(crate) use operator;

/// All operators, comparisons and sums of a [`Mode`], and the traits of
/// num-traits and approx: `impl_scalar!([const N: usize] Dual<T, N>)`.
macro_rules! impl_scalar {
    ([$($generics:tt)*] $type:ty) => {
        const _: () = {
            use std::cmp::Ordering;
            use std::iter::{Product, Sum};
            use std::ops::{
                Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
            };

            use $crate::operators::{Mode, operator};
            use $crate::{Real, Scalar, rules};

            impl<T: Scalar, $($generics)*> Neg for $type {
                type Output = Self;
                #[inline]
                #[track_caller]
                fn neg(self) -> Self {
                    self.chain_real(-self.inner(), -Ground::<T>::one())
                }
            }
            impl<T: Scalar, $($generics)*> Neg for &$type {
                type Output = $type;
                #[inline]
                #[track_caller]
                fn neg(self) -> $type {
                    -*self
                }
            }
            /// The plain number of `T`.
            type Ground<T> = <T as Scalar>::Real;
            use num_traits::One as _;

            operator!([$($generics)*] $type, Add add AddAssign add_assign,
                |a, b| a.plus(b),
                |x, c| x.chain_real(x.inner() + c, Ground::<T>::one()),
                |c, x| x.chain_real(x.inner() + c, Ground::<T>::one()));
            operator!([$($generics)*] $type, Sub sub SubAssign sub_assign,
                |a, b| a.minus(b),
                |x, c| x.chain_real(x.inner() - c, Ground::<T>::one()),
                |c, x| x.chain_real(-x.inner() + c, -Ground::<T>::one()));
            operator!([$($generics)*] $type, Mul mul MulAssign mul_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::mul(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| x.chain_real(x.inner() * c, c),
                |c, x| x.chain_real(x.inner() * c, c));
            operator!([$($generics)*] $type, Div div DivAssign div_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::div(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| x.chain_real(x.inner() / c, Ground::<T>::one() / c),
                |c, x| {
                    let (value, _, slope) = rules::div(T::from_real(c), x.inner());
                    x.chain(value, slope)
                });
            operator!([$($generics)*] $type, Rem rem RemAssign rem_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::rem(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| {
                    let (value, slope, _) = rules::rem(x.inner(), T::from_real(c));
                    x.chain(value, slope)
                },
                |c, x| {
                    let (value, _, slope) = rules::rem(T::from_real(c), x.inner());
                    x.chain(value, slope)
                });

            impl<T: Scalar, $($generics)*> PartialEq for $type {
                #[inline]
                fn eq(&self, other: &Self) -> bool {
                    self.value() == other.value()
                }
            }
            impl<T: Scalar, $($generics)*> PartialOrd for $type {
                #[inline]
                fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                    self.value().partial_cmp(&other.value())
                }
            }
            impl<R: Real, T: Scalar<Real = R>, $($generics)*> PartialEq<R> for $type {
                #[inline]
                fn eq(&self, other: &R) -> bool {
                    self.value() == *other
                }
            }
            impl<R: Real, T: Scalar<Real = R>, $($generics)*> PartialOrd<R> for $type {
                #[inline]
                fn partial_cmp(&self, other: &R) -> Option<Ordering> {
                    self.value().partial_cmp(other)
                }
            }

            impl<T: Scalar, $($generics)*> Sum for $type {
                #[track_caller]
                fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
                    terms.reduce(|a, b| a + b).unwrap_or_else(|| Self::from_real(std::iter::empty::<Ground<T>>().sum()))
                }
            }
            impl<'a, T: Scalar, $($generics)*> Sum<&'a Self> for $type {
                #[track_caller]
                fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
                    terms.copied().sum()
                }
            }
            impl<T: Scalar, $($generics)*> Product for $type {
                #[track_caller]
                fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
                    factors.reduce(|a, b| a * b).unwrap_or_else(Self::one)
                }
            }
            impl<'a, T: Scalar, $($generics)*> Product<&'a Self> for $type {
                #[track_caller]
                fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
                    factors.copied().product()
                }
            }
        };
        $crate::ecosystem::impl_ecosystem!([$($generics)*] $type);
    };
}
pub(crate) use impl_scalar;
