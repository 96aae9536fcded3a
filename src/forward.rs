//! Forward mode: dual numbers.
//!
//! A dual number is a value with its partial derivatives along N directions, `v + p₁ε₁ + ... + pNεN`, where every
//! product of two ε is zero. Ordinary arithmetic on `x + 1ε` gives
//!
//! ```text
//!     f(x + ε) = f(x) + f′(x) ε
//! ```
//!
//! because f's Taylor series ends there. One evaluation carries N directions at once ("lanes"), which LLVM turns into
//! vector code. Nesting gives higher orders: the partials of a `Dual<Dual<f64>>` have partials themselves. (Griewank &
//! Walther, *Evaluating Derivatives*, 2008, chapter 3; Baydin et al., JMLR 2018.)

use std::fmt;
use std::thread::AccessError;

use num_traits::Zero;

use crate::forward::dense::dense_by_products;
use crate::forward::kernel::{dual_inputs, linearized_if_finite};
use crate::forward::level::Level;
use crate::memory::pool::Scratch;
use crate::reverse::Slot;
use crate::scalar::custom::pushed_forward;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::dense::plain_dense;
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{self, Mode, chained_functions, impl_scalar, inherent_functions, left_operators};
use crate::scalar::rules::elementary_functions;
use crate::scalar::sums::{plain_dot, plain_weighted_sum, sum_of_pairs};
use crate::scalar::zero;
use crate::scalar::{Scalar, largest_magnitude};
use crate::simd::vectorized;

pub(crate) mod bare;
mod dense;
pub(crate) mod kernel;
pub(crate) mod level;

/// The number of directions that the forward verbs carry at once.
///
/// ```
/// assert_eq!(dualtape::LANES, 8);
/// ```
pub const LANES: usize = 8;

/// Whether quicker ways are left out, so that the program is small: on WebAssembly, which pages load.
const IS_FOR_SIZE: bool = cfg!(target_family = "wasm");

/// The number of directions that a call carries at once if it needs no more.
pub(crate) const FEW_LANES: usize = 4;

/// A value with N partial derivatives.
///
/// Equality and order compare values only. For one derivative call [`derivative`](crate::derivative); for a gradient,
/// [`gradient_forward`](crate::gradient_forward). By hand:
///
/// ```
/// use dualtape::Dual;
///
/// let x: Dual = Dual::variable(5.0);
/// let y = x * x * x;
/// assert_eq!((y.primal, y.partials), (125.0, [75.0]));
/// assert_eq!(y.to_string(), "125 + 75ε");
/// ```
#[doc(alias = "dual number")]
#[derive(Clone, Copy)]
pub struct Dual<T = f64, const N: usize = 1> {
    /// The number without its partial derivatives, one level down, of type `T`. ([`value`](Scalar::value) returns the
    /// plain number at the bottom of all levels.)
    pub primal: T,
    /// The partial derivatives along the N directions.
    pub partials: [T; N],
    /// The derivative being taken that it belongs to.
    level: Level,
}

impl<T: Scalar, const N: usize> Dual<T, N> {
    /// Returns a number from its value and its partial derivatives.
    ///
    /// ```
    /// use dualtape::Dual;
    ///
    /// let x = Dual::new(2.0, [1.0, 0.0]);
    /// let y = Dual::new(3.0, [0.0, 1.0]);
    /// assert_eq!((x * y).partials, [3.0, 2.0]);
    /// ```
    #[inline]
    pub const fn new(primal: T, partials: [T; N]) -> Self {
        Dual { primal, partials, level: Level::BY_HAND }
    }

    /// Returns a number with derivative zero.
    ///
    /// ```
    /// use dualtape::Dual;
    ///
    /// assert_eq!(Dual::<f64, 2>::constant(3.0).partials, [0.0, 0.0]);
    /// ```
    #[inline]
    pub fn constant(primal: T) -> Self {
        Dual { primal, partials: [T::zero(); N], level: Level::NONE }
    }

    /// Returns the number without its partial derivatives, the field `primal`.
    ///
    /// ```
    /// use dualtape::{Dual, Scalar};
    ///
    /// let x = Dual::variable(Dual::variable(2.0));
    /// assert_eq!(x.primal(), Dual::variable(2.0)); // one level less
    /// assert_eq!(x.value(), 2.0); // the plain number
    /// ```
    #[inline]
    pub const fn primal(self) -> T {
        self.primal
    }

    /// Returns an independent variable along the direction `lane`.
    ///
    /// # Panics
    ///
    /// When there is no such lane.
    ///
    /// ```
    /// use dualtape::Dual;
    ///
    /// assert_eq!(Dual::<f64, 3>::seeded(2.0, 1).partials, [0.0, 1.0, 0.0]);
    /// ```
    #[inline]
    #[track_caller]
    pub fn seeded(primal: T, lane: usize) -> Self {
        assert!(lane < N, "lane {lane} of a dual number with {N} lanes; lanes count from 0");
        // NOTE(perf): not zeros, one of which is then overwritten: the processor waits for that write before it
        // reads the lanes as one vector.
        Dual::new(primal, std::array::from_fn(|i| if i == lane { T::one() } else { T::zero() }))
    }
}

/// A number that a forward verb makes an independent variable of.
pub(crate) trait Seeded<T>: Copy + From<T> + 'static {
    /// Returns the variable along the direction `lane`.
    fn seeded(primal: T, lane: usize) -> Self;
}

impl<T: Scalar, const N: usize> Seeded<T> for Dual<T, N> {
    #[inline(always)]
    fn seeded(primal: T, lane: usize) -> Self {
        Dual::seeded(primal, lane)
    }
}

impl<T: Scalar, const N: usize> Dual<T, N> {
    /// Returns whether it is a constant or made by hand, of no derivative that is being taken.
    #[cfg(feature = "serde")]
    pub(crate) fn is_of_the_caller(&self) -> bool {
        [Level::NONE, Level::BY_HAND].contains(&self.level)
    }

    /// Returns the same value, with `slope` times the partials of `x` added to its partials.
    #[inline(always)]
    fn plus_scaled(self, x: &Self, slope: T) -> Self {
        let partials = zipped(self.partials, scaled(x.partials, slope), |p, q| p + q);
        Dual { primal: self.primal, partials, level: self.level.join(x.level) }
    }

    /// Returns the result of an operation on `x` whose partial derivatives are `slopes`.
    #[inline(always)]
    fn with_slopes<const K: usize>(primal: T, x: &[Self; K], slopes: &[T; K]) -> Self {
        match (&x[..], &slopes[..]) {
            (&[x, y], &[by_x, by_y]) => x.chain2(y, primal, [by_x, by_y]),
            _ => x.iter().zip(slopes).fold(Self::constant(primal), |sum, (x, &slope)| sum.plus_scaled(x, slope)),
        }
    }
}

impl<T: Scalar> Dual<T, 1> {
    /// Returns the independent variable: derivative one.
    ///
    /// ```
    /// assert_eq!(dualtape::Dual::variable(2.0).partials, [1.0]);
    /// ```
    #[inline]
    pub fn variable(primal: T) -> Self {
        Dual::new(primal, [T::one()])
    }
}

/// Returns a number one level up: a constant for the inner derivative.
///
/// A derivative inside a function that is itself differentiated has a level, and so a type, of its own. Numbers from
/// outside are lifted into it.
///
/// ```
/// use dualtape::{derivative, lift};
///
/// // d/dx [ x · d/dy (x + y) ] = 1 at x = 1
/// let (_, slope) = derivative(|x| x * derivative(|y| lift(x) + y, lift(1.0)).1, 1.0);
/// assert_eq!(slope, 1.0);
/// ```
///
/// Without `lift` the levels would mix, and that does not compile:
///
/// ```compile_fail,E0277
/// use dualtape::derivative;
///
/// derivative(|x| x * derivative(|y| x + y, x).1, 1.0);
/// ```
#[inline]
pub fn lift<T: Scalar>(x: T) -> Dual<T, 1> {
    Dual::constant(x)
}

/// Returns `slope·partials`, where a zero partial beats a slope that is not finite, and a zero slope a partial that is
/// not.
#[inline(always)]
fn scaled<T: Scalar, const N: usize>(partials: [T; N], slope: T) -> [T; N] {
    if const { N == 1 && T::ORDER == 0 } {
        // One plain number: without a branch.
        let with_care = !is_ordinary(slope);
        return partials.map(|p| if with_care & zero::vanishes(p, slope) { T::zero() } else { p * slope });
    }
    if is_ordinary(slope) {
        return partials.map(|p| times(p, slope));
    }
    if slope.is_identically_zero() {
        return [T::zero(); N];
    }
    copied(scaled_with_care(copied(partials), slope))
}

/// Returns [`sum_of_scaled`], with one test where both slopes are ordinary.
#[inline(always)]
fn joined<T: Scalar, const N: usize>(p: [T; N], q: [T; N], [by_p, by_q]: [T; 2]) -> [T; N] {
    let are_ordinary = T::are_ordinary(by_p, by_q);
    if are_ordinary || !T::RECORDS {
        let plain = zipped(p, q, |p, q| times(p, by_p) + times(q, by_q));
        if are_ordinary || are_finite(&plain) {
            return plain;
        }
    }
    if N == 1 {
        return sum_of_scaled(p, q, [by_p, by_q]);
    }
    if by_p.is_identically_zero() && by_q.is_identically_zero() {
        return [T::zero(); N];
    }
    copied(joined_with_care(copied(p), copied(q), [by_p, by_q]))
}

/// Returns whether all partials are finite. Then no zero met an infinity in the products that they are sums of. So a
/// slope of zero, which is common, costs a look at the partials. On a tape it stays the constant zero instead.
///
/// NOTE(perf): with the look, the pose of a six-joint arm by 4 by 4 matrices in 6 lanes takes 30 % less time, and a network
/// of 337 parameters with relu 25 to 30 % (its like is in `cargo bench --bench modes`).
#[inline(always)]
fn are_finite<T: Scalar, const N: usize>(partials: &[T; N]) -> bool {
    partials.iter().fold(true, |all, p| all & p.is_finite_throughout())
}

/// Returns the sums of the partials of two numbers, each [`scaled`] by its slope.
#[inline(always)]
fn sum_of_scaled<T: Scalar, const N: usize>(p: [T; N], q: [T; N], [by_p, by_q]: [T; 2]) -> [T; N] {
    zipped(scaled(p, by_p), scaled(q, by_q), |p, q| p + q)
}

#[cold]
#[inline(never)]
fn joined_with_care<T: Scalar, const N: usize>(p: [T; N], q: [T; N], slopes: [T; 2]) -> [T; N] {
    sum_of_scaled(p, q, slopes)
}

/// Returns a copy.
///
/// NOTE(perf): arguments and results of a function that is not inlined are in memory. With copies only the copies are,
/// and only on the path that calls the function.
#[inline(always)]
fn copied<T: Copy, const N: usize>(partials: [T; N]) -> [T; N] {
    partials.map(|p| p)
}

/// Returns `partial·slope` for an ordinary slope. The constant zero stays the constant zero, and is not recorded.
#[inline(always)]
fn times<T: Scalar>(partial: T, slope: T) -> T {
    if T::RECORDS && partial.is_identically_zero() { T::zero() } else { partial * slope }
}

#[inline(always)]
fn is_ordinary<T: Scalar>(slope: T) -> bool {
    T::are_ordinary(slope, T::one())
}

#[cold]
fn scaled_with_care<T: Scalar, const N: usize>(partials: [T; N], slope: T) -> [T; N] {
    partials.map(|p| zero::product(p, slope))
}

#[inline(always)]
fn zipped<T: Scalar, const N: usize>(mut a: [T; N], b: [T; N], f: impl Fn(T, T) -> T) -> [T; N] {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = f(*a, b));
    a
}

impl<T: Scalar, const N: usize> Mode for Dual<T, N> {
    type Inner = T;

    #[inline(always)]
    fn inner(self) -> T {
        self.primal
    }

    #[inline(always)]
    fn chain(self, primal: T, slope: T) -> Self {
        Dual { primal, partials: scaled(self.partials, slope), level: self.level }
    }

    #[inline(always)]
    fn chain_real(self, primal: T, slope: T::Real) -> Self {
        let is_ordinary = is_ordinary(slope);
        if is_ordinary || !T::RECORDS {
            let partials = self.partials.map(|p| p * slope);
            if is_ordinary || are_finite(&partials) {
                return Dual { primal, partials, level: self.level };
            }
        }
        let partials = copied(scaled_with_care(copied(self.partials), T::from_real(slope)));
        Dual { primal, partials, level: self.level }
    }

    #[inline(always)]
    fn chain2(self, other: Self, primal: T, slopes: [T; 2]) -> Self {
        let partials = joined(self.partials, other.partials, slopes);
        Dual { primal, partials, level: self.level.join(other.level) }
    }

    #[inline(always)]
    fn chain3(self, b: Self, c: Self, primal: T, [by_self, by_b, by_c]: [T; 3]) -> Self {
        let two = sum_of_scaled(self.partials, b.partials, [by_self, by_b]);
        let partials = zipped(two, scaled(c.partials, by_c), |p, q| p + q);
        Dual { primal, partials, level: self.level.join(b.level).join(c.level) }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let partials = zipped(self.partials, other.partials, |p, q| p + q);
        Dual { primal: self.primal + other.primal, partials, level: self.level.join(other.level) }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        let partials = zipped(self.partials, other.partials, |p, q| p - q);
        Dual { primal: self.primal - other.primal, partials, level: self.level.join(other.level) }
    }
}

impl<T: Scalar, const N: usize> Scalar for Dual<T, N> {
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
        // NOTE(perf): the fold has no early end, so LLVM makes vector code of it.
        self.primal.is_identically_zero() && self.partials.iter().fold(true, |all, p| all & p.is_identically_zero())
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.partials.iter().fold(self.primal.is_finite_throughout(), |all, p| all & p.is_finite_throughout())
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        Dual { primal: self.primal.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    fn magnitude(self) -> T::Real {
        largest_magnitude(self.primal, self.partials)
    }

    elementary_functions!(chained_functions inline);
}

impl<T: Scalar, const N: usize> Engine<T::Real> for Dual<T, N> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = T::RECORDS;

    const ORDER: usize = T::ORDER + 1;

    fn product_by_rule(a: Self, b: Self) -> Self {
        operators::product_by_rule(a, b)
    }

    #[inline(always)]
    fn bare_product(a: &Self, b: &Self) -> Self {
        let partials =
            zipped(a.partials, b.partials, |p, q| T::bare_product(&p, &b.primal) + T::bare_product(&q, &a.primal));
        Dual { primal: T::bare_product(&a.primal, &b.primal), partials, level: a.level.join(b.level) }
    }

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Self::constant(T::locally_constant(slope))
    }

    #[inline(always)]
    fn with_slot<Out>(lend: impl FnOnce(&Slot<Self>) -> Out) -> Result<Out, AccessError> {
        T::with_dual_slot(lend)
    }

    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        bare_first(|| sum_of_pairs(a, b, Self::bare_product), || plain_dot(a, b))
    }

    fn weighted_sum_slice(xs: &[Self], weights: &[T::Real]) -> Self {
        let scaled = |x: &Self, &weight: &T::Real| Dual {
            primal: x.primal * weight,
            partials: x.partials.map(|p| p * weight),
            level: x.level,
        };
        bare_first(|| weighted_sum_by(xs, weights, scaled), || plain_weighted_sum(xs, weights))
    }

    fn dense_slice<F: Function<T::Real, Output = T::Real>>(
        neurons: &[Self],
        inputs: &[Self],
        rows: usize,
        activation: &F,
        outputs: &mut Vec<Self>,
    ) {
        if IS_FOR_SIZE || !dense_by_products(neurons, inputs, rows, activation, outputs) {
            plain_dense(neurons, inputs, rows, activation, outputs);
        }
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let mut inner = Scratch::of(xs.iter().map(|x| x.primal));
        let value = crate::scalar::rules::log_sum_exp(&mut inner);
        xs.iter().zip(inner.iter()).fold(Self::constant(value), |sum, (x, &weight)| sum.plus_scaled(x, weight))
    }

    fn apply_rule<const K: usize>(rule: &impl Rule<K, T::Real>, x: [Self; K]) -> Self {
        let inner = x.map(|x| x.primal);
        let value = T::apply_rule(rule, inner);
        Self::with_slopes(value, &x, &rule.partials(inner, value))
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let inner = primals(x);
        let values = T::apply_block(block, &inner);
        let mut y = without_slopes(&values, x);
        for lane in 0..N {
            if let Some(direction) = direction(x, lane) {
                set_slopes(&mut y, lane, pushed_forward(block, &inner, &values, &direction));
            }
        }
        y
    }

    /// Computes the slopes of a small kernel first, so that each meets every lane once.
    #[inline(always)]
    fn fused<F: Function<T::Real>, const K: usize>(f: &F, x: [Self; K]) -> <F::Output as Outputs<T::Real>>::Of<Self> {
        // Whatever T is, so that the lower orders of a nested derivative are those of the lower derivative.
        if !is_linearized_first::<F::Output, T::Real>(K, N) {
            return f.eval(&x);
        }
        let values = x.map(|x| x.primal);
        match linearized_if_finite(f, &values, |_| true) {
            Some(y) => F::Output::map(
                y,
                #[inline(always)]
                |y| Self::with_slopes(y.primal, &x, &y.partials),
            ),
            None => fused_with_care(f, values, x.map(|x| copied(x.partials)), x.map(|x| x.level)),
        }
    }
}

// The parts of a block that are the same for all blocks, and so compiled once.

fn primals<T: Scalar, const N: usize>(x: &[Dual<T, N>]) -> Vec<T> {
    x.iter().map(|x| x.primal).collect()
}

/// Returns the outputs of a block of `x`, of its level.
fn without_slopes<T: Scalar, const N: usize>(values: &[T], x: &[Dual<T, N>]) -> Vec<Dual<T, N>> {
    let level = x.iter().fold(Level::NONE, |level, x| level.join(x.level));
    values.iter().map(|&value| Dual { level, ..Dual::constant(value) }).collect()
}

/// Returns the partials in a lane, or `None` where all are zero.
fn direction<T: Scalar, const N: usize>(x: &[Dual<T, N>], lane: usize) -> Option<Vec<T>> {
    let direction: Vec<T> = x.iter().map(|x| x.partials[lane]).collect();
    (!direction.iter().all(|v| v.is_identically_zero())).then_some(direction)
}

fn set_slopes<T: Scalar, const N: usize>(y: &mut [Dual<T, N>], lane: usize, slopes: Vec<T>) {
    y.iter_mut().zip(slopes).for_each(|(y, slope)| y.partials[lane] = slope);
}

/// Returns a sum of products without the zero rule, where it is finite and so the rule has nothing to say: an infinity or a
/// NaN in a term stays in the sum. Otherwise returns it with the rule.
///
/// NOTE(perf): without a test for each term a weighted sum in 8 lanes takes 38 to 83 % less time, and a dot product 41 to 51 %
/// less (3 to 88 terms, processor time, Zen 5, 2026-11-30).
#[inline(always)]
fn bare_first<T: Scalar, const N: usize>(
    bare: impl Fn() -> Dual<T, N>,
    by_rule: impl Fn() -> Dual<T, N>,
) -> Dual<T, N> {
    // On a tape a term with the constant zero is no statement, but by the rule.
    let bare = if const { T::RECORDS || IS_FOR_SIZE } { None } else { Some(bare()) };
    bare.filter(|sum| sum.is_finite_throughout()).unwrap_or_else(by_rule)
}

/// Returns the sum of the numbers, each `scaled` by its weight.
///
/// NOTE(perf): sums of 16 to 88 terms in 8 lanes take 37 to 54 % less time as vector code, and shorter ones would take more.
#[inline(always)]
fn weighted_sum_by<S: Scalar>(xs: &[S], weights: &[S::Real], scaled: impl Fn(&S, &S::Real) -> S) -> S {
    if xs.len() < 16 || cfg!(not(feature = "simd")) {
        return sum_of_pairs(xs, weights, scaled);
    }
    let mut sum = S::zero();
    vectorized(
        #[inline(always)]
        || sum = sum_of_pairs(xs, weights, scaled),
    );
    sum
}

/// Returns whether a fused kernel of `inputs` dual numbers in `lanes` lanes is linearized first: its output is a number, and
/// inputs and lanes are few.
///
/// NOTE(perf): kernels of 2 and 3 inputs then take 6 to 57 % less time than operation by operation. With more inputs, lanes or
/// outputs LLVM leaves a part of the code a call, whose arguments are in memory: 1.2 to 5 times the time (kernels of 2 to 5
/// inputs and 1 to 4 outputs in 2 to 12 lanes, processor time, AMD, 2026-11).
const fn is_linearized_first<O: Outputs<R>, R>(inputs: usize, lanes: usize) -> bool {
    O::IS_NUMBER && inputs <= 3 && inputs * lanes <= 24
}

impl_scalar!([const N: usize] Dual<T, N>);
left_operators!([T: Scalar<Real = f64>, const N: usize] Dual<T, N>);

elementary_functions!(inherent_functions [const N: usize] Dual<T, N>);

/// Evaluates a kernel by `Dual` and multiplies its slopes out, for slopes that are not all finite.
///
/// NOTE(perf): out of line with the multiplication, so that no input is kept over a call. Values and partials are two
/// arguments: as one, they would be in memory on the fast path too.
#[cold]
#[inline(never)]
fn fused_with_care<F, T, const N: usize, const K: usize>(
    f: &F,
    values: [T; K],
    partials: [[T; N]; K],
    levels: [Level; K],
) -> <F::Output as Outputs<T::Real>>::Of<Dual<T, N>>
where
    F: Function<T::Real>,
    T: Scalar,
{
    let x: [Dual<T, N>; K] =
        std::array::from_fn(|k| Dual { primal: values[k], partials: partials[k], level: levels[k] });
    F::Output::map(f.eval(&dual_inputs(&values, |_| true)), |y| Dual::with_slopes(y.primal, &x, &y.partials))
}

/// Returns a constant, one level up.
impl<T: Scalar, const N: usize> From<T> for Dual<T, N> {
    fn from(value: T) -> Self {
        Self::constant(value)
    }
}

/// `125 + 75ε`, or `125 + [75, 3]ε` with several lanes; the precision applies to
/// every number.
impl<T: Scalar, const N: usize> fmt::Display for Dual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_sum(self, Notation::Plain, f)
    }
}

/// `1.25e2 + 7.5e1ε`.
impl<T: Scalar, const N: usize> fmt::LowerExp for Dual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_sum(self, Notation::Exponent, f)
    }
}

fn write_sum<T: Scalar, const N: usize>(x: &Dual<T, N>, notation: Notation, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    notation.write(x.primal, f)?;
    if let [only] = x.partials[..] {
        notation.write_signed(only, f)?;
    } else {
        f.write_str(" + [")?;
        for (lane, &partial) in x.partials.iter().enumerate() {
            f.write_str(if lane > 0 { ", " } else { "" })?;
            notation.write(partial, f)?;
        }
        f.write_str("]")?;
    }
    f.write_str("ε")
}

/// How the numbers of a sum are written: `125` or `1.25e2`.
#[derive(Clone, Copy)]
pub(crate) enum Notation {
    Plain,
    Exponent,
}

impl Notation {
    /// Writes a number, in parentheses where it is a sum itself.
    pub(crate) fn write<T: Scalar>(self, x: T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self, f.precision()) {
            (Notation::Plain, Some(digits)) => format!("{x:.digits$}"),
            (Notation::Plain, None) => format!("{x}"),
            (Notation::Exponent, Some(digits)) => format!("{x:.digits$e}"),
            (Notation::Exponent, None) => format!("{x:e}"),
        };
        if text.contains(['ε', 't']) { write!(f, "({text})") } else { f.write_str(&text) }
    }

    /// Writes a further term of a sum, after its sign.
    pub(crate) fn write_signed<T: Scalar>(self, x: T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let negative = x.value() < T::Real::zero();
        f.write_str(if negative { " - " } else { " + " })?;
        self.write(if negative { -x } else { x }, f)
    }
}

impl<T: Scalar, const N: usize> fmt::Debug for Dual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
