//! What every differentiating scalar shares: the operators and functions that
//! follow from three ways to apply the chain rule.

use num_traits::One;

use crate::{Dual, Scalar, Var, rules};

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

    /// `c + self`.
    #[inline(always)]
    #[track_caller]
    fn added_to(self, c: Self::Real) -> Self {
        self.chain_real(self.inner() + c, Self::Real::one())
    }

    /// `c − self`.
    #[inline(always)]
    #[track_caller]
    fn subtracted_from(self, c: Self::Real) -> Self {
        self.chain_real(-self.inner() + c, -Self::Real::one())
    }

    /// `c·self`.
    #[inline(always)]
    #[track_caller]
    fn multiplied_by(self, c: Self::Real) -> Self {
        self.chain_real(self.inner() * c, c)
    }

    /// `c/self`.
    #[inline(always)]
    #[track_caller]
    fn dividing(self, c: Self::Real) -> Self {
        let (value, _, slope) = rules::div(Self::Inner::from_real(c), self.inner());
        self.chain(value, slope)
    }

    /// `c % self`.
    #[inline(always)]
    #[track_caller]
    fn reducing(self, c: Self::Real) -> Self {
        let (value, _, slope) = rules::rem(Self::Inner::from_real(c), self.inner());
        self.chain(value, slope)
    }
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

/// An operator with a borrowed operand, from that of the owned types.
macro_rules! borrowed {
    ([$($generics:tt)*] $trait:ident $method:ident -> $type:ty: $left:ty, $right:ty, $left_form:ty, $right_form:ty) => {
        impl<$($generics)*> std::ops::$trait<$right_form> for $left_form {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $right_form) -> $type {
                std::ops::$trait::$method(<$left>::clone(&self), <$right>::clone(&other))
            }
        }
    };
}
pub(crate) use borrowed;

/// One operator in its owned and borrowed forms, and its assigning form.
macro_rules! operator {
    (
        [$($generics:tt)*] $type:ty, $trait:ident $method:ident $assign:ident $assign_method:ident,
        |$a:ident, $b:ident| $with_self:expr, |$x:ident, $c:ident| $with_real:expr
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
        borrowed!([T: Scalar, $($generics)*] $trait $method -> $type: $type, $type, $type, &$type);
        borrowed!([T: Scalar, $($generics)*] $trait $method -> $type: $type, $type, &$type, $type);
        borrowed!([T: Scalar, $($generics)*] $trait $method -> $type: $type, $type, &$type, &$type);
        borrowed!([T: Scalar<Real = f64>, $($generics)*] $trait $method -> $type: $type, f64, $type, &f64);
        borrowed!([T: Scalar<Real = f64>, $($generics)*] $trait $method -> $type: $type, f64, &$type, f64);
        borrowed!([T: Scalar<Real = f64>, $($generics)*] $trait $method -> $type: $type, f64, &$type, &f64);
        borrowed!([T: Scalar<Real = f32>, $($generics)*] $trait $method -> $type: $type, f32, $type, &f32);
        borrowed!([T: Scalar<Real = f32>, $($generics)*] $trait $method -> $type: $type, f32, &$type, f32);
        borrowed!([T: Scalar<Real = f32>, $($generics)*] $trait $method -> $type: $type, f32, &$type, &f32);
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

            use $crate::operators::{Mode, borrowed, operator};
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
                |x, c| x.added_to(c));
            operator!([$($generics)*] $type, Sub sub SubAssign sub_assign,
                |a, b| a.minus(b),
                |x, c| x.chain_real(x.inner() - c, Ground::<T>::one()));
            operator!([$($generics)*] $type, Mul mul MulAssign mul_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::mul(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| x.multiplied_by(c));
            operator!([$($generics)*] $type, Div div DivAssign div_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::div(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| x.chain_real(x.inner() / c, Ground::<T>::one() / c));
            operator!([$($generics)*] $type, Rem rem RemAssign rem_assign,
                |a, b| {
                    let (value, by_a, by_b) = rules::rem(a.inner(), b.inner());
                    a.chain2(b, value, [by_a, by_b])
                },
                |x, c| {
                    let (value, slope, _) = rules::rem(x.inner(), T::from_real(c));
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

/// Operators with a plain `f64` on the left.
macro_rules! left_operators {
    ([$($generics:tt)*] $type:ty) => {
        left_operators!(@one [$($generics)*] $type, Add add added_to);
        left_operators!(@one [$($generics)*] $type, Sub sub subtracted_from);
        left_operators!(@one [$($generics)*] $type, Mul mul multiplied_by);
        left_operators!(@one [$($generics)*] $type, Div div dividing);
        left_operators!(@one [$($generics)*] $type, Rem rem reducing);
    };
    (@one [$($generics:tt)*] $type:ty, $trait:ident $method:ident $mode_method:ident) => {
        impl<$($generics)*> std::ops::$trait<$type> for f64 {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $type) -> $type {
                other.$mode_method(self)
            }
        }
        borrowed!([$($generics)*] $trait $method -> $type: f64, $type, f64, &$type);
        borrowed!([$($generics)*] $trait $method -> $type: f64, $type, &f64, $type);
        borrowed!([$($generics)*] $trait $method -> $type: f64, $type, &f64, &$type);
    };
}

// The compiler finds the type of `2.0 * x * y` in a closure only while one
// implementation fits the literal, so there is none for f32: write `x * 2.0`.
left_operators!([T: Scalar<Real = f64>, const N: usize] Dual<T, N>);
left_operators!([T: Scalar<Real = f64>] Var<T>);
