//! Operators between numbers of any two kinds, for functions that the macro `differentiable` has made generic.
//!
//! A trait can promise operators with a scalar on the left only. Functions of `f64` also have plain numbers and
//! references there. The macro writes `Operands(Times, a, b).apply()`, and method lookup decides: first [`Native`], what
//! Rust has for the two types; then, one reference further, the pairs that it lacks under `S: Scalar`.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use crate::scalar::{Real, Scalar};

/// The traits among which method lookup decides.
pub mod lookup {
    pub use super::{
        Native as _, NegatedReference as _, PlainReferenceWithReference as _, PlainReferenceWithScalar as _,
        PlainWithReference as _, PlainWithScalar as _, ReferenceWithPlain as _, ReferenceWithPlainReference as _,
        ReferenceWithReference as _, ReferenceWithScalar as _, ScalarWithPlainReference as _,
    };
}

/// An operation and its two operands.
#[derive(Clone, Copy, Debug)]
pub struct Operands<O, A, B>(pub O, pub A, pub B);

/// A number to be negated.
#[derive(Clone, Copy, Debug)]
pub struct Negated<A>(pub A);

/// An operation on scalars and plain numbers.
pub trait OnScalars {
    /// `x ∘ y`.
    fn scalars<S: Scalar>(x: S, y: S) -> S;

    /// `x ∘ c`.
    fn plain_right<S: Scalar>(x: S, c: S::Real) -> S;

    /// `c ∘ x`.
    fn plain_left<S: Scalar>(c: S::Real, x: S) -> S;
}

/// An operation that Rust has for two types.
pub trait OnTypes<A, B> {
    /// The type of the result.
    type Output;

    /// `a ∘ b`.
    fn on_types(a: A, b: B) -> Self::Output;
}

macro_rules! operations {
    ($($name:ident $trait:ident $operator:tt |$c:ident, $x:ident| $plain_left:expr;)*) => {$(
        #[doc = concat!("`", stringify!($operator), "`")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl<A: $trait<B>, B> OnTypes<A, B> for $name {
            type Output = A::Output;

            #[inline(always)]
            #[track_caller]
            fn on_types(a: A, b: B) -> A::Output {
                a $operator b
            }
        }

        impl OnScalars for $name {
            #[inline(always)]
            #[track_caller]
            fn scalars<S: Scalar>(x: S, y: S) -> S {
                x $operator y
            }

            #[inline(always)]
            #[track_caller]
            fn plain_right<S: Scalar>(x: S, c: S::Real) -> S {
                x $operator c
            }

            #[inline(always)]
            #[track_caller]
            fn plain_left<S: Scalar>($c: S::Real, $x: S) -> S {
                $plain_left
            }
        }
    )*};
}

operations! {
    Plus Add + |c, x| x + c;
    Minus Sub - |c, x| S::from_real(c) - x;
    Times Mul * |c, x| x * c;
    Over Div / |c, x| S::from_real(c) / x;
    Modulo Rem % |c, x| S::from_real(c) % x;
}

/// What Rust has for the types of the operands.
pub trait Native {
    /// The type of the result.
    type Output;

    /// Returns the result.
    fn apply(self) -> Self::Output;
}

impl<O: OnTypes<A, B>, A, B> Native for Operands<O, A, B> {
    type Output = O::Output;

    #[inline(always)]
    #[track_caller]
    fn apply(self) -> O::Output {
        O::on_types(self.1, self.2)
    }
}

impl<A: Neg> Native for Negated<A> {
    type Output = A::Output;

    #[inline(always)]
    #[track_caller]
    fn apply(self) -> A::Output {
        -self.0
    }
}

/// The negative of a reference to a scalar.
pub trait NegatedReference<S> {
    /// Returns the result.
    fn apply(self) -> S;
}

impl<S: Scalar> NegatedReference<S> for &Negated<&S> {
    #[inline(always)]
    #[track_caller]
    fn apply(self) -> S {
        -*self.0
    }
}

macro_rules! pairs {
    ($($name:ident($a:ty, $b:ty) |$x:ident, $y:ident| $operation:ident($first:expr, $second:expr);)*) => {$(
        #[doc = concat!("`", stringify!($a), "` with `", stringify!($b), "`.")]
        pub trait $name<S> {
            /// Returns the result.
            fn apply(self) -> S;
        }

        impl<O: OnScalars, R: Real, S: Scalar<Real = R>> $name<S> for &Operands<O, $a, $b> {
            #[inline(always)]
            #[track_caller]
            fn apply(self) -> S {
                let Operands(_, $x, $y) = self;
                O::$operation($first, $second)
            }
        }
    )*};
}

pairs! {
    ScalarWithPlainReference(S, &R) |x, c| plain_right(*x, **c);
    ReferenceWithScalar(&S, S) |x, y| scalars(**x, *y);
    ReferenceWithReference(&S, &S) |x, y| scalars(**x, **y);
    ReferenceWithPlain(&S, R) |x, c| plain_right(**x, *c);
    ReferenceWithPlainReference(&S, &R) |x, c| plain_right(**x, **c);
    PlainWithScalar(R, S) |c, x| plain_left(*c, *x);
    PlainWithReference(R, &S) |c, x| plain_left(*c, **x);
    PlainReferenceWithScalar(&R, S) |c, x| plain_left(**c, *x);
    PlainReferenceWithReference(&R, &S) |c, x| plain_left(**c, **x);
}
