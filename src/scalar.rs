//! The trait that generic code is written over, and its plain instances.
//!
//! A function `fn f<S: Scalar>(x: S) -> S` has one reading for each implementation: `f64` and `f32` evaluate it,
//! [`Dual`] differentiates it forward, [`Taylor`](crate::Taylor) to higher order, [`Var`](crate::Var) records it and
//! differentiates it in reverse. Every nesting of these is a scalar again.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt::{Debug, Display, LowerExp};
use std::iter::{Product, Sum};
use std::mem::ManuallyDrop;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};
use std::thread::AccessError;

use approx::{RelativeEq, UlpsEq};
use num_traits::float::TotalOrder;
use num_traits::{Float, FloatConst, Num, One, Zero};

use crate::forward::Dual;
use crate::forward::{FEW_LANES, LANES};
use crate::reverse::{Slot, registered_slot};
use crate::scalar::custom::{Block, Rule};

pub(crate) mod cast;
pub(crate) mod custom;
pub(crate) mod dense;
pub(crate) mod ecosystem;
pub(crate) mod engine;
pub(crate) mod function;
#[cfg(feature = "macros")]
pub mod mixed;
pub(crate) mod operators;
pub(crate) mod rules;
#[cfg(any(feature = "nalgebra", feature = "nalgebra-0_34"))]
pub(crate) mod simba;
pub(crate) mod slope;
pub(crate) mod softmax;
pub(crate) mod special;
pub(crate) mod sums;
pub(crate) mod tiles;
pub(crate) mod zero;

use engine::Engine;
use rules::elementary_functions;

/// The four operations, the remainder and their assigning forms, with a right-hand side of type `Rhs`.
///
/// Every type that has the operators implements it. It only shortens the list of supertraits of [`Scalar`].
pub trait Arithmetic<Rhs>:
    Sized
    + Add<Rhs, Output = Self>
    + Sub<Rhs, Output = Self>
    + Mul<Rhs, Output = Self>
    + Div<Rhs, Output = Self>
    + Rem<Rhs, Output = Self>
    + AddAssign<Rhs>
    + SubAssign<Rhs>
    + MulAssign<Rhs>
    + DivAssign<Rhs>
    + RemAssign<Rhs>
{
}

impl<Rhs, S> Arithmetic<Rhs> for S where
    S: Add<Rhs, Output = S>
        + Sub<Rhs, Output = S>
        + Mul<Rhs, Output = S>
        + Div<Rhs, Output = S>
        + Rem<Rhs, Output = S>
        + AddAssign<Rhs>
        + SubAssign<Rhs>
        + MulAssign<Rhs>
        + DivAssign<Rhs>
        + RemAssign<Rhs>
{
}

/// The operands of functions of two numbers, such as [`max`](Scalar::max): a scalar of the same type, or a plain number.
///
/// Every [`Scalar`] accepts itself and its [`Real`](Scalar::Real).
///
/// ```
/// use dualtape::{Accepts, Dual};
///
/// assert_eq!(<Dual as Accepts<f64>>::accept(2.0).partials, [0.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` accepts no operand of type `{Operand}`",
    label = "expected a `{Self}` or a plain number",
    note = "write plain numbers as floats: `x.max(2.0)`, not `x.max(2)`",
    note = "in generic code, plain numbers need `S: Scalar<Real = f64>`; without `Real = f64` write \
            `x.max(S::from_f64(2.0))`"
)]
pub trait Accepts<Operand> {
    /// Returns the operand as a scalar; a plain number is a constant.
    fn accept(operand: Operand) -> Self;
}

/// A number that code can be generic over: `f64`, `f32`, [`Dual`], [`Taylor`](crate::Taylor),
/// [`Var`](crate::Var), and every nesting of them.
///
/// Arithmetic works with `Self`, with `&Self` and with plain numbers of type [`Real`](Scalar::Real), so that `x * 2.0 +
/// 1.0` compiles under `S: Scalar<Real = f64>`. Equality and order compare [values](Scalar::value) only, so a branch
/// goes the same way in every reading.
///
/// Functions of two numbers take either: `x.max(y)` and `x.max(0.0)`, `x.hypot(1.0)`, `x.rem_euclid(S::tau())`.
///
/// A trait can promise operators with `S` on the left only, not with `&S` or `f64` there. So generic code writes
/// `*e * 2.0` for `e: &S`, `x * 0.5` for `0.5 * x`, and `S::one() - x` for `1.0 - x`. Concrete code over [`Dual`] and
/// [`Var`](crate::Var) has them all.
///
/// ```compile_fail,E0369
/// # use dualtape::Scalar;
/// fn doubled<S: Scalar<Real = f64>>(xs: &[S]) -> Vec<S> {
///     xs.iter().map(|x| x * 2.0).collect()
/// }
/// ```
///
/// ```
/// # use dualtape::Scalar;
/// fn doubled<S: Scalar<Real = f64>>(xs: &[S]) -> Vec<S> {
///     xs.iter().map(|&x| x * 2.0).collect()
/// }
/// assert_eq!(doubled(&[1.5]), [3.0]);
/// ```
///
/// `{}`, `{:.3}` and `{:e}` print the number, with the derivatives that it carries; `{:?}` of a variable names its place
/// on the tape too. `S::default()` is the constant 0.
///
/// Every function has the value of the plain function, bit for bit, at every nesting. Derivatives follow the crate's
/// conventions at kinks and at the ends of domains.
///
/// What else `f64` has is not here: bits and neighbors (`to_bits`, `next_up`) and classes (`classify`, `is_normal`) are
/// questions about `x.value()`, whole-number casts too (`x.value() as i64`).
///
/// The trait is sealed: readings call hidden methods of each other, so only this crate can add a scalar.
///
/// ```
/// use dualtape::{Scalar, derivative};
///
/// fn f<S: Scalar<Real = f64>>(x: S) -> S {
///     x.powi(3) * 2.0 + x.tanh() - 1.0
/// }
///
/// assert_eq!(f(0.0), -1.0);
/// assert_eq!(derivative(f, 0.0), (-1.0, 1.0));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dualtape scalar",
    label = "expected `f64`, `f32`, `Dual<T, N>`, `Taylor<T, K>` or `Var<T>`",
    note = "write plain numbers as floats (`2.0`, not `2`), and make functions generic: `fn f<S: Scalar<Real = f64>>(x: S) -> S`"
)]
pub trait Scalar:
    Engine<<Self as Scalar>::Real>
    + Copy
    + Send
    + Sync
    + 'static
    + Debug
    + Display
    + LowerExp
    + Default
    + PartialOrd
    + PartialOrd<<Self as Scalar>::Real>
    + Neg<Output = Self>
    + Arithmetic<Self>
    + Arithmetic<<Self as Scalar>::Real>
    + for<'a> Arithmetic<&'a Self>
    + Accepts<Self>
    + Accepts<<Self as Scalar>::Real>
    + Sum
    + for<'a> Sum<&'a Self>
    + Product
    + for<'a> Product<&'a Self>
    + Num
{
    /// The plain number at the bottom of the nesting: `f64` or `f32`.
    type Real: Real;

    /// Returns a constant: the number `x` with derivative zero.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert_eq!(Dual::<f64>::from_real(2.0).partials, [0.0]);
    /// ```
    fn from_real(x: Self::Real) -> Self;

    /// Returns a constant from an `f64`, rounded to [`Real`](Scalar::Real).
    ///
    /// ```
    /// use dualtape::Scalar;
    ///
    /// assert_eq!(<f32 as Scalar>::from_f64(0.1), 0.1_f32);
    /// ```
    fn from_f64(x: f64) -> Self {
        Self::from_real(<Self::Real as num_traits::NumCast>::from(x).expect("every f64 has a nearest float"))
    }

    /// Returns the plain value, without derivatives.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert_eq!(Dual::variable(Dual::<f64>::variable(2.0)).value(), 2.0);
    /// ```
    fn value(self) -> Self::Real;

    /// Returns whether this is the constant zero: its value and all carried derivatives are zero, and it depends on no
    /// variable.
    ///
    /// A product with it is dropped from a sum. So a variable without influence has derivative exactly 0, even beside
    /// an infinite slope.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::constant(0.0).is_identically_zero());
    /// assert!(!Dual::<f64>::variable(0.0).is_identically_zero());
    /// ```
    fn is_identically_zero(self) -> bool;

    /// Returns whether the value and all carried derivatives are finite.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(!Dual::<f64>::variable(0.0).sqrt().is_finite_throughout());
    /// ```
    fn is_finite_throughout(self) -> bool;

    /// Returns the largest magnitude of the value and all carried derivatives, or NaN when one of them is NaN.
    ///
    /// A loop that sums a series may stop when the magnitude of a term is small. The value may be small before the
    /// derivatives are.
    ///
    /// The derivatives of a tape variable are those by the independent variables. Each question is a reverse sweep over what
    /// was recorded so far. A drawing knows the value alone.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar, Tape};
    ///
    /// assert_eq!(Dual::new(1.0, [2.0, -3.0]).magnitude(), 3.0);
    ///
    /// let tape = Tape::new();
    /// let x = tape.var(0.0);
    /// assert_eq!(((x * 5.0).magnitude(), (x * x).magnitude()), (5.0, 0.0));
    /// ```
    fn magnitude(self) -> Self::Real {
        Float::abs(self.value())
    }

    /// Returns whether the value is NaN.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::constant(f64::NAN).is_nan());
    /// ```
    fn is_nan(self) -> bool {
        Float::is_nan(self.value())
    }

    /// Returns whether the value is finite. [`is_finite_throughout`](Scalar::is_finite_throughout) asks for the
    /// derivatives too.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::variable(0.0).sqrt().is_finite());
    /// ```
    fn is_finite(self) -> bool {
        Float::is_finite(self.value())
    }

    /// Returns whether the value is ∞ or −∞.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::variable(0.0).ln().is_infinite());
    /// ```
    fn is_infinite(self) -> bool {
        Float::is_infinite(self.value())
    }

    /// Returns whether the value has a positive sign, as +0 has.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::variable(0.0).is_sign_positive());
    /// ```
    fn is_sign_positive(self) -> bool {
        Float::is_sign_positive(self.value())
    }

    /// Returns whether the value has a negative sign, as −0 has.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// assert!(Dual::<f64>::variable(-0.0).is_sign_negative());
    /// ```
    fn is_sign_negative(self) -> bool {
        Float::is_sign_negative(self.value())
    }

    /// Compares the values in the order of [`f64::total_cmp`], in which a NaN has a place: for sorting.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// // The slope of the median is that of the element in the middle.
    /// let median = |x: &[_]| {
    ///     let mut sorted: Vec<dualtape::Var> = x.to_vec();
    ///     sorted.sort_by(Scalar::total_cmp);
    ///     sorted[x.len() / 2]
    /// };
    /// assert_eq!(gradient(median, &[3.0, 1.0, 2.0]), (2.0, vec![0.0, 0.0, 1.0]));
    /// ```
    fn total_cmp(&self, other: &Self) -> Ordering {
        TotalOrder::total_cmp(&self.value(), &other.value())
    }

    /// Returns the constant π. [`from_real`](Scalar::from_real) makes a scalar of every other constant:
    /// `S::from_real(std::f64::consts::LN_2)`, `S::from_real(f64::INFINITY)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// fn half_circle<S: Scalar>(radius: S) -> S {
    ///     S::pi() * radius
    /// }
    ///
    /// assert_eq!(derivative(half_circle, 1.0), (std::f64::consts::PI, std::f64::consts::PI));
    /// ```
    fn pi() -> Self {
        Self::from_real(Self::Real::PI())
    }

    /// Returns the constant τ = 2π.
    ///
    /// ```
    /// assert_eq!(<f64 as dualtape::Scalar>::tau(), std::f64::consts::TAU);
    /// ```
    fn tau() -> Self {
        Self::from_real(Self::Real::TAU())
    }

    /// Returns the constant e.
    ///
    /// ```
    /// assert_eq!(<f64 as dualtape::Scalar>::e(), std::f64::consts::E);
    /// ```
    fn e() -> Self {
        Self::from_real(Self::Real::E())
    }

    /// The angle in radians of an angle in degrees.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.to_radians(), 180.0), (std::f64::consts::PI, 1.0_f64.to_radians()));
    /// ```
    #[track_caller]
    fn to_radians(self) -> Self {
        self * Float::to_radians(Self::Real::one())
    }

    /// The angle in degrees of an angle in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.to_degrees(), 1.0), (1.0_f64.to_degrees(), 1.0_f64.to_degrees()));
    /// ```
    #[track_caller]
    fn to_degrees(self) -> Self {
        self * Float::to_degrees(Self::Real::one())
    }

    /// The remainder that is never negative, as [`f64::rem_euclid`]: an angle in one turn, say.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].rem_euclid(x[1]), &[-1.0, 3.0]), (2.0, vec![1.0, 1.0]));
    /// ```
    #[track_caller]
    fn rem_euclid<Y>(self, y: Y) -> Self
    where
        Self: Accepts<Y>,
    {
        let y = Self::accept(y);
        let remainder = self % y;
        if remainder < Self::Real::zero() { remainder + y.abs() } else { remainder }
    }

    /// The whole number of times that `y` goes into `self` with a [remainder](Scalar::rem_euclid) that is not negative.
    /// Its slopes are 0.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].div_euclid(x[1]), &[-1.0, 3.0]), (-1.0, vec![0.0, 0.0]));
    /// ```
    #[track_caller]
    fn div_euclid<Y>(self, y: Y) -> Self
    where
        Self: Accepts<Y>,
    {
        let y = Self::accept(y);
        let (whole, one) = ((self / y).trunc(), Self::Real::one());
        let is_below = self % y < Self::Real::zero();
        if is_below && y > Self::Real::zero() {
            whole - one
        } else if is_below {
            whole + one
        } else {
            whole
        }
    }

    /// The sine and the cosine.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.sin_cos().1, 0.0), (1.0, 0.0));
    /// ```
    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// `self·a + b` with one rounding, as [`f64::mul_add`].
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].mul_add(x[1], x[2]), &[2.0, 3.0, 4.0]), (10.0, vec![3.0, 2.0, 1.0]));
    /// ```
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// Names the number in a [graph](crate::graph). Every other reading returns it unchanged.
    ///
    /// A name `format_args!("w{i}")` costs nothing where it is not used.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let graph = trace(|x| (x[0].label("angle") * 2.0).sin(), &[0.5]);
    /// assert_eq!(graph.nodes()[0].label(), Some("angle"));
    /// assert_eq!(0.5.label("angle"), 0.5);
    /// ```
    #[inline(always)]
    fn label(self, name: impl Display) -> Self {
        let _ = name;
        self
    }

    /// Runs `inside`, and makes its operations a group in a [graph](crate::graph), which draws them in one frame or
    /// [folds](crate::graph::Graph::fold) them into one node. Every other reading just runs `inside`.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     S::group("square", || x[0] * x[0]) + 1.0
    /// }
    ///
    /// assert_eq!(trace(f, &[3.0]).groups().collect::<Vec<_>>(), ["square"]);
    /// ```
    #[inline(always)]
    fn group<Out>(name: impl Display, inside: impl FnOnce() -> Out) -> Out {
        let _ = name;
        inside()
    }

    /// `1/x`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.recip(), 2.0), (0.5, -0.25));
    /// ```
    fn recip(self) -> Self;

    /// `xⁿ` for a whole number n. `x⁰` is the constant 1.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.powi(3), 2.0), (8.0, 12.0));
    /// ```
    fn powi(self, n: i32) -> Self;

    /// `xʸ` for a plain number y; [`pow`](Scalar::pow) takes a scalar. `x⁰` is the constant 1.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.powf(2.5), 4.0), (32.0, 20.0));
    /// ```
    fn powf(self, y: Self::Real) -> Self;

    /// `√x`; its slope at 0 is ∞.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.sqrt(), 4.0), (2.0, 0.25));
    /// ```
    fn sqrt(self) -> Self;

    /// `∛x`, of negative numbers too; its slope at 0 is ∞.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.cbrt(), 8.0), (2.0, 0.08333333333333333));
    /// ```
    fn cbrt(self) -> Self;

    /// `eˣ`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.exp(), 0.0), (1.0, 1.0));
    /// ```
    fn exp(self) -> Self;

    /// `2ˣ`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.exp2(), 0.0), (1.0, 0.6931471805599453));
    /// ```
    fn exp2(self) -> Self;

    /// `eˣ − 1`, precise near 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.exp_m1(), 0.0), (0.0, 1.0));
    /// ```
    fn exp_m1(self) -> Self;

    /// The natural logarithm.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.ln(), 1.0), (0.0, 1.0));
    /// ```
    fn ln(self) -> Self;

    /// The logarithm to base 2.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.log2(), 1.0), (0.0, 1.4426950408889634));
    /// ```
    fn log2(self) -> Self;

    /// The logarithm to base 10.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.log10(), 1.0), (0.0, 0.4342944819032518));
    /// ```
    fn log10(self) -> Self;

    /// `ln(1 + x)`, precise near 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.ln_1p(), 0.0), (0.0, 1.0));
    /// ```
    fn ln_1p(self) -> Self;

    /// The sine, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.sin(), 0.0), (0.0, 1.0));
    /// ```
    fn sin(self) -> Self;

    /// The cosine, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.cos(), 0.0), (1.0, 0.0));
    /// ```
    fn cos(self) -> Self;

    /// The tangent, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.tan(), 0.0), (0.0, 1.0));
    /// ```
    fn tan(self) -> Self;

    /// The arc sine, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.asin(), 0.0), (0.0, 1.0));
    /// ```
    fn asin(self) -> Self;

    /// The arc cosine, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.acos(), 0.0), (1.5707963267948966, -1.0));
    /// ```
    fn acos(self) -> Self;

    /// The arc tangent, in radians.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.atan(), 0.0), (0.0, 1.0));
    /// ```
    fn atan(self) -> Self;

    /// The hyperbolic sine.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.sinh(), 0.0), (0.0, 1.0));
    /// ```
    fn sinh(self) -> Self;

    /// The hyperbolic cosine.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.cosh(), 0.0), (1.0, 0.0));
    /// ```
    fn cosh(self) -> Self;

    /// The hyperbolic tangent.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.tanh(), 0.0), (0.0, 1.0));
    /// ```
    fn tanh(self) -> Self;

    /// The inverse hyperbolic sine.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.asinh(), 0.0), (0.0, 1.0));
    /// ```
    fn asinh(self) -> Self;

    /// The inverse hyperbolic cosine.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.acosh(), 1.0), (0.0, f64::INFINITY));
    /// ```
    fn acosh(self) -> Self;

    /// The inverse hyperbolic tangent.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.atanh(), 0.0), (0.0, 1.0));
    /// ```
    fn atanh(self) -> Self;

    /// `|x|`; its slope at 0 is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.abs(), -2.0), (2.0, -1.0));
    /// ```
    fn abs(self) -> Self;

    /// The sign as [`f64::signum`] gives it: 1 at +0, −1 at −0. Its slope is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.signum(), -2.0), (-1.0, 0.0));
    /// ```
    fn signum(self) -> Self;

    /// The largest whole number not above x. Its slope is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.floor(), 1.5), (1.0, 0.0));
    /// ```
    fn floor(self) -> Self;

    /// The smallest whole number not below x. Its slope is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.ceil(), 1.5), (2.0, 0.0));
    /// ```
    fn ceil(self) -> Self;

    /// The nearest whole number, halves away from zero. Its slope is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.round(), 1.5), (2.0, 0.0));
    /// ```
    fn round(self) -> Self;

    /// The whole part. Its slope is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.trunc(), 1.5), (1.0, 0.0));
    /// ```
    fn trunc(self) -> Self;

    /// `x − trunc(x)`. Its slope is 1.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.fract(), 1.5), (0.5, 1.0));
    /// ```
    fn fract(self) -> Self;

    /// x between two plain bounds; its slope at a bound is 1. Bounds that are scalars: `x.max(lo).min(hi)`.
    ///
    /// # Panics
    ///
    /// When `lo > hi` or a bound is NaN, as [`f64::clamp`].
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.clamp(0.0, 1.0), 2.0), (1.0, 0.0));
    /// ```
    fn clamp(self, lo: Self::Real, hi: Self::Real) -> Self;

    /// `x` above 0, else 0; its slope at 0 is 0.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.relu(), -1.0), (0.0, 0.0));
    /// ```
    fn relu(self) -> Self;

    /// `x` above 0, else `slope·x`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.leaky_relu(0.1), -2.0), (-0.2, 0.1));
    /// ```
    fn leaky_relu(self, slope: Self::Real) -> Self;

    /// `x` above 0, else `alpha·(eˣ − 1)` (Clevert et al. 2015).
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.elu(1.0), 1.0), (1.0, 1.0));
    /// ```
    fn elu(self, alpha: Self::Real) -> Self;

    /// `σ(x) = 1/(1 + e⁻ˣ)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.sigmoid(), 0.0), (0.5, 0.25));
    /// ```
    fn sigmoid(self) -> Self;

    /// `ln σ(x)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.log_sigmoid(), 0.0), (-0.6931471805599453, 0.5));
    /// ```
    fn log_sigmoid(self) -> Self;

    /// `ln(1 + eˣ)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.softplus(), 0.0), (0.6931471805599453, 0.5));
    /// ```
    fn softplus(self) -> Self;

    /// `x·σ(x)`, also called swish.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.silu(), 0.0), (0.0, 0.5));
    /// ```
    fn silu(self) -> Self;

    /// `x·Φ(x)` with the normal distribution function Φ (Hendrycks & Gimpel 2016).
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.gelu(), 0.0), (0.0, 0.5));
    /// ```
    fn gelu(self) -> Self;

    /// The approximation of [`gelu`](Scalar::gelu) by a hyperbolic tangent:
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.gelu_tanh(), 0.0), (0.0, 0.5));
    /// ```
    fn gelu_tanh(self) -> Self;

    /// The error function `2/√π·∫₀ˣ exp(−t²) dt`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.erf(), 0.0), (0.0, 1.1283791670955128));
    /// ```
    fn erf(self) -> Self;

    /// `1 − erf(x)`, precise in the tail.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.erfc(), 0.0), (1.0, -1.1283791670955128));
    /// ```
    fn erfc(self) -> Self;

    /// The density of the standard normal distribution, `exp(−x²/2)/√(2π)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.norm_pdf(), 0.0), (0.3989422804014327, 0.0));
    /// ```
    fn norm_pdf(self) -> Self;

    /// The standard normal distribution function Φ, precise in the lower tail.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.norm_cdf(), 0.0), (0.5, 0.3989422804014327));
    /// ```
    fn norm_cdf(self) -> Self;

    /// `ln |Γ(x)|`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.ln_gamma(), 1.0), (0.0, -0.5772156649015329));
    /// ```
    fn ln_gamma(self) -> Self;

    /// `ψ(x)`, the derivative of `ln Γ(x)`.
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.digamma(), 1.0), (-0.5772156649015329, 1.6449340668482264));
    /// ```
    fn digamma(self) -> Self;

    /// `ψ⁽ᵐ⁾(x)`, the m-th derivative of [`digamma`](Scalar::digamma).
    ///
    /// ```
    /// use dualtape::{Scalar, derivative};
    ///
    /// assert_eq!(derivative(|x| x.polygamma(1), 1.0), (1.6449340668482264, -2.4041138063191885));
    /// ```
    fn polygamma(self, m: u32) -> Self;

    /// `selfʸ` for a scalar y. For a plain y [`powf`](Scalar::powf) is faster.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].pow(x[1]), &[2.0, 3.0]), (8.0, vec![12.0, 5.545177444479562]));
    /// ```
    fn pow<Y>(self, y: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The logarithm to any base.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].log(x[1]), &[8.0, 2.0]), (3.0, vec![0.18033688011112042, -2.164042561333445]));
    /// ```
    fn log<Y>(self, base: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The angle of the point (`x`, `self`), in radians, right on the axes too.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].atan2(x[1]), &[0.0, 1.0]), (0.0, vec![1.0, 0.0]));
    /// ```
    fn atan2<Y>(self, x: Y) -> Self
    where
        Self: Accepts<Y>;

    /// `√(self² + y²)` without overflow; its gradient at (0, 0) is (0, 0).
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].hypot(x[1]), &[3.0, 4.0]), (5.0, vec![0.6000000000000001, 0.8]));
    /// ```
    fn hypot<Y>(self, y: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The larger; at a tie the slope is one half for each. A NaN counts as missing.
    ///
    /// So the slope of `x.max(0.0)` at 0 is one half, where [`relu`](Scalar::relu) has slope 0.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].max(x[1]), &[2.0, 3.0]), (3.0, vec![0.0, 1.0]));
    /// assert_eq!(gradient(|x| x[0].max(0.0), &[2.0]), (2.0, vec![1.0]));
    /// ```
    fn max<Y>(self, other: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The smaller; at a tie the slope is one half for each. A NaN counts as missing.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].min(x[1]), &[2.0, 2.0]), (2.0, vec![0.5, 0.5]));
    /// ```
    fn min<Y>(self, other: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The magnitude of `self` with the sign of `sign`.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].copysign(x[1]), &[2.0, -1.0]), (-2.0, vec![-1.0, 0.0]));
    /// ```
    fn copysign<Y>(self, sign: Y) -> Self
    where
        Self: Accepts<Y>;

    /// The positive difference: `self − y` where that is positive, else 0.
    ///
    /// ```
    /// use dualtape::{Scalar, gradient};
    ///
    /// assert_eq!(gradient(|x| x[0].abs_sub(x[1]), &[3.0, 2.0]), (1.0, vec![1.0, -1.0]));
    /// ```
    fn abs_sub<Y>(self, y: Y) -> Self
    where
        Self: Accepts<Y>;
}

/// A plain floating-point number: `f64` or `f32`.
///
/// ```
/// use dualtape::{Real, Scalar, gradient};
///
/// // Generic in the precision as well as in the reading.
/// fn product<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
///     x[0] * x[1]
/// }
///
/// assert_eq!(gradient(product, &[2.0_f32, 3.0]), (6.0, vec![3.0, 2.0]));
/// assert_eq!(gradient(product, &[2.0_f64, 3.0]), (6.0, vec![3.0, 2.0]));
/// ```
///
/// A `Real` is a [`Scalar`] and a [`num_traits::Float`], and both have `sin`, `abs`, `is_nan` and their like. Code that
/// is generic over `R: Real` says which it means, and so does code over `S: Scalar + Float`:
///
/// ```compile_fail,E0034
/// # use dualtape::Real;
/// fn size<R: Real>(x: R) -> R {
///     x.abs()
/// }
/// ```
///
/// ```
/// # use dualtape::{Real, Scalar};
/// fn size<R: Real>(x: R) -> R {
///     Scalar::abs(x)
/// }
/// assert_eq!(size(-2.0), 2.0);
/// ```
///
/// Code over `S: Scalar<Real = f64>` and concrete code call `x.abs()`, whatever is imported.
pub trait Real: Scalar<Real = Self> + Float + FloatConst + TotalOrder + RelativeEq<Epsilon = Self> + UlpsEq {}

impl Real for f64 {}
impl Real for f32 {}

macro_rules! plain_function {
    (std $real:ident $name:ident ($self:ident $(, $p:ident)*)) => { <$real>::$name($self $(, $p)*) };
    (special $real:ident $name:ident ($self:ident $(, $p:ident)*)) => {
        special::$name($self.into() $(, $p.into())*) as $real
    };
}

macro_rules! plain_functions {
    (
        [$real:ident] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(#[inline] fn $name(self $(, $p: $t)*) -> Self { plain_function!($from $real $name (self $(, $p)*)) })*
        $(
            #[inline]
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: Accepts<Y>,
            {
                let $other = Self::accept($other);
                plain_function!($from2 $real $name2 (self, $other))
            }
        )*
    };
}

macro_rules! plain_scalar {
    ($real:ident) => {
        impl Accepts<$real> for $real {
            #[inline(always)]
            fn accept(operand: $real) -> $real {
                operand
            }
        }

        impl Scalar for $real {
            type Real = $real;

            #[inline]
            fn from_real(x: $real) -> $real {
                x
            }

            #[inline]
            fn from_f64(x: f64) -> $real {
                x as $real
            }

            #[inline]
            fn value(self) -> $real {
                self
            }

            #[inline]
            fn is_identically_zero(self) -> bool {
                self == 0.0
            }

            #[inline]
            fn is_finite_throughout(self) -> bool {
                self.is_finite()
            }

            #[inline]
            fn sin_cos(self) -> ($real, $real) {
                <$real>::sin_cos(self)
            }

            #[inline]
            fn mul_add(self, a: $real, b: $real) -> $real {
                <$real>::mul_add(self, a, b)
            }

            elementary_functions!(plain_functions $real);
        }

        impl Engine<$real> for $real {
            #[cfg(feature = "nalgebra")]
            type Field = Self;

            const RECORDS: bool = false;

            const ORDER: usize = 0;

                        /// Tests the product by one comparison: without the sign, zero has the smallest bits, and
                        /// infinity and NaN have the largest.
            #[inline(always)]
            fn are_ordinary(a: $real, b: $real) -> bool {
                ((a * b).to_bits() << 1).wrapping_sub(1) < (<$real>::INFINITY.to_bits() << 1) - 1
            }

            fn log_sum_exp_slice(xs: &[$real]) -> $real {
                crate::scalar::softmax::plain_log_sum_exp(xs)
            }

            fn apply_rule<const N: usize>(rule: &impl Rule<N, $real>, x: [$real; N]) -> $real {
                rule.value(x)
            }

            fn apply_block(block: &impl Block<$real>, x: &[$real]) -> Vec<$real> {
                block.value(x)
            }

            #[inline(always)]
            fn with_slot<Out>(lend: impl FnOnce(&Slot<$real>) -> Out) -> Result<Out, AccessError> {
                thread_local! {
                    static SLOT: ManuallyDrop<Slot<$real>> =
                        const { ManuallyDrop::new(Slot::new()) };
                }
                SLOT.try_with(|slot| lend(slot))
            }

            #[inline(always)]
            fn with_dual_slot<const N: usize, Out>(
                lend: impl FnOnce(&Slot<Dual<$real, N>>) -> Out,
            ) -> Result<Out, AccessError> {
                                // The numbers of lanes that the verbs use have slots of their own. LLVM resolves the
                                // casts.
                thread_local! {
                    static ONE: ManuallyDrop<Slot<Dual<$real, 1>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                    static FEW: ManuallyDrop<Slot<Dual<$real, FEW_LANES>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                    static MANY: ManuallyDrop<Slot<Dual<$real, LANES>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                }
                const SAME: &str = "the number of lanes is the same";
                match N {
                    1 => ONE.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    FEW_LANES => FEW.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    LANES => MANY.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    _ => registered_slot(lend),
                }
            }
        }
    };
}

plain_scalar!(f64);
plain_scalar!(f32);

/// Returns the largest magnitude of a value and its derivatives, or NaN when one of them is NaN.
pub(crate) fn largest_magnitude<T: Scalar>(value: T, derivatives: impl IntoIterator<Item = T>) -> T::Real {
    derivatives
        .into_iter()
        .map(T::magnitude)
        .fold(value.magnitude(), |largest, other| if other > largest || Float::is_nan(other) { other } else { largest })
}
