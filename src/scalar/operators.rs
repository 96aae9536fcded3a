//! The operators and functions of every differentiating scalar: they follow from three ways to apply the chain rule.

use std::cmp::Ordering;

use num_traits::{One, Zero};

use crate::scalar::slope::Slope;
use crate::scalar::{Scalar, rules, zero};

/// One mode of differentiation: how a local derivative reaches the result.
///
/// A type that implements it gets all operators and the traits of the ecosystem from
/// [`impl_scalar`], and all elementary functions from [`chained_functions`].
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

    /// `f(self)`, from its value and the slope of a rule.
    #[inline(always)]
    #[track_caller]
    fn apply(self, value: Self::Inner, slope: impl Slope<Self::Inner>) -> Self {
        let number = slope.number();
        self.along(value, number, slope.factors())
    }

    /// `f(self)`, from its value and its slope, or two factors of it.
    #[inline(always)]
    #[track_caller]
    fn along(self, value: Self::Inner, number: Self::Inner, factors: Option<[Self::Inner; 2]>) -> Self {
        match factors {
            None => self.chain(value, number),
            Some(factors) => self.chain_in_factors(value, factors),
        }
    }

    /// `f(self)`, from its value and two factors of its slope.
    #[inline]
    #[track_caller]
    fn chain_in_factors(self, value: Self::Inner, [first, second]: [Self::Inner; 2]) -> Self {
        self.chain(value, first).chain(value, second)
    }

    /// `f(self, other)`, from its value and both slopes of a rule.
    #[inline(always)]
    #[track_caller]
    fn apply2(
        self,
        other: Self,
        value: Self::Inner,
        by_self: impl Slope<Self::Inner>,
        by_other: impl Slope<Self::Inner>,
    ) -> Self {
        let numbers = [by_self.number(), by_other.number()];
        match [by_self.factors(), by_other.factors()] {
            [None, None] => self.chain2(other, value, numbers),
            factors => apply2_in_factors(self, other, value, numbers, factors),
        }
    }
}

/// Returns `a·b` by the rule "a zero beats an infinity", on the level of the scalar inside too.
#[track_caller]
pub(crate) fn product_by_rule<M: Mode>(a: M, b: M) -> M {
    if zero::vanishes(a, b) {
        return M::zero();
    }
    a.chain2(b, zero::product(a.inner(), b.inner()), [b.inner(), a.inner()])
}

/// `f(x, y)` where a slope is in factors: the sum of a part along each operand.
#[cold]
#[track_caller]
fn apply2_in_factors<M: Mode>(
    x: M,
    y: M,
    value: M::Inner,
    numbers: [M::Inner; 2],
    factors: [Option<[M::Inner; 2]>; 2],
) -> M {
    let [by_x, by_y] = factors;
    // Any value plus −0 is itself.
    Mode::plus(x.along(value, numbers[0], by_x), y.along(-M::Inner::zero(), numbers[1], by_y))
}

/// A question about two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    /// `a == b`.
    Equal,
    /// `a < b`.
    Less,
    /// `a <= b`.
    AtMost,
}

impl Relation {
    /// Returns the answer.
    #[inline(always)]
    pub(crate) fn holds<X: PartialOrd<Y>, Y>(self, a: X, b: Y) -> bool {
        match self {
            Relation::Equal => a == b,
            Relation::Less => a < b,
            Relation::AtMost => a <= b,
        }
    }
}

/// The operators of a scalar as methods, with a scalar of its own kind and with a plain
/// number `c`. [`impl_scalar`] makes operators of them.
///
/// Every [`Mode`] has them by the chain rule.
pub(crate) trait Operators: Scalar {
    /// `−self`.
    fn negated(self) -> Self;

    /// `self + other`.
    fn plus(self, other: Self) -> Self;

    /// `self − other`.
    fn minus(self, other: Self) -> Self;

    /// `self·other`.
    fn times(self, other: Self) -> Self;

    /// `self/other`.
    fn over(self, other: Self) -> Self;

    /// `self % other`.
    fn modulo(self, other: Self) -> Self;

    /// `c + self`.
    fn added_to(self, c: Self::Real) -> Self;

    /// `self − c`.
    fn lowered_by(self, c: Self::Real) -> Self;

    /// `c − self`.
    fn subtracted_from(self, c: Self::Real) -> Self;

    /// `c·self`.
    fn multiplied_by(self, c: Self::Real) -> Self;

    /// `self/c`.
    fn divided_by(self, c: Self::Real) -> Self;

    /// `c/self`.
    fn dividing(self, c: Self::Real) -> Self;

    /// `self % c`.
    fn reduced_by(self, c: Self::Real) -> Self;

    /// `c % self`.
    fn reducing(self, c: Self::Real) -> Self;

    /// Returns whether the values of the two are in this relation. A trace notes the answer.
    #[inline(always)]
    fn relates(self, relation: Relation, other: Self) -> bool {
        relation.holds(self.value(), other.value())
    }

    /// Returns the order of the values of the two.
    #[inline(always)]
    fn order(self, other: Self) -> Option<Ordering> {
        self.value().partial_cmp(&other.value())
    }
}

impl<M: Mode> Operators for M {
    #[inline(always)]
    #[track_caller]
    fn negated(self) -> Self {
        self.chain_real(-self.inner(), -M::Real::one())
    }

    #[inline(always)]
    #[track_caller]
    fn plus(self, other: Self) -> Self {
        Mode::plus(self, other)
    }

    #[inline(always)]
    #[track_caller]
    fn minus(self, other: Self) -> Self {
        Mode::minus(self, other)
    }

    #[inline(always)]
    #[track_caller]
    fn times(self, other: Self) -> Self {
        let (value, by_self, by_other) = rules::mul(self.inner(), other.inner());
        self.chain2(other, value, [by_self, by_other])
    }

    #[inline(always)]
    #[track_caller]
    fn over(self, other: Self) -> Self {
        let (value, by_self, by_other) = rules::div(self.inner(), other.inner());
        self.apply2(other, value, by_self, by_other)
    }

    #[inline(always)]
    #[track_caller]
    fn modulo(self, other: Self) -> Self {
        let (value, by_self, by_other) = rules::rem(self.inner(), other.inner());
        self.chain2(other, value, [by_self, by_other])
    }

    #[inline(always)]
    #[track_caller]
    fn added_to(self, c: M::Real) -> Self {
        self.chain_real(self.inner() + c, M::Real::one())
    }

    #[inline(always)]
    #[track_caller]
    fn lowered_by(self, c: M::Real) -> Self {
        self.chain_real(self.inner() - c, M::Real::one())
    }

    #[inline(always)]
    #[track_caller]
    fn subtracted_from(self, c: M::Real) -> Self {
        self.chain_real(-self.inner() + c, -M::Real::one())
    }

    #[inline(always)]
    #[track_caller]
    fn multiplied_by(self, c: M::Real) -> Self {
        self.chain_real(self.inner() * c, c)
    }

    #[inline(always)]
    #[track_caller]
    fn divided_by(self, c: M::Real) -> Self {
        let (value, slope) = (self.inner() / c, rules::reciprocal(c));
        let number = slope.number();
        match slope.factors() {
            None => self.chain_real(value, number),
            Some([first, second]) => self.chain_real(value, first).chain_real(value, second),
        }
    }

    #[inline(always)]
    #[track_caller]
    fn dividing(self, c: M::Real) -> Self {
        let (value, _, slope) = rules::div(M::Inner::from_real(c), self.inner());
        self.apply(value, slope)
    }

    #[inline(always)]
    #[track_caller]
    fn reduced_by(self, c: M::Real) -> Self {
        let (value, slope, _) = rules::rem(self.inner(), M::Inner::from_real(c));
        self.chain(value, slope)
    }

    #[inline(always)]
    #[track_caller]
    fn reducing(self, c: M::Real) -> Self {
        let (value, _, slope) = rules::rem(M::Inner::from_real(c), self.inner());
        self.chain(value, slope)
    }
}

/// The elementary functions of a [`Mode`], from their rules; `inline` or `inline(always)` says how they are compiled.
macro_rules! chained_functions {
    (
        [$inline:meta] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[$inline]
            #[track_caller]
            fn $name(self $(, $p: $t)*) -> Self {
                let (value, slope) = $crate::scalar::rules::$name(self.inner() $(, $p)*);
                self.apply(value, slope)
            }
        )*
        $(
            #[$inline]
            #[track_caller]
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                let $other = <Self as $crate::Accepts<Y>>::accept($other);
                let (value, by_self, by_other) = $crate::scalar::rules::$name2(self.inner(), $other.inner());
                self.apply2($other, value, by_self, by_other)
            }
        )*

        #[$inline]
        #[track_caller]
        fn sin_cos(self) -> (Self, Self) {
            let (sin, cos) = self.inner().sin_cos();
            (self.chain(sin, cos), self.chain(cos, -sin))
        }

        #[$inline]
        #[track_caller]
        fn mul_add(self, a: Self, b: Self) -> Self {
            let (value, by_self, by_a, by_b) = $crate::scalar::rules::mul_add(self.inner(), a.inner(), b.inner());
            self.chain3(a, b, value, [by_self, by_a, by_b])
        }
    };
}
pub(crate) use chained_functions;

/// The elementary functions as inherent methods, as `f64` has them: they need no import, and another trait in scope with
/// a method of that name, such as `num_traits::Float`, does not make a call ambiguous.
macro_rules! inherent_functions {
    (
        [[$($generics:tt)*] $type:ty] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        impl<T: Scalar, $($generics)*> $type {
            /// Returns the plain value, as [`Scalar::value`].
            #[inline]
            pub fn value(self) -> T::Real {
                Scalar::value(self)
            }

            /// Returns a constant, as [`Scalar::from_real`].
            #[inline]
            pub fn from_real(x: T::Real) -> Self {
                Scalar::from_real(x)
            }

            /// Returns a constant, as [`Scalar::from_f64`].
            #[inline]
            pub fn from_f64(x: f64) -> Self {
                Scalar::from_f64(x)
            }

            /// Returns the constant π, as [`Scalar::pi`].
            #[inline]
            pub fn pi() -> Self {
                Scalar::pi()
            }

            /// Returns the constant 2π, as [`Scalar::tau`].
            #[inline]
            pub fn tau() -> Self {
                Scalar::tau()
            }

            /// Returns Euler's number, as [`Scalar::e`].
            #[inline]
            pub fn e() -> Self {
                Scalar::e()
            }

            /// Returns whether the value is NaN, as [`Scalar::is_nan`].
            #[inline]
            pub fn is_nan(self) -> bool {
                Scalar::is_nan(self)
            }

            /// Returns whether the value is finite, as [`Scalar::is_finite`].
            #[inline]
            pub fn is_finite(self) -> bool {
                Scalar::is_finite(self)
            }

            /// Returns whether the value is ∞ or −∞, as [`Scalar::is_infinite`].
            #[inline]
            pub fn is_infinite(self) -> bool {
                Scalar::is_infinite(self)
            }

            /// Returns whether the value has a positive sign, as [`Scalar::is_sign_positive`].
            #[inline]
            pub fn is_sign_positive(self) -> bool {
                Scalar::is_sign_positive(self)
            }

            /// Returns whether the value has a negative sign, as [`Scalar::is_sign_negative`].
            #[inline]
            pub fn is_sign_negative(self) -> bool {
                Scalar::is_sign_negative(self)
            }

            /// Compares the values in a total order, as [`Scalar::total_cmp`].
            #[inline]
            pub fn total_cmp(&self, other: &Self) -> std::cmp::Ordering {
                Scalar::total_cmp(self, other)
            }

            /// Returns the angle in radians, as [`Scalar::to_radians`].
            #[inline]
            #[track_caller]
            pub fn to_radians(self) -> Self {
                Scalar::to_radians(self)
            }

            /// Returns the angle in degrees, as [`Scalar::to_degrees`].
            #[inline]
            #[track_caller]
            pub fn to_degrees(self) -> Self {
                Scalar::to_degrees(self)
            }

            /// Returns the remainder that is never negative, as [`Scalar::rem_euclid`].
            #[inline]
            #[track_caller]
            pub fn rem_euclid<Y>(self, y: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                Scalar::rem_euclid(self, y)
            }

            /// Returns the quotient that belongs to `rem_euclid`, as [`Scalar::div_euclid`].
            #[inline]
            #[track_caller]
            pub fn div_euclid<Y>(self, y: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                Scalar::div_euclid(self, y)
            }

            /// Returns the sine and the cosine, as [`Scalar::sin_cos`].
            #[inline]
            #[track_caller]
            pub fn sin_cos(self) -> (Self, Self) {
                Scalar::sin_cos(self)
            }

            /// Returns `self·a + b` with one rounding, as [`Scalar::mul_add`].
            #[inline]
            #[track_caller]
            pub fn mul_add(self, a: Self, b: Self) -> Self {
                Scalar::mul_add(self, a, b)
            }

            $(
                #[doc = concat!("Returns [`Scalar::", stringify!($name), "`].")]
                #[inline]
                #[track_caller]
                pub fn $name(self $(, $p: $t)*) -> Self {
                    Scalar::$name(self $(, $p)*)
                }
            )*
            $(
                #[doc = concat!("Returns [`Scalar::", stringify!($name2), "`].")]
                #[inline]
                #[track_caller]
                pub fn $name2<Y>(self, $other: Y) -> Self
                where
                    Self: $crate::Accepts<Y>,
                {
                    Scalar::$name2(self, $other)
                }
            )*
        }
    };
}
pub(crate) use inherent_functions;

/// An operator with a borrowed operand, from the operator of the owned types.
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
        $with_self:ident, $with_real:ident
    ) => {
        impl<T: Scalar, $($generics)*> $trait for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                Operators::$with_self(self, other)
            }
        }
        impl<R: Real, T: Scalar<Real = R>, $($generics)*> $trait<R> for $type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: R) -> Self {
                Operators::$with_real(self, other)
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

/// All operators, comparisons and sums of a type with [`Operators`], and the traits of
/// num-traits, approx and simba: `impl_scalar!([const N: usize] Dual<T, N>)`.
macro_rules! impl_scalar {
    ([$($generics:tt)*] $type:ty) => {
        const _: () = {
            use std::cmp::Ordering;
            use std::iter::{Product, Sum};
            use std::ops::{
                Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
            };

            use $crate::scalar::operators::{Operators, Relation, borrowed, operator};
            use $crate::{Accepts, Real, Scalar};

            impl<T: Scalar, $($generics)*> Neg for $type {
                type Output = Self;
                #[inline(always)]
                #[track_caller]
                fn neg(self) -> Self {
                    self.negated()
                }
            }
            impl<T: Scalar, $($generics)*> Neg for &$type {
                type Output = $type;
                #[inline(always)]
                #[track_caller]
                fn neg(self) -> $type {
                    -*self
                }
            }
            /// The plain number of `T`.
            type Ground<T> = <T as Scalar>::Real;
            use num_traits::One as _;

            operator!([$($generics)*] $type, Add add AddAssign add_assign, plus, added_to);
            operator!([$($generics)*] $type, Sub sub SubAssign sub_assign, minus, lowered_by);
            operator!([$($generics)*] $type, Mul mul MulAssign mul_assign, times, multiplied_by);
            operator!([$($generics)*] $type, Div div DivAssign div_assign, over, divided_by);
            operator!([$($generics)*] $type, Rem rem RemAssign rem_assign, modulo, reduced_by);

            impl<T: Scalar, $($generics)*> PartialEq for $type {
                #[inline]
                fn eq(&self, other: &Self) -> bool {
                    self.relates(Relation::Equal, *other)
                }
            }
            impl<T: Scalar, $($generics)*> PartialOrd for $type {
                #[inline]
                fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                    self.order(*other)
                }
                #[inline]
                fn lt(&self, other: &Self) -> bool {
                    self.relates(Relation::Less, *other)
                }
                #[inline]
                fn le(&self, other: &Self) -> bool {
                    self.relates(Relation::AtMost, *other)
                }
                #[inline]
                fn gt(&self, other: &Self) -> bool {
                    other.relates(Relation::Less, *self)
                }
                #[inline]
                fn ge(&self, other: &Self) -> bool {
                    other.relates(Relation::AtMost, *self)
                }
            }
            impl<R: Real, T: Scalar<Real = R>, $($generics)*> PartialEq<R> for $type {
                #[inline]
                fn eq(&self, other: &R) -> bool {
                    *self == Self::from_real(*other)
                }
            }
            impl<R: Real, T: Scalar<Real = R>, $($generics)*> PartialOrd<R> for $type {
                #[inline]
                fn partial_cmp(&self, other: &R) -> Option<Ordering> {
                    self.order(Self::from_real(*other))
                }
                #[inline]
                fn lt(&self, other: &R) -> bool {
                    *self < Self::from_real(*other)
                }
                #[inline]
                fn le(&self, other: &R) -> bool {
                    *self <= Self::from_real(*other)
                }
                #[inline]
                fn gt(&self, other: &R) -> bool {
                    *self > Self::from_real(*other)
                }
                #[inline]
                fn ge(&self, other: &R) -> bool {
                    *self >= Self::from_real(*other)
                }
            }

            impl<T: Scalar, $($generics)*> Accepts<Self> for $type {
                #[inline(always)]
                fn accept(operand: Self) -> Self {
                    operand
                }
            }
            impl<R: Real, T: Scalar<Real = R>, $($generics)*> Accepts<R> for $type {
                #[inline(always)]
                fn accept(operand: R) -> Self {
                    Self::from_real(operand)
                }
            }

            /// Returns the constant 0.
            impl<T: Scalar, $($generics)*> Default for $type {
                fn default() -> Self {
                    Self::from_real(Ground::<T>::default())
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
        $crate::scalar::ecosystem::impl_ecosystem!([$($generics)*] $type);
        #[cfg(feature = "nalgebra")]
        $crate::scalar::simba::impl_simba!(simba: [$($generics)*] $type);
        #[cfg(feature = "nalgebra-0_34")]
        $crate::scalar::simba::impl_simba!(simba_0_9: [$($generics)*] $type);
    };
}
pub(crate) use impl_scalar;

/// Operators with a plain `f64` on the left: `left_operators!([T: Scalar<Real = f64>] Var<T>)`.
///
/// The compiler finds the type of `2.0 * x * y` in a closure only while one implementation fits the literal, so there is
/// none for `f32`: write `x * 2.0`.
macro_rules! left_operators {
    ([$($generics:tt)*] $type:ty) => {
        $crate::scalar::operators::left_operators!(@one [$($generics)*] $type, Add add added_to);
        $crate::scalar::operators::left_operators!(@one [$($generics)*] $type, Sub sub subtracted_from);
        $crate::scalar::operators::left_operators!(@one [$($generics)*] $type, Mul mul multiplied_by);
        $crate::scalar::operators::left_operators!(@one [$($generics)*] $type, Div div dividing);
        $crate::scalar::operators::left_operators!(@one [$($generics)*] $type, Rem rem reducing);
    };
    (@one [$($generics:tt)*] $type:ty, $trait:ident $method:ident $mode_method:ident) => {
        impl<$($generics)*> std::ops::$trait<$type> for f64 {
            type Output = $type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $type) -> $type {
                $crate::scalar::operators::Operators::$mode_method(other, self)
            }
        }
        $crate::scalar::operators::borrowed!([$($generics)*] $trait $method -> $type: f64, $type, f64, &$type);
        $crate::scalar::operators::borrowed!([$($generics)*] $trait $method -> $type: f64, $type, &f64, $type);
        $crate::scalar::operators::borrowed!([$($generics)*] $trait $method -> $type: f64, $type, &f64, &$type);
    };
}
pub(crate) use left_operators;
