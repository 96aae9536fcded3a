//! Operators between numbers of any two kinds, for functions that the macro `differentiable` has made generic.
//!
//! A trait can promise operators with a scalar on the left only. Functions of `f64` also have plain numbers and
//! references there. The macro writes `Operands(Times, a, b).apply()`, and method lookup decides: first [`Native`], what
//! Rust has for the two types; then, one reference further, the pairs that it lacks under `S: Scalar`. What is left goes
//! one mutable reference further, where a bound that nothing meets says what to write instead.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use crate::scalar::{Real, Scalar};

/// The traits among which method lookup decides.
pub mod lookup {
    pub use super::{
        CastOfOther as _, CastOfPlain as _, CastOfScalar as _, Native as _, NegatedReference as _, NoOperator as _,
        PlainReferenceWithReference as _, PlainReferenceWithScalar as _, PlainWithReference as _, PlainWithScalar as _,
        ReferenceWithPlain as _, ReferenceWithPlainReference as _, ReferenceWithReference as _,
        ReferenceWithScalar as _, ScalarWithPlainReference as _,
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

/// A bound that nothing meets.
#[diagnostic::on_unimplemented(
    message = "differentiable: there is no operator between `{A}` and `{B}`",
    label = "not for these types",
    note = "an integer becomes a constant by `n as f64`"
)]
pub trait Operator<A, B> {}

/// What no operator takes.
pub trait NoOperator<O, A, B> {
    /// Refuses the operands.
    fn apply(self) -> A
    where
        O: Operator<A, B>;
}

impl<O, A, B> NoOperator<O, A, B> for &mut Operands<O, A, B> {
    fn apply(self) -> A
    where
        O: Operator<A, B>,
    {
        unreachable!("nothing meets the bound")
    }
}

/// A value that is cast by `as`.
#[derive(Clone, Copy, Debug)]
pub struct Cast<T>(pub T);

/// A plain number, or a character.
pub trait Castable {}

macro_rules! castable {
    ($($number:ty)*) => {$(
        impl Castable for $number {}
    )*};
}

castable! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char }

/// The cast of a plain number.
pub trait CastOfPlain<T> {
    /// Returns the number.
    fn number(self) -> T;
}

impl<T: Castable> CastOfPlain<T> for Cast<T> {
    #[inline(always)]
    fn number(self) -> T {
        self.0
    }
}

/// The operator `as`.
#[derive(Clone, Copy, Debug)]
pub struct As;

/// A bound that nothing meets.
#[diagnostic::on_unimplemented(
    message = "differentiable: a cast by `as` would lose the derivative of the scalar `{S}`",
    label = "this is a scalar",
    note = "a scalar needs no cast to `f64`. If the derivative shall be lost, cast the plain value: `x.value() as usize`"
)]
pub trait CastsScalar<S> {}

/// The cast of a scalar.
pub trait CastOfScalar<S: Scalar> {
    /// Refuses the scalar.
    fn number(self) -> S::Real
    where
        As: CastsScalar<S>;
}

impl<S: Scalar> CastOfScalar<S> for &Cast<S> {
    fn number(self) -> S::Real
    where
        As: CastsScalar<S>,
    {
        unreachable!("nothing meets the bound")
    }
}

/// The cast of an enum, a pointer or a function.
pub trait CastOfOther<T> {
    /// Returns the value.
    fn number(self) -> T;
}

impl<T: Copy> CastOfOther<T> for &mut Cast<T> {
    #[inline(always)]
    fn number(self) -> T {
        self.0
    }
}
