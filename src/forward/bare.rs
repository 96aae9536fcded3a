//! Dual numbers without the rule "a zero beats an infinity", for functions that can be evaluated again with it.
//!
//! The rule costs every operation of a [`Dual`] a test. Here a zero times an infinity is NaN, and whatever is computed from
//! a NaN partial has a NaN partial, also a product with zero. So a result whose partials are all finite never met the rule,
//! and is that of `Dual`, but for the sign of a zero. Any other result is thrown away, and the function evaluated again.
//! (Layers, rules and blocks go through `Dual`. It drops a NaN where a slope is zero, as the rule drops what was there.)
//!
//! A function may drop a NaN without a trace only if it looks at partials and takes another way for it. The methods that
//! look are [`Scalar::magnitude`], [`Scalar::is_identically_zero`] and [`Scalar::is_finite_throughout`]. They count what they
//! see that is not finite, and the function is evaluated again after such a look.
//!
//! NOTE(perf): the pose of an arm by 4 by 4 matrices in 6 to 8 lanes takes 26 to 47 % less time than with `Dual`, a network with
//! relu in 8 lanes 44 %, Rosenbrock's function of 64 inputs 11 % (processor time, Zen 5, 2026-11-30).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::forward::{Dual, IS_FOR_SIZE, Seeded, is_linearized_first, weighted_sum_by, zipped};
use crate::memory::pool::Scratch;
use crate::scalar::Scalar;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{self, Mode, chained_functions, impl_scalar};
use crate::scalar::rules::elementary_functions;
use crate::scalar::sums::sum_of_pairs;

/// A dual number without the rule of zeros, whose partials `L` says to be present; the others are zero.
#[derive(Clone, Copy)]
pub(crate) struct BareDual<T, const N: usize, L = Every> {
    primal: T,
    partials: [T; N],
    present: L,
}

/// The lanes whose partials are present.
pub(crate) trait Lanes: Copy + Send + Sync + 'static {
    const NONE: Self;

    const ALL: Self;

    /// Returns the lanes that are in either.
    fn or(self, other: Self) -> Self;

    /// Returns the present partials times a slope.
    fn scaled<T: Scalar, const N: usize>(self, partials: [T; N], slope: Slope<T>) -> [T; N];

    /// Returns the sums of the present partials of two numbers, each times its slope.
    fn joined<T: Scalar, const N: usize>(operands: [(Self, [T; N]); 2], slopes: [Slope<T>; 2]) -> [T; N];
}

/// All lanes, whatever is in them.
#[derive(Clone, Copy)]
pub(crate) struct Every;

impl Lanes for Every {
    const NONE: Self = Every;

    const ALL: Self = Every;

    #[inline(always)]
    fn or(self, _: Self) -> Self {
        Every
    }

    #[inline(always)]
    fn scaled<T: Scalar, const N: usize>(self, mut partials: [T; N], slope: Slope<T>) -> [T; N] {
        // NOTE(perf): in place. By `map` a step of three bodies in 12 lanes takes 14 % longer (`benches/peers`).
        partials.iter_mut().for_each(|p| *p = slope.times(*p));
        partials
    }

    #[inline(always)]
    fn joined<T: Scalar, const N: usize>(
        [(_, p), (_, q)]: [(Self, [T; N]); 2],
        [first, second]: [Slope<T>; 2],
    ) -> [T; N] {
        zipped(
            p,
            q,
            #[inline(always)]
            |p, q| first.times(p) + second.times(q),
        )
    }
}

/// A bit for each lane of at most 16.
///
/// In an inlined kernel without loops LLVM knows the bits, and computes no other partials. The code is as fast as
/// hand-written slopes.
///
/// NOTE(perf): an entry times its 3×3 minor, ten inputs, takes 7 ns with all slopes, and 26 ns with [`Dual`]. Where LLVM does
/// not know the bits, each operation tests them, and costs two to three times one of a `Dual`.
#[derive(Clone, Copy)]
pub(crate) struct Marked(u64);

impl Marked {
    #[inline(always)]
    fn has(self, lane: usize) -> bool {
        self.0 >> lane & 1 != 0
    }
}

/// Repeats statements for each lane below a constant number, written out: LLVM would not always unroll a loop.
macro_rules! for_each_lane {
    ($lane:ident < $lanes:ident => $statements:block) => {
        for_each_lane!(@ $lane < $lanes => $statements 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $lane:ident < $lanes:ident => $statements:block $($number:literal)*) => {
        $(if $number < $lanes {
            let $lane = $number;
            $statements
        })*
    };
}

pub(super) use for_each_lane;

impl Lanes for Marked {
    const NONE: Self = Marked(0);

    const ALL: Self = Marked(u64::MAX);

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Marked(self.0 | other.0)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn scaled<T: Scalar, const N: usize>(self, partials: [T; N], slope: Slope<T>) -> [T; N] {
        let mut results = [T::zero(); N];
        for_each_lane!(lane < N => {
            if self.has(lane) {
                results[lane] = slope.times(partials[lane]);
            }
        });
        results
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn joined<T: Scalar, const N: usize>(
        [(in_first, p), (in_second, q)]: [(Self, [T; N]); 2],
        [first, second]: [Slope<T>; 2],
    ) -> [T; N] {
        let mut results = [T::zero(); N];
        for_each_lane!(lane < N => {
            let (p, q) = (p[lane], q[lane]);
            match (in_first.has(lane), in_second.has(lane)) {
                (true, true) => results[lane] = first.times(p) + second.times(q),
                (true, false) => results[lane] = first.times(p),
                (false, true) => results[lane] = second.times(q),
                (false, false) => {}
            }
        });
        results
    }
}

/// A factor of the partials of an operand.
#[derive(Clone, Copy)]
pub(crate) enum Slope<T: Scalar> {
    One,
    MinusOne,
    Plain(T::Real),
    Of(T),
}

impl<T: Scalar> Slope<T> {
    #[inline(always)]
    fn times(self, partial: T) -> T {
        match self {
            Slope::One => partial,
            Slope::MinusOne => -partial,
            Slope::Plain(slope) => partial * slope,
            Slope::Of(slope) => partial * slope,
        }
    }
}

/// How often functions have looked at partials that are not finite, in the process: numbers travel between threads.
#[derive(PartialEq)]
pub(crate) struct Looks(usize);

impl Looks {
    #[inline(always)]
    pub(crate) fn so_far() -> Self {
        Looks(Self::counter().load(Ordering::Relaxed))
    }

    #[inline(always)]
    fn counter() -> &'static AtomicUsize {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        &COUNTER
    }
}

/// Returns the outputs of `f` as those of [`Dual`], or `None` where the rule of zeros may have a say in them.
#[inline(always)]
pub(crate) fn eval_if_finite<F, T, L, const N: usize>(
    f: &F,
    x: &[BareDual<T, N, L>],
) -> Option<<F::Output as Outputs<T::Real>>::Of<Dual<T, N>>>
where
    F: Function<T::Real> + ?Sized,
    T: Scalar,
    L: Lanes,
{
    let looks = Looks::so_far();
    let y = f.eval(x);
    let are_finite = F::Output::as_slice(&y).iter().all(BareDual::has_finite_partials);
    (are_finite && Looks::so_far() == looks).then(|| F::Output::map(y, BareDual::dual))
}

/// Whether functions are evaluated bare first: not where an evaluation is recorded, nor where programs are to be small.
pub(crate) const fn is_first<T: Scalar>() -> bool {
    !T::RECORDS && !IS_FOR_SIZE
}

impl<T: Scalar, const N: usize, L: Lanes> BareDual<T, N, L> {
    #[inline(always)]
    pub(crate) fn constant(primal: T) -> Self {
        BareDual { primal, partials: [T::zero(); N], present: L::NONE }
    }

    #[inline(always)]
    fn scaled(self, primal: T, slope: Slope<T>) -> Self {
        BareDual { primal, partials: self.present.scaled(self.partials, slope), present: self.present }
    }

    #[inline(always)]
    fn joined(self, other: Self, primal: T, slopes: [Slope<T>; 2]) -> Self {
        let operands = [(self.present, self.partials), (other.present, other.partials)];
        BareDual { primal, partials: L::joined(operands, slopes), present: self.present.or(other.present) }
    }

    fn from_dual(x: Dual<T, N>) -> Self {
        BareDual { primal: x.primal, partials: x.partials, present: L::ALL }
    }

    #[inline(always)]
    pub(crate) fn dual(self) -> Dual<T, N> {
        Dual::new(self.primal, self.partials)
    }

    /// Returns the number, to look at its partials.
    fn looked_at(self) -> Dual<T, N> {
        if !self.has_finite_partials() {
            Looks::counter().fetch_add(1, Ordering::Relaxed);
        }
        self.dual()
    }

    /// Returns whether all partials are finite. For plain numbers, `x - x` is 0 for finite `x` and NaN otherwise, so
    /// one sum tests every partial.
    #[inline(always)]
    #[expect(clippy::eq_op, reason = "x - x is NaN where x is not finite")]
    pub(crate) fn has_finite_partials(&self) -> bool {
        if const { T::ORDER == 0 && N <= 16 } {
            let mut rest = [T::zero(); 4];
            for_each_lane!(lane < N => {
                let partial = self.partials[lane];
                rest[lane % 4] += partial - partial;
            });
            ((rest[0] + rest[1]) + (rest[2] + rest[3])).is_identically_zero()
        } else {
            self.partials.iter().fold(true, |all, partial| all & partial.is_finite_throughout())
        }
    }
}

impl<T: Scalar, const N: usize> BareDual<T, N, Marked> {
    /// Whether kernels are evaluated with it. With many or large partials the code and the stack would grow long.
    pub(crate) const IS_SMALL: bool = N <= 16 && size_of::<Self>() <= 1024;

    /// Returns the input of a kernel along the direction `lane`.
    #[inline(always)]
    pub(crate) fn marked(primal: T, lane: usize) -> Self {
        let mut x = Self::constant(primal);
        (x.partials[lane], x.present) = (T::one(), Marked(1 << lane));
        x
    }
}

impl<T: Scalar, const N: usize> Seeded<T> for BareDual<T, N> {
    #[inline(always)]
    fn seeded(primal: T, lane: usize) -> Self {
        Self::from_dual(Dual::seeded(primal, lane))
    }
}

impl<T: Scalar, const N: usize, L: Lanes> Mode for BareDual<T, N, L> {
    type Inner = T;

    #[inline(always)]
    fn inner(self) -> T {
        self.primal
    }

    #[inline(always)]
    fn chain(self, value: T, slope: T) -> Self {
        self.scaled(value, Slope::Of(slope))
    }

    #[inline(always)]
    fn chain_real(self, value: T, slope: T::Real) -> Self {
        self.scaled(value, Slope::Plain(slope))
    }

    #[inline(always)]
    fn chain2(self, other: Self, value: T, [by_self, by_other]: [T; 2]) -> Self {
        self.joined(other, value, [Slope::Of(by_self), Slope::Of(by_other)])
    }

    #[inline(always)]
    fn chain3(self, b: Self, c: Self, value: T, [by_self, by_b, by_c]: [T; 3]) -> Self {
        self.chain2(b, value, [by_self, by_b]).joined(c, value, [Slope::One, Slope::Of(by_c)])
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.joined(other, self.primal + other.primal, [Slope::One, Slope::One])
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.joined(other, self.primal - other.primal, [Slope::One, Slope::MinusOne])
    }
}

impl<T: Scalar, const N: usize, L: Lanes> Scalar for BareDual<T, N, L> {
    type Real = T::Real;

    #[inline(always)]
    fn from_real(x: T::Real) -> Self {
        Self::constant(T::from_real(x))
    }

    #[inline(always)]
    fn value(self) -> T::Real {
        self.primal.value()
    }

    fn is_identically_zero(self) -> bool {
        self.primal.is_identically_zero() && self.looked_at().is_identically_zero()
    }

    fn is_finite_throughout(self) -> bool {
        self.looked_at().is_finite_throughout()
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        BareDual { primal: self.primal.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    fn magnitude(self) -> T::Real {
        self.looked_at().magnitude()
    }

    elementary_functions!(chained_functions inline(always));
}

impl<T: Scalar, const N: usize, L: Lanes> Engine<T::Real> for BareDual<T, N, L> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = T::RECORDS;

    const ORDER: usize = T::ORDER + 1;

    fn product_by_rule(a: Self, b: Self) -> Self {
        operators::product_by_rule(a, b)
    }

    fn locally_constant(slope: T::Real) -> Self {
        Self::constant(T::locally_constant(slope))
    }

    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        sum_of_pairs(a, b, Self::bare_product)
    }

    fn weighted_sum_slice(xs: &[Self], weights: &[T::Real]) -> Self {
        weighted_sum_by(
            xs,
            weights,
            #[inline(always)]
            |&x, &weight| x * weight,
        )
    }

    fn dense_slice<F: Function<T::Real, Output = T::Real>>(
        neurons: &[Self],
        inputs: &[Self],
        rows: usize,
        activation: &F,
        outputs: &mut Vec<Self>,
    ) {
        let [neurons, inputs] = [neurons, inputs].map(duals);
        let mut results = Vec::new();
        Dual::dense_slice(&neurons, &inputs, rows, activation, &mut results);
        outputs.extend(results.into_iter().map(Self::from_dual));
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        Self::from_dual(Dual::log_sum_exp_slice(&duals(xs)))
    }

    fn apply_rule<const K: usize>(rule: &impl Rule<K, T::Real>, x: [Self; K]) -> Self {
        Self::from_dual(Dual::apply_rule(rule, x.map(Self::dual)))
    }

    #[inline(always)]
    fn fused<F: Function<T::Real>, const K: usize>(f: &F, x: [Self; K]) -> <F::Output as Outputs<T::Real>>::Of<Self> {
        if is_linearized_first::<F::Output, T::Real>(K, N) {
            F::Output::map(Dual::fused(f, x.map(Self::dual)), Self::from_dual)
        } else {
            f.eval(&x)
        }
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        Dual::apply_block(block, &duals(x)).into_iter().map(Self::from_dual).collect()
    }
}

fn duals<T: Scalar, const N: usize, L: Lanes>(numbers: &[BareDual<T, N, L>]) -> Scratch<Dual<T, N>> {
    Scratch::of(numbers.iter().map(|x| x.dual()))
}

impl_scalar!([const N: usize, L: Lanes] BareDual<T, N, L>);

impl<T: Scalar, const N: usize, L: Lanes> From<T> for BareDual<T, N, L> {
    fn from(primal: T) -> Self {
        Self::constant(primal)
    }
}

impl<T: Scalar, const N: usize, L: Lanes> fmt::Display for BareDual<T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.dual(), f)
    }
}

impl<T: Scalar, const N: usize, L: Lanes> fmt::LowerExp for BareDual<T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.dual(), f)
    }
}

impl<T: Scalar, const N: usize, L: Lanes> fmt::Debug for BareDual<T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.dual(), f)
    }
}
