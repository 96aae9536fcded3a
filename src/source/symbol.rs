//! The symbolic number, in which rules run.
//!
//! Rules are written over any [`Scalar`]. A symbol is a scalar, so it reads a slope out of a rule as a formula, and no
//! derivative is written twice. Rules branch by plain numbers, `x.value() < 0`. So the plain number of a symbol is a symbol
//! too, without derivatives, and questions about it are [decided](super::decide) in both ways.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::num::FpCategory;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use num_traits::float::TotalOrder;
use num_traits::{Float, FloatConst, Num, NumCast, One, ToPrimitive, Zero};

use super::decide::decided;
use super::elementary::{Elementary, Parameter};
use super::form::{Operation, Precision, on_form};
use crate::graph::questions::{Asked, Class};
use crate::scalar::custom::{Block, Rule};
use crate::scalar::ecosystem::forward_to_scalar;
use crate::scalar::engine::Engine;
use crate::scalar::operators::Relation;
use crate::scalar::rules::elementary_functions;
use crate::scalar::softmax::plain_log_sum_exp;
use crate::scalar::{Accepts, Real, Scalar};

/// A number of the form that is written on this thread.
#[derive(Clone, Copy)]
pub(crate) struct Symbol(u32);

impl Symbol {
    pub(super) const fn at(place: u32) -> Self {
        Symbol(place)
    }

    pub(super) const fn place(self) -> u32 {
        self.0
    }

    /// Returns a constant.
    pub(super) fn constant(x: f64) -> Self {
        Symbol(on_form(|form| form.constant(x)))
    }

    /// Returns the number, if it is a constant.
    pub(super) fn known(self) -> Option<f64> {
        on_form(|form| form.constant_at(self.0))
    }

    /// Returns the number that this is the plain number of, or itself.
    fn with_derivatives(self) -> Self {
        on_form(|form| match form.node(self.0).operation {
            Operation::Plain => Symbol(form.node(self.0).arguments()[0]),
            _ => self,
        })
    }

    /// Returns a constant that depends on the precision.
    fn of_precision(double: f64, single: f32) -> Self {
        Self::constant(match on_form(|form| form.plain.precision) {
            Precision::Double => double,
            Precision::Single => single.into(),
        })
    }

    /// Returns an elementary function of the arguments.
    fn function(name: &'static str, parameters: &[f64], arguments: &[Self]) -> Self {
        let function = Elementary::of(name, parameters).expect("the name is in the list");
        Symbol::of(Operation::Function(function), arguments)
    }

    /// Returns whether the numbers are in this relation, or of this class.
    fn asks(asked: Asked, about: &[Self]) -> bool {
        let numbers: Vec<Self> = about.iter().map(|x| x.with_derivatives()).collect();
        decided(Symbol::of(Operation::Question(asked), &numbers))
    }

    fn is(self, class: Class) -> bool {
        Self::asks(Asked::Class(class), &[self])
    }

    fn relates(self, relation: Relation, other: Self) -> bool {
        Self::asks(Asked::Relation(relation), &[self, other])
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident $operation:ident;)*) => {
        $(
            impl $trait for Symbol {
                type Output = Self;
                fn $method(self, other: Self) -> Self {
                    Symbol::of(Operation::$operation, &[self, other])
                }
            }
            impl $trait<&Self> for Symbol {
                type Output = Self;
                fn $method(self, other: &Self) -> Self {
                    $trait::$method(self, *other)
                }
            }
            impl $assign for Symbol {
                fn $assign_method(&mut self, other: Self) {
                    *self = $trait::$method(*self, other);
                }
            }
            impl $assign<&Self> for Symbol {
                fn $assign_method(&mut self, other: &Self) {
                    *self = $trait::$method(*self, *other);
                }
            }
        )*
    };
}
operators! {
    Add add AddAssign add_assign Sum;
    Sub sub SubAssign sub_assign Difference;
    Mul mul MulAssign mul_assign Product;
    Div div DivAssign div_assign Quotient;
    Rem rem RemAssign rem_assign Remainder;
}

impl Neg for Symbol {
    type Output = Self;
    fn neg(self) -> Self {
        Symbol::of(Operation::Negative, &[self])
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        self.relates(Relation::Equal, *other)
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self < other {
            Some(Ordering::Less)
        } else if self > other {
            Some(Ordering::Greater)
        } else {
            (self == other).then_some(Ordering::Equal)
        }
    }
    fn lt(&self, other: &Self) -> bool {
        self.relates(Relation::Less, *other)
    }
    fn le(&self, other: &Self) -> bool {
        self.relates(Relation::AtMost, *other)
    }
    fn gt(&self, other: &Self) -> bool {
        other < self
    }
    fn ge(&self, other: &Self) -> bool {
        other <= self
    }
}

macro_rules! symbolic_functions {
    (
        [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            fn $name(self $(, $p: $t)*) -> Self {
                Self::function(stringify!($name), &[$($p.number()),*], &[self])
            }
        )*
        $(
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: Accepts<Y>,
            {
                Self::function(stringify!($name2), &[], &[self, Self::accept($other)])
            }
        )*
    };
}

impl Scalar for Symbol {
    type Real = Self;

    fn from_real(x: Self) -> Self {
        x
    }

    fn from_f64(x: f64) -> Self {
        Self::of_precision(x, x as f32)
    }

    fn value(self) -> Self {
        Symbol::of(Operation::Plain, &[self])
    }

    fn is_identically_zero(self) -> bool {
        self.known() == Some(0.0)
    }

    fn is_finite_throughout(self) -> bool {
        self.is(Class::Finite)
    }

    fn is_nan(self) -> bool {
        self.is(Class::Nan)
    }

    fn is_finite(self) -> bool {
        self.is(Class::Finite)
    }

    fn is_infinite(self) -> bool {
        self.is(Class::Infinite)
    }

    fn is_sign_positive(self) -> bool {
        !self.is(Class::Negative)
    }

    fn is_sign_negative(self) -> bool {
        self.is(Class::Negative)
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        Symbol::of(Operation::MulAdd, &[self, a, b])
    }

    elementary_functions!(symbolic_functions);
}

impl Engine<Symbol> for Symbol {
    #[cfg(feature = "nalgebra")]
    type Field = crate::graph::Traced<Symbol>;

    const RECORDS: bool = true;

    const ORDER: usize = 0;

    fn product_by_rule(a: Self, b: Self) -> Self {
        Symbol::of(Operation::Chained, &[a, b])
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        plain_log_sum_exp(xs)
    }

    fn apply_rule<const N: usize>(rule: &impl Rule<N, Symbol>, x: [Self; N]) -> Self {
        rule.value(x)
    }

    fn apply_block(block: &impl Block<Symbol>, x: &[Self]) -> Vec<Self> {
        block.value(x)
    }
}

#[cfg(feature = "nalgebra")]
impl From<crate::graph::Traced<Symbol>> for Symbol {
    fn from(x: crate::graph::Traced<Symbol>) -> Self {
        x.primal()
    }
}

impl Real for Symbol {}

/// A parameter is known when the form is written.
impl Parameter for Symbol {
    fn of(x: f64) -> Self {
        Self::constant(x)
    }

    fn number(self) -> f64 {
        self.known().expect("a parameter of a function is a constant")
    }
}

impl Accepts<Symbol> for Symbol {
    fn accept(operand: Self) -> Self {
        operand
    }
}

impl Default for Symbol {
    fn default() -> Self {
        Self::zero()
    }
}

impl Sum for Symbol {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.reduce(|a, b| a + b).unwrap_or_else(Self::zero)
    }
}

impl<'a> Sum<&'a Self> for Symbol {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

impl Product for Symbol {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors.reduce(|a, b| a * b).unwrap_or_else(Self::one)
    }
}

impl<'a> Product<&'a Self> for Symbol {
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

impl Zero for Symbol {
    fn zero() -> Self {
        Self::constant(0.0)
    }
    fn is_zero(&self) -> bool {
        self.is_identically_zero()
    }
}

impl One for Symbol {
    fn one() -> Self {
        Self::constant(1.0)
    }
}

impl Num for Symbol {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        f64::from_str_radix(text, radix).map(Self::from_f64)
    }
}

impl ToPrimitive for Symbol {
    fn to_i64(&self) -> Option<i64> {
        self.to_f64()?.to_i64()
    }
    fn to_u64(&self) -> Option<u64> {
        self.to_f64()?.to_u64()
    }
    fn to_f64(&self) -> Option<f64> {
        let known = self.known();
        on_form(|form| form.is_unreadable |= known.is_none());
        known
    }
}

impl NumCast for Symbol {
    fn from<N: ToPrimitive>(number: N) -> Option<Self> {
        number.to_f64().map(Self::from_f64)
    }
}

macro_rules! constants {
    ($($name:ident)*) => {
        $(
            fn $name() -> Self {
                Self::of_precision(<f64 as FloatConst>::$name(), <f32 as FloatConst>::$name())
            }
        )*
    };
}

impl FloatConst for Symbol {
    constants!(
        E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8 LN_10 LN_2
        LOG10_2 LOG10_E LOG2_10 LOG2_E PI SQRT_2 TAU
    );
}

macro_rules! limits {
    ($($name:ident)*) => {
        $(
            fn $name() -> Self {
                Self::of_precision(<f64 as Float>::$name(), <f32 as Float>::$name())
            }
        )*
    };
}

impl Float for Symbol {
    limits!(nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon);

    forward_to_scalar! {
        floor(); ceil(); round(); trunc(); fract(); abs(); signum();
        mul_add(a: Self, b: Self); recip(); powi(n: i32); sqrt(); cbrt(); hypot(other: Self);
        exp(); exp2(); exp_m1(); ln(); log(base: Self); log2(); log10(); ln_1p();
        max(other: Self); min(other: Self); abs_sub(other: Self); copysign(sign: Self);
        sin(); cos(); tan(); asin(); acos(); atan(); atan2(other: Self);
        sinh(); cosh(); tanh(); asinh(); acosh(); atanh();
    }
    fn powf(self, exponent: Self) -> Self {
        Scalar::pow(self, exponent)
    }
    fn sin_cos(self) -> (Self, Self) {
        Scalar::sin_cos(self)
    }
    fn is_nan(self) -> bool {
        self.is(Class::Nan)
    }
    fn is_infinite(self) -> bool {
        self.is(Class::Infinite)
    }
    fn is_finite(self) -> bool {
        self.is(Class::Finite)
    }
    fn is_normal(self) -> bool {
        self.is(Class::Normal)
    }
    fn classify(self) -> FpCategory {
        match () {
            () if self.is(Class::Nan) => FpCategory::Nan,
            () if self.is(Class::Infinite) => FpCategory::Infinite,
            () if self.is(Class::Normal) => FpCategory::Normal,
            () if self == Self::zero() => FpCategory::Zero,
            () => FpCategory::Subnormal,
        }
    }
    fn is_sign_positive(self) -> bool {
        !self.is(Class::Negative)
    }
    fn is_sign_negative(self) -> bool {
        self.is(Class::Negative)
    }
    fn integer_decode(self) -> (u64, i16, i8) {
        self.to_f64().unwrap_or(f64::NAN).integer_decode()
    }
}

impl TotalOrder for Symbol {
    fn total_cmp(&self, other: &Self) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}

impl AbsDiffEq for Symbol {
    type Epsilon = Self;
    fn default_epsilon() -> Self {
        Self::epsilon()
    }
    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        Scalar::abs(*self - *other) <= epsilon
    }
}

impl RelativeEq for Symbol {
    fn default_max_relative() -> Self {
        Self::epsilon()
    }
    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        let larger = Scalar::max(Scalar::abs(*self), Scalar::abs(*other));
        self.abs_diff_eq(other, Scalar::max(epsilon, larger * max_relative))
    }
}

impl UlpsEq for Symbol {
    fn default_max_ulps() -> u32 {
        f64::default_max_ulps()
    }
    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        self.relative_eq(other, epsilon, Self::epsilon() * Self::from_f64(max_ulps.into()))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "symbol {}", self.0)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::LowerExp for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
