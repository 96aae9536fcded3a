//! Higher order in one variable: truncated Taylor series.
//!
//! A series is a value with the K coefficients after it,
//!
//! ```text
//!     x(t) = x₀ + x₁t + x₂t² + ... + x_K tᴷ
//! ```
//!
//! and an operation computes the coefficients of its result from the coefficients of its operands, from the lowest to
//! the highest. On `x + t` a function f has the coefficients `f⁽ᵏ⁾(x)/k!`. A product takes about K²/2 multiplications,
//! and an elementary function a small multiple of that. K nested dual numbers would carry 2ᴷ numbers through every
//! operation. The recurrences are in `recurrences.rs`. (Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 13;
//! Moore, *Interval Analysis*, 1966.)

use std::fmt;
use std::iter::once;
use std::ops::{Index, IndexMut};

use num_traits::One;

use crate::forward::Dual;
use crate::forward::Notation;
use crate::forward::level::{Level, Leveled, at_level};
use crate::scalar::Scalar;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::operators::{Operators, impl_scalar, inherent_functions, left_operators};
use crate::scalar::rules::elementary_functions;
use crate::scalar::zero;

mod custom;
mod recurrences;

/// A truncated Taylor series: a value and the K coefficients after it.
///
/// `x[k]` is the coefficient of tᵏ, and `x[0]` the value. Equality and order compare
/// values only. For the series of a function call [`taylor`]. By hand:
///
/// ```
/// use dualtape::Taylor;
///
/// let x = Taylor::<f64, 3>::variable(2.0);
/// let y = x * x * x;
/// assert_eq!((y[0], y[1], y[2], y[3]), (8.0, 12.0, 6.0, 1.0));
/// assert_eq!(y.to_string(), "8 + 12t + 6t² + 1t³");
/// ```
///
/// It nests with every other scalar: the coefficients of a `Taylor<Dual, 5>` have
/// derivatives, and a `Var<Taylor<f64, 5>>` has a gradient for every coefficient.
#[derive(Clone, Copy)]
pub struct Taylor<T, const K: usize> {
    primal: T,
    /// The coefficients of t, t², ..., tᴷ.
    higher: [T; K],
    /// The expansion that it belongs to.
    level: Level,
}

/// Returns `f(x + t)` up to tᴷ: the value and the first K derivatives of `f` at `x`.
///
/// It evaluates `f` once. An operation costs a small multiple of K² multiplications (of K³ for the gamma functions and
/// for broken powers of 0). [`derivative`](crate::derivative) is as cheap for K = 1; from K = 2 on, nesting it costs
/// more, at 2ᴷ for K levels. For mixed derivatives in several inputs nest `taylor` with dual numbers or variables.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation, K²/2 multiplications for a product | nothing | K = 1: [`derivative`](crate::derivative); several inputs: nest it |
///
/// # Panics
///
/// When the result of `f` depends on a series of another expansion of the same order and scalar, or on one made by
/// hand; [`Taylor::constant`] makes its value a constant.
///
/// ```
/// use dualtape::{Scalar, Taylor, taylor};
///
/// let y: Taylor<f64, 4> = taylor(|x| x.powi(4) + x, 2.0);
/// assert_eq!(y.coefficients().collect::<Vec<_>>(), [18.0, 33.0, 24.0, 8.0, 1.0]);
/// assert_eq!(y.derivatives().collect::<Vec<_>>(), [18.0, 33.0, 48.0, 48.0, 24.0]);
///
/// // The seventh derivative alone.
/// assert_eq!(taylor::<_, 7>(|x| x.sin(), 0.0).derivative(7), -1.0);
/// ```
#[doc(alias = "jet")]
#[track_caller]
pub fn taylor<T: Scalar, const K: usize>(f: impl FnOnce(Taylor<T, K>) -> Taylor<T, K>, x: T) -> Taylor<T, K> {
    let [y] = at_level("taylor", &mut [Taylor::variable(x)], |x| [f(x[0])]);
    y
}

impl<T: Scalar, const K: usize> Taylor<T, K> {
    /// Returns a series from its value and the K coefficients after it.
    ///
    /// ```
    /// use dualtape::Taylor;
    ///
    /// let x = Taylor::new(1.0, [2.0, 3.0]);
    /// assert_eq!((x * x).to_string(), "1 + 4t + 10t²");
    /// ```
    #[inline]
    pub const fn new(primal: T, coefficients: [T; K]) -> Self {
        Taylor { primal, higher: coefficients, level: Level::BY_HAND }
    }

    /// Returns a number that does not depend on t.
    ///
    /// ```
    /// use dualtape::Taylor;
    ///
    /// assert_eq!(Taylor::<f64, 2>::constant(3.0).to_string(), "3 + 0t + 0t²");
    /// ```
    #[inline]
    pub fn constant(primal: T) -> Self {
        Taylor { primal, higher: [T::zero(); K], level: Level::NONE }
    }

    /// Returns the independent variable `value + t`.
    ///
    /// ```
    /// use dualtape::Taylor;
    ///
    /// assert_eq!(Taylor::<f64, 2>::variable(3.0).to_string(), "3 + 1t + 0t²");
    /// ```
    #[inline]
    pub fn variable(value: T) -> Self {
        let mut x = Taylor::new(value, [T::zero(); K]);
        if let Some(first) = x.higher.first_mut() {
            *first = T::one();
        }
        x
    }

    /// Returns the coefficient of t⁰: the value, in the scalar of the coefficients.
    ///
    /// ```
    /// use dualtape::{Dual, Taylor};
    ///
    /// let x = Taylor::<_, 2>::variable(Dual::new(3.0, [5.0]));
    /// assert_eq!(x.primal().partials, [5.0]);
    /// ```
    #[inline]
    pub const fn primal(self) -> T {
        self.primal
    }

    /// Returns the K + 1 coefficients, from the value up.
    ///
    /// ```
    /// use dualtape::{Scalar, Taylor};
    ///
    /// let y = Taylor::<f64, 3>::variable(0.0).exp();
    /// assert_eq!(y.coefficients().collect::<Vec<_>>(), [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0]);
    /// ```
    pub fn coefficients(self) -> impl ExactSizeIterator<Item = T> {
        (0..K + 1).map(move |k| self[k])
    }

    /// Returns the k-th derivative at t = 0, `k!·x[k]`. The 0-th is the value.
    ///
    /// # Panics
    ///
    /// When `k > K`.
    ///
    /// ```
    /// use dualtape::{Scalar, Taylor};
    ///
    /// assert_eq!(Taylor::<f64, 3>::variable(2.0).powi(5).derivative(3), 240.0);
    /// ```
    #[track_caller]
    pub fn derivative(self, k: usize) -> T {
        let factorial = (2..=k).map(recurrences::whole::<T>).fold(T::Real::one(), |product, j| product * j);
        if k < 2 { self[k] } else { self[k] * factorial }
    }

    /// Returns the value and the K derivatives.
    ///
    /// ```
    /// use dualtape::{Scalar, Taylor};
    ///
    /// let y = Taylor::<f64, 3>::variable(2.0).recip();
    /// assert_eq!(y.derivatives().collect::<Vec<_>>(), [0.5, -0.25, 0.25, -0.375]);
    /// ```
    pub fn derivatives(self) -> impl ExactSizeIterator<Item = T> {
        (0..K + 1).map(move |k| self.derivative(k))
    }

    /// Returns the polynomial at `t`, by K additions and multiplications.
    ///
    /// ```
    /// use dualtape::Taylor;
    ///
    /// assert_eq!(Taylor::new(1.0, [2.0, 3.0]).at(10.0), 321.0);
    /// ```
    pub fn at(self, t: T) -> T {
        let sum = self.higher.iter().rev().copied().reduce(|sum, coefficient| sum * t + coefficient);
        sum.map_or(self.primal, |sum| sum * t + self.primal)
    }

    /// Returns whether all coefficients after the value are zero throughout.
    fn is_constant(&self) -> bool {
        self.higher.iter().all(|x| x.is_identically_zero())
    }

    /// Returns the coefficients from the value up to the one of tᵏ.
    fn up_to(&self, k: usize) -> impl DoubleEndedIterator<Item = T> + '_ {
        once(self.primal).chain(self.higher[..k].iter().copied())
    }

    /// Returns the coefficients as partial derivatives: a function that is linear around the value treats them
    /// alike.
    fn as_partials(self) -> Dual<T, K> {
        let mut x = Dual::new(self.primal, self.higher);
        x.set_level(self.level);
        x
    }

    /// The result of an operation: it belongs to the expansions of all operands.
    fn result_of(operands: &[Self], result: Self) -> Self {
        Taylor { level: operands.iter().fold(Level::NONE, |level, x| level.join(x.level)), ..result }
    }

    fn from_partials(y: Dual<T, K>) -> Self {
        Taylor { primal: y.primal, higher: y.partials, level: y.level() }
    }
}

/// The coefficient of tᵏ.
impl<T, const K: usize> Index<usize> for Taylor<T, K> {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, k: usize) -> &T {
        assert!(k <= K, "coefficient {k} of a series up to order {K}; choose a larger K");
        if k == 0 { &self.primal } else { &self.higher[k - 1] }
    }
}

impl<T, const K: usize> IndexMut<usize> for Taylor<T, K> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, k: usize) -> &mut T {
        assert!(k <= K, "coefficient {k} of a series up to order {K}; choose a larger K");
        if k == 0 { &mut self.primal } else { &mut self.higher[k - 1] }
    }
}

impl<T: Scalar, const K: usize> Leveled for Taylor<T, K> {
    const NAME: &str = "series";

    const LIFT: &str = "Taylor::constant";

    fn level(&self) -> Level {
        self.level
    }

    fn set_level(&mut self, level: Level) {
        self.level = level;
    }
}

/// Operators that are linear in the coefficients.
macro_rules! linear_operators {
    ($($name:ident)*; $($name_with_real:ident)*) => {
        $(
            #[inline]
            #[track_caller]
            fn $name(self, other: Self) -> Self {
                Self::from_partials(Operators::$name(self.as_partials(), other.as_partials()))
            }
        )*
        $(
            #[inline]
            #[track_caller]
            fn $name_with_real(self, c: T::Real) -> Self {
                Self::from_partials(Operators::$name_with_real(self.as_partials(), c))
            }
        )*
    };
}

impl<T: Scalar, const K: usize> Operators for Taylor<T, K> {
    linear_operators! {
        plus minus modulo;
        added_to lowered_by subtracted_from multiplied_by divided_by reduced_by reducing
    }

    #[inline]
    #[track_caller]
    fn negated(self) -> Self {
        Self::from_partials(-self.as_partials())
    }

    fn times(self, other: Self) -> Self {
        Self::result_of(&[self, other], recurrences::product(self.primal * other.primal, &self, &other))
    }

    fn over(self, other: Self) -> Self {
        Self::result_of(&[self, other], recurrences::quotient(self.primal / other.primal, &self, &other))
    }

    fn dividing(self, c: T::Real) -> Self {
        let numerator = Self::from_real(c);
        Self::result_of(&[self], recurrences::quotient(numerator.primal / self.primal, &numerator, &self))
    }
}

/// The elementary functions, from their recurrences.
macro_rules! series_functions {
    (
        [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[track_caller]
            fn $name(self $(, $p: $t)*) -> Self {
                Self::result_of(&[self], recurrences::$name(self $(, $p)*))
            }
        )*
        $(
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                let $other = <Self as $crate::Accepts<Y>>::accept($other);
                Self::result_of(&[self, $other], recurrences::$name2(self, $other))
            }
        )*
    };
}

impl<T: Scalar, const K: usize> Scalar for Taylor<T, K> {
    type Real = T::Real;

    #[inline]
    fn from_real(x: T::Real) -> Self {
        Self::constant(T::from_real(x))
    }

    #[inline]
    fn value(self) -> T::Real {
        self.primal.value()
    }

    #[inline]
    fn is_identically_zero(self) -> bool {
        self.primal.is_identically_zero() && self.is_constant()
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.coefficients().all(|x| x.is_finite_throughout())
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        Taylor { primal: self.primal.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    fn sin_cos(self) -> (Self, Self) {
        let (sin, cos) = recurrences::sin_cos(self);
        (Self::result_of(&[self], sin), Self::result_of(&[self], cos))
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        Taylor { primal: self.primal.mul_add(a.primal, b.primal), ..self * a + b }
    }

    fn magnitude(self) -> T::Real {
        self.as_partials().magnitude()
    }

    elementary_functions!(series_functions);
}

impl<T: Scalar, const K: usize> Engine<T::Real> for Taylor<T, K> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = T::RECORDS;

    const ORDER: usize = T::ORDER + K;

    fn product_by_rule(a: Self, b: Self) -> Self {
        Self::result_of(&[a, b], recurrences::product(zero::product(a.primal, b.primal), &a, &b))
    }

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Self::constant(T::locally_constant(slope))
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        Self::result_of(xs, recurrences::log_sum_exp(xs))
    }

    fn apply_rule<const N: usize>(rule: &impl Rule<N, T::Real>, x: [Self; N]) -> Self {
        Self::result_of(&x, custom::apply_rule(rule, x))
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        custom::apply_block(block, x).into_iter().map(|y| Self::result_of(x, y)).collect()
    }
}

impl_scalar!([const K: usize] Taylor<T, K>);
left_operators!([T: Scalar<Real = f64>, const K: usize] Taylor<T, K>);

elementary_functions!(inherent_functions [const K: usize] Taylor<T, K>);

/// Returns a number that does not depend on t.
impl<T: Scalar, const K: usize> From<T> for Taylor<T, K> {
    fn from(value: T) -> Self {
        Self::constant(value)
    }
}

/// `8 + 12t + 6t² + 1t³`; the precision applies to every number.
impl<T: Scalar, const K: usize> fmt::Display for Taylor<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_series(self, Notation::Plain, f)
    }
}

/// `8e0 + 1.2e1t + 6e0t² + 1e0t³`.
impl<T: Scalar, const K: usize> fmt::LowerExp for Taylor<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_series(self, Notation::Exponent, f)
    }
}

fn write_series<T: Scalar, const K: usize>(
    x: &Taylor<T, K>,
    notation: Notation,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    notation.write(x.primal, f)?;
    for (k, &coefficient) in (1..).zip(&x.higher) {
        notation.write_signed(coefficient, f)?;
        f.write_str("t")?;
        if k > 1 {
            let digits = k.to_string();
            let raised = digits.bytes().map(|digit| SUPERSCRIPTS[usize::from(digit - b'0')]);
            f.write_str(&raised.collect::<String>())?;
        }
    }
    Ok(())
}

const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

impl<T: Scalar, const K: usize> fmt::Debug for Taylor<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
