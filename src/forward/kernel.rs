//! Dual numbers that know their zeros, for fused kernels.

use std::fmt;

use crate::forward::Dual;
use crate::scalar::Scalar;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{self, Mode, chained_functions, impl_scalar};
use crate::scalar::rules::elementary_functions;

/// A dual number that knows which of its partials are present; the others are zero.
///
/// In an inlined kernel without loops LLVM knows which partials are present, and computes no others. The code is as
/// fast as hand-written slopes.
///
/// NOTE(perf): an entry times its 3×3 minor, ten inputs, takes 7 ns with all slopes, and 26 ns with [`Dual`]. Where
/// LLVM does not know which partials are present, each operation tests it, and costs two to three times one of a
/// `Dual`.
///
/// It has no zero rule: a zero times a slope that is not finite is NaN. A kernel whose slopes come out not finite is
/// evaluated again with `Dual`, which follows the crate's conventions.
#[derive(Clone, Copy)]
pub(crate) struct KernelDual<T, const N: usize> {
    primal: T,
    partials: [T; N],
    /// A bit for each lane: whether its partial is present.
    present: u64,
}

/// A factor of the partials of an operand.
#[derive(Clone, Copy)]
enum Slope<T: Scalar> {
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

impl<T: Scalar, const N: usize> KernelDual<T, N> {
    /// Whether kernels are evaluated with it. With many or large partials the code and the stack would grow long.
    pub(crate) const IS_SMALL: bool = N <= 16 && size_of::<Self>() <= 1024;

    #[inline(always)]
    fn constant(primal: T) -> Self {
        KernelDual { primal, partials: [T::zero(); N], present: 0 }
    }

    #[inline(always)]
    fn has(&self, lane: usize) -> bool {
        self.present >> lane & 1 != 0
    }

    /// Multiplies each present partial by a slope.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn scaled(self, primal: T, slope: Slope<T>) -> Self {
        let mut partials = [T::zero(); N];
        for_each_lane!(lane < N => {
            if self.has(lane) {
                partials[lane] = slope.times(self.partials[lane]);
            }
        });
        KernelDual { primal, partials, present: self.present }
    }

    /// Adds the partials of both, each times its slope.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn joined(self, other: Self, primal: T, [first, second]: [Slope<T>; 2]) -> Self {
        let mut partials = [T::zero(); N];
        for_each_lane!(lane < N => {
            let (p, q) = (self.partials[lane], other.partials[lane]);
            match (self.has(lane), other.has(lane)) {
                (true, true) => partials[lane] = first.times(p) + second.times(q),
                (true, false) => partials[lane] = first.times(p),
                (false, true) => partials[lane] = second.times(q),
                (false, false) => {}
            }
        });
        KernelDual { primal, partials, present: self.present | other.present }
    }

    fn from_dual(x: Dual<T, N>) -> Self {
        KernelDual { primal: x.primal, partials: x.partials, present: u64::MAX }
    }

    #[inline(always)]
    pub(crate) fn dual(self) -> Dual<T, N> {
        Dual::new(self.primal, self.partials)
    }

    /// Returns whether all partials are finite. For plain numbers, `x - x` is 0 for finite `x` and NaN otherwise, so
    /// one sum tests every partial.
    #[inline(always)]
    #[expect(clippy::eq_op, reason = "x - x is NaN where x is not finite")]
    fn has_finite_partials(&self) -> bool {
        if T::ORDER == 0 {
            let mut rest = [T::zero(); 4];
            for_each_lane!(lane < N => {
                let partial = self.partials[lane];
                rest[lane % 4] += partial - partial;
            });
            ((rest[0] + rest[1]) + (rest[2] + rest[3])).is_identically_zero()
        } else {
            self.partials.iter().all(|partial| partial.is_finite_throughout())
        }
    }
}

/// The outputs of a kernel of N inputs with their partial derivatives.
type Linearized<F, T, const N: usize> =
    <<F as Function<<T as Scalar>::Real>>::Output as Outputs<<T as Scalar>::Real>>::Of<Dual<T, N>>;

/// Returns the outputs of a kernel with their partial derivatives with respect to the inputs that count, and whether
/// all of these are finite.
#[inline(always)]
pub(crate) fn linearized<F, T, const N: usize>(
    f: &F,
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> (Linearized<F, T, N>, bool)
where
    F: Function<T::Real>,
    T: Scalar,
{
    if let Some(y) = linearized_if_finite(f, x, &counts) {
        return (y, true);
    }
    // NOTE(perf): a copy. The result of the call is in memory, and the processor would read small partials back
    // wider than the call wrote them.
    let y = F::Output::map(eval_out_of_line(f, dual_inputs(x, counts)), |y| Dual::new(y.primal, y.partials));
    let are_finite = F::Output::as_slice(&y).iter().flat_map(|y| &y.partials).all(|p| p.is_finite_throughout());
    (y, are_finite)
}

/// Fast path of [`linearized`]: the inputs are few and all partial derivatives finite. Otherwise returns `None`.
#[inline(always)]
pub(crate) fn linearized_if_finite<F, T, const N: usize>(
    f: &F,
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> Option<Linearized<F, T, N>>
where
    F: Function<T::Real>,
    T: Scalar,
{
    if !KernelDual::<T, N>::IS_SMALL {
        return None;
    }
    let y = kernel_duals(f, x, counts);
    let are_finite = F::Output::as_slice(&y).iter().all(KernelDual::has_finite_partials);
    are_finite.then(|| F::Output::map(y, KernelDual::dual))
}

/// Returns the outputs of a kernel of few inputs. Where a partial is not finite, they do not follow the zero rule.
#[inline(always)]
pub(crate) fn kernel_duals<F, T, const N: usize>(
    f: &F,
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> <F::Output as Outputs<T::Real>>::Of<KernelDual<T, N>>
where
    F: Function<T::Real>,
    T: Scalar,
{
    let mut inputs = [KernelDual::constant(T::zero()); N];
    for_each_lane!(lane < N => {
        inputs[lane] = KernelDual::constant(x[lane]);
        if counts(lane) {
            (inputs[lane].partials[lane], inputs[lane].present) = (T::one(), 1 << lane);
        }
    });
    f.eval(&inputs)
}

/// Returns the inputs of a kernel as dual numbers, each that counts along a lane of its own.
#[inline(always)]
pub(crate) fn dual_inputs<T: Scalar, const N: usize>(x: &[T; N], counts: impl Fn(usize) -> bool) -> [Dual<T, N>; N] {
    std::array::from_fn(|lane| if counts(lane) { Dual::seeded(x[lane], lane) } else { Dual::constant(x[lane]) })
}

#[cold]
#[inline(never)]
fn eval_out_of_line<F, T, const N: usize>(f: &F, x: [Dual<T, N>; N]) -> Linearized<F, T, N>
where
    F: Function<T::Real>,
    T: Scalar,
{
    f.eval(&x)
}

impl<T: Scalar, const N: usize> Mode for KernelDual<T, N> {
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

impl<T: Scalar, const N: usize> Scalar for KernelDual<T, N> {
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
        self.dual().is_identically_zero()
    }

    fn is_finite_throughout(self) -> bool {
        self.dual().is_finite_throughout()
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        KernelDual { primal: self.primal.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    fn magnitude(self) -> T::Real {
        self.dual().magnitude()
    }

    elementary_functions!(chained_functions inline(always));
}

impl<T: Scalar, const N: usize> Engine<T::Real> for KernelDual<T, N> {
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

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let xs: Vec<_> = xs.iter().map(|x| x.dual()).collect();
        Self::from_dual(Dual::log_sum_exp_slice(&xs))
    }

    fn apply_rule<const K: usize>(rule: &impl Rule<K, T::Real>, x: [Self; K]) -> Self {
        Self::from_dual(Dual::apply_rule(rule, x.map(Self::dual)))
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let x: Vec<_> = x.iter().map(|x| x.dual()).collect();
        Dual::apply_block(block, &x).into_iter().map(Self::from_dual).collect()
    }
}

impl_scalar!([const N: usize] KernelDual<T, N>);

impl<T: Scalar, const N: usize> From<T> for KernelDual<T, N> {
    fn from(primal: T) -> Self {
        Self::constant(primal)
    }
}

impl<T: Scalar, const N: usize> fmt::Display for KernelDual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.dual(), f)
    }
}

impl<T: Scalar, const N: usize> fmt::LowerExp for KernelDual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.dual(), f)
    }
}

impl<T: Scalar, const N: usize> fmt::Debug for KernelDual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.dual(), f)
    }
}
