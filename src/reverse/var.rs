//! The variable, which records every operation on it.

use std::fmt;

use super::block::{Blocks, Operand, Operation, Source};
use super::elements::{Partials, Sizes, linearize_elements};
use super::layers::Layer;
use super::recording::{Binary, Head, NONE};
use super::slot::{Slot, lend_slot, on_recording, on_slot, refuse};
use crate::forward::Dual;
use crate::forward::kernel::{dual_inputs, linearized_if_finite};
use crate::memory::pool::Scratch;
use crate::reverse::layers::dense_with_slopes;
use crate::scalar::custom::pulled_back;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{self, Mode, chained_functions, impl_scalar, inherent_functions, left_operators};
use crate::scalar::rules::elementary_functions;
use crate::scalar::sums::{sum_of, sum_of_pairs};
use crate::scalar::{Scalar, largest_magnitude, rules};

/// A number that records every operation on the [`Tape`](crate::Tape) of its thread.
///
/// It holds its value and its place on the tape: 16 bytes for `f64`, `Copy`, `'static`, `Send` and `Sync`. A variable
/// without a place is a constant, which takes no memory on a tape. Equality and order compare values only.
///
/// ```
/// use dualtape::{Scalar, Tape, Var};
///
/// let tape = Tape::new();
/// let x = tape.var(2.0);
/// let y = (x * x + 1.0).ln() * Var::constant(3.0);
/// assert_eq!(y.value(), 3.0 * 5.0_f64.ln());
/// assert_eq!(tape.backward(y)[x], 2.4000000000000004);
/// ```
#[derive(Clone, Copy)]
pub struct Var<T = f64> {
    primal: T,
    place: Place,
}

/// Where a variable is recorded: the stamp of the recording and the position in it, or 0 and [`NONE`] for a constant.
/// They share one number, so that a variable fits into two registers.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Place(u64);

impl Place {
    pub(super) const NOWHERE: Place = Place::new(0, NONE);

    #[inline(always)]
    pub(super) const fn new(stamp: u32, position: u32) -> Self {
        Place((stamp as u64) << 32 | position as u64)
    }

    #[inline(always)]
    pub(super) const fn stamp(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline(always)]
    pub(super) const fn position(self) -> u32 {
        self.0 as u32
    }

    #[inline(always)]
    pub(super) const fn is_nowhere(self) -> bool {
        self.stamp() == 0
    }

    /// Returns the place so many positions later.
    #[inline(always)]
    pub(super) const fn later(self, positions: usize) -> Place {
        Place(self.0 + positions as u64)
    }
}

impl<T: Scalar> Var<T> {
    /// Returns a number that is on no tape.
    ///
    /// ```
    /// use dualtape::{Scalar, Var};
    ///
    /// assert_eq!((Var::constant(2.0) * 3.0).value(), 6.0);
    /// ```
    #[inline]
    pub const fn constant(primal: T) -> Self {
        Var { primal, place: Place::NOWHERE }
    }

    /// Returns the value, in the scalar that the tape is over.
    ///
    /// ```
    /// use dualtape::{Dual, Var};
    ///
    /// assert_eq!(Var::constant(Dual::new(2.0, [1.0])).primal().partials, [1.0]);
    /// ```
    #[inline]
    pub const fn primal(self) -> T {
        self.primal
    }

    /// Returns whether the number is on no tape.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// assert!(!tape.var(1.0).is_constant());
    /// ```
    #[inline]
    pub const fn is_constant(self) -> bool {
        self.place.is_nowhere()
    }

    #[inline(always)]
    pub(super) const fn at(primal: T, place: Place) -> Self {
        Var { primal, place }
    }

    #[inline(always)]
    pub(super) const fn place(self) -> Place {
        self.place
    }

    /// Records an operation on two operands, whose partial by the second is 1.
    #[inline(always)]
    #[track_caller]
    fn joined(self, other: Self, primal: T, by_self: T) -> Self {
        Var { primal, place: record::<T, true>([self.place, other.place], [by_self, T::one()]) }
    }

    /// Records an operation on a few operands.
    #[inline(always)]
    #[track_caller]
    fn with_partials<const N: usize>(operands: &[Self; N], value: T, partials: &[T; N]) -> Self {
        match (&operands[..], &partials[..]) {
            (&[x], &[by_x]) => x.chain(value, by_x),
            (&[x, y], &[by_x, by_y]) => x.chain2(y, value, [by_x, by_y]),
            _ => Var::record(value, (operands, partials.iter().copied()), (&[], std::iter::empty())),
        }
    }

    /// Records the outputs of a kernel, a statement for each. The statements share the list of their operands.
    ///
    /// NOTE(perf): one call for all outputs. A kernel of 5 inputs, recorded and swept, takes 12 % less time with one output,
    /// and 20 to 26 % less with two to four (`cargo bench --bench tools`).
    #[inline(always)]
    #[track_caller]
    fn with_rows<F: Function<T::Real>, const N: usize>(
        operands: &[Self; N],
        outputs: <F::Output as Outputs<T::Real>>::Of<Dual<T, N>>,
    ) -> <F::Output as Outputs<T::Real>>::Of<Self> {
        if N <= 2 {
            return F::Output::map(outputs, |y| Var::with_partials(operands, y.primal, &y.partials));
        }
        let rows = F::Output::as_slice(&outputs);
        let recorded = lend_slot(|slot: &Slot<T>| {
            let slice = Slice::of(operands, slot.head())?;
            if slice == Slice::Constants || rows.is_empty() {
                return Ok(None);
            }
            let place = slot.record_rows(rows.len() as u32, |stored| {
                stored.make_room(N * rows.len());
                stored.push_rows(operands, slice == Slice::Run, rows.iter().map(|y| &y.partials[..]))
            });
            Ok(Some(place))
        });
        let first = recorded.unwrap_or_else(|foreign| refuse::<T>(foreign));
        let mut places = (0..).map(|later| first.map_or(Place::NOWHERE, |first| first.later(later)));
        F::Output::map(outputs, |y| Var { primal: y.primal, place: places.next().unwrap_or(Place::NOWHERE) })
    }

    /// Records an operation on two lists of operands, each with its partials, as one statement. Returns a constant when
    /// all operands are constants.
    #[inline(always)]
    #[track_caller]
    fn record(
        primal: T,
        (xs, by_x): (&[Self], impl Iterator<Item = T>),
        (ys, by_y): (&[Self], impl Iterator<Item = T>),
    ) -> Self {
        let recorded = lend_slot(|slot: &Slot<T>| {
            let (x, y) = (Slice::of(xs, slot.head())?, Slice::of(ys, slot.head())?);
            if (x, y) == (Slice::Constants, Slice::Constants) {
                return Ok(Place::NOWHERE);
            }
            let variables = |slice: Slice, all: &[Self]| if slice == Slice::Constants { 0 } else { all.len() };
            Ok(slot.record_long(|operands| {
                operands.make_room(variables(x, xs) + variables(y, ys));
                if x != Slice::Constants {
                    operands.push(xs, x == Slice::Run, by_x);
                }
                if y != Slice::Constants {
                    operands.push(ys, y == Slice::Run, by_y);
                }
            }))
        });
        match recorded {
            Ok(place) => Var { primal, place },
            Err(foreign) => refuse::<T>(foreign),
        }
    }
}

/// Records a block of results from K lists of operands, and returns its first place. Calls `source` for the origin of
/// the block, unless all operands are constants.
#[inline(always)]
#[track_caller]
fn record_block<T: Scalar, const K: usize>(
    operands: [&[Var<T>]; K],
    results: usize,
    source: impl FnOnce(&mut Blocks<T>, [Operand; K]) -> Source<T>,
) -> Option<Place> {
    // Outside, so that the closure is not dropped while the slot is borrowed.
    let mut source = Some(source);
    let recorded = lend_slot(|slot: &Slot<T>| {
        let mut recordings = slot.borrow_mut();
        let recording = recordings.current();
        let blocks = &mut recording.blocks;
        let mut stored = [Operand::Constants; K];
        for (stored, operands) in stored.iter_mut().zip(operands) {
            match Slice::of(operands, slot.head())? {
                Slice::Constants => {}
                slice => *stored = blocks.operand(operands, slice == Slice::Run),
            }
        }
        if stored.iter().all(|operand| matches!(operand, Operand::Constants)) {
            return Ok(None);
        }
        let source = source.take().map(|source| source(blocks, stored));
        Ok(source.map(|source| recording.block(results, source)))
    });
    recorded.unwrap_or_else(|foreign| refuse::<T>(foreign))
}

/// Records a dense layer, and appends its outputs. It is compiled once for all activations.
#[track_caller]
fn record_dense<T: Scalar>(
    operands: [&[Var<T>]; 2],
    rows: usize,
    values: [Scratch<T>; 2],
    [y, slopes]: [Scratch<T>; 2],
    outputs: &mut Vec<Var<T>>,
) {
    let first = record_block(operands, y.len(), |blocks, operands| {
        Source::Layer(blocks.layers.push(Layer { operands, rows, values, slopes }))
    });
    outputs.extend(results(&y, first));
}

/// Returns values as variables at consecutive places from `first` on (I2), or as constants.
fn results<T: Scalar>(values: &[T], first: Option<Place>) -> impl Iterator<Item = Var<T>> {
    let place = move |i| first.map_or(Place::NOWHERE, |first| first.later(i));
    values.iter().enumerate().map(move |(i, &value)| Var { primal: value, place: place(i) })
}

/// How a slice of operands is recorded.
#[derive(Clone, Copy, PartialEq)]
enum Slice {
    Constants,
    /// Variables at consecutive positions.
    Run,
    Mixed,
}

impl Slice {
    /// Returns how the slice is recorded, or the stamp of a variable of another recording.
    #[inline(always)]
    fn of<T: Scalar>(xs: &[Var<T>], head: &Head<T>) -> Result<Slice, u32> {
        let (Some(first), Some(last)) = (xs.first(), xs.last()) else { return Ok(Slice::Constants) };
        let (first, last) = (first.place, last.place);
        // The last place excludes most slices that are no run.
        let may_be_run = !first.is_nowhere() && last == first.later(xs.len() - 1);
        if may_be_run && deviations(xs, first, 1) == 0 {
            return if head.admits(first.stamp()) { Ok(Slice::Run) } else { Err(first.stamp()) };
        }
        let have_one_stamp = deviations(xs, first, 0) >> 32 == 0;
        if !have_one_stamp {
            return Slice::of_several_stamps(xs, head);
        }
        match first.stamp() {
            0 => Ok(Slice::Constants),
            stamp if !head.admits(stamp) => Err(stamp),
            _ => Ok(Slice::Mixed),
        }
    }

    #[inline(never)]
    fn of_several_stamps<T: Scalar>(xs: &[Var<T>], head: &Head<T>) -> Result<Slice, u32> {
        let foreign = xs.iter().map(|x| x.place.stamp()).find(|&stamp| !head.admits(stamp));
        foreign.map_or(Ok(Slice::Mixed), Err)
    }
}

/// Returns the bits in which any place differs from the expected one: the first, and each next one `step` later. It
/// compares fours, which LLVM unrolls.
#[inline(always)]
fn deviations<T>(xs: &[Var<T>], first: Place, step: u64) -> u64 {
    let (fours, rest) = xs.as_chunks::<4>();
    let (mut all, mut expected) = (0, first.0);
    let mut compare = |x: &Var<T>| {
        all |= x.place.0 ^ expected;
        expected = expected.wrapping_add(step);
    };
    for four in fours {
        four.iter().for_each(&mut compare);
    }
    rest.iter().for_each(compare);
    all
}

/// Returns whether a kernel is differentiated with respect to this input. The slope with respect to a constant is
/// ignored anyway, and is left out where it would be recorded.
#[inline(always)]
pub(super) fn counts<T: Scalar>(x: Var<T>) -> bool {
    !(T::RECORDS && x.is_constant())
}

/// Records a statement with two operands, unless both are constants.
#[inline(always)]
#[track_caller]
fn record<T: Scalar, const ONE: bool>(operands: [Place; 2], partials: [T; 2]) -> Place {
    let binary = Binary::<T, ONE> { operands, partials };
    let at_once = T::with_slot(|slot| slot.head().binary(binary));
    match at_once {
        Ok(Some(place)) => place,
        _ if operands.iter().all(|place| place.is_nowhere()) => Place::NOWHERE,
        _ => record_with_care(binary),
    }
}

/// Records a statement on the slow path: allocates a chunk, or refuses the operands.
#[cold]
#[inline(never)]
#[track_caller]
fn record_with_care<T: Scalar, const ONE: bool>(binary: Binary<T, ONE>) -> Place {
    match on_slot::<T, _>(|slot| Ok(slot.recording_for(binary.operands.into_iter())?.binary(binary))) {
        Ok(place) => place,
        Err(foreign) => refuse::<T>(foreign),
    }
}

impl<T: Scalar> Mode for Var<T> {
    type Inner = T;

    #[inline(always)]
    fn inner(self) -> T {
        self.primal
    }

    #[inline(always)]
    #[track_caller]
    fn chain(self, primal: T, slope: T) -> Self {
        let place = if self.place.is_nowhere() {
            self.place
        } else {
            record::<T, true>([self.place, Place::NOWHERE], [slope, T::one()])
        };
        Var { primal, place }
    }

    #[inline(always)]
    #[track_caller]
    fn chain_real(self, value: T, slope: T::Real) -> Self {
        self.chain(value, T::from_real(slope))
    }

    /// Notes that the recording has a slope in factors: an adjoint may be out of range too. The sweep multiplies by the first
    /// factor first, as the other modes do.
    #[cold]
    #[track_caller]
    fn chain_in_factors(self, value: T, [first, second]: [T; 2]) -> Self {
        let _ = T::with_slot(|slot| slot.in_factors.set(self.place.stamp()));
        self.chain(value, second).chain(value, first)
    }

    #[inline(always)]
    #[track_caller]
    fn chain2(self, other: Self, primal: T, slopes: [T; 2]) -> Self {
        if self.place == other.place {
            // Two constants, or one variable twice, as in a square, which is one argument.
            return self.chain(primal, slopes[0] + slopes[1]);
        }
        Var { primal, place: record::<T, false>([self.place, other.place], slopes) }
    }

    #[inline(always)]
    #[track_caller]
    fn chain3(self, b: Self, c: Self, value: T, slopes: [T; 3]) -> Self {
        Var::with_partials(&[self, b, c], value, &slopes)
    }

    #[inline(always)]
    #[track_caller]
    fn plus(self, other: Self) -> Self {
        // NOTE(perf): `self` is mostly the sum so far. Over a long sum each adjoint of the sweep waits for the one
        // before. As the second operand, whose partial is 1 by its place, it waits for no product.
        other.joined(self, self.primal + other.primal, T::one())
    }

    #[inline(always)]
    #[track_caller]
    fn minus(self, other: Self) -> Self {
        other.joined(self, self.primal - other.primal, -T::one())
    }
}

impl<T: Scalar> Scalar for Var<T> {
    type Real = T::Real;

    #[inline]
    fn from_real(x: T::Real) -> Self {
        Var::constant(T::from_real(x))
    }

    #[inline]
    fn value(self) -> T::Real {
        self.primal.value()
    }

    #[inline]
    fn is_identically_zero(self) -> bool {
        self.is_constant() && self.primal.is_identically_zero()
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.primal.is_finite_throughout()
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        Var { primal: self.primal.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    #[track_caller]
    fn magnitude(self) -> T::Real {
        let place = self.place();
        let slopes = if self.is_constant() {
            Vec::new()
        } else {
            on_recording::<T, _>(place.stamp(), |recording| recording.slopes_of(place))
        };
        largest_magnitude(self.primal, slopes)
    }

    elementary_functions!(chained_functions inline);
}

impl<T: Scalar> Engine<T::Real> for Var<T> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = true;

    const ORDER: usize = T::ORDER + 1;

    fn product_by_rule(a: Self, b: Self) -> Self {
        operators::product_by_rule(a, b)
    }

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Var::constant(T::locally_constant(slope))
    }

    #[track_caller]
    fn sum_slice(xs: &[Self]) -> Self {
        Var::record(sum_of(xs, |x| x.primal), (xs, std::iter::repeat(T::one())), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        let b = &b[..a.len()];
        let value = sum_of_pairs(a, b, |a, b| a.primal * b.primal);
        if std::ptr::eq(a, b) {
            return Var::record(value, (a, a.iter().map(|a| a.primal + a.primal)), (&[], std::iter::empty()));
        }
        Var::record(value, (a, b.iter().map(|b| b.primal)), (b, a.iter().map(|a| a.primal)))
    }

    #[track_caller]
    fn weighted_sum_slice(xs: &[Self], weights: &[T::Real]) -> Self {
        let weights = &weights[..xs.len()];
        let value = sum_of_pairs(xs, weights, |x, &weight| x.primal * weight);
        Var::record(value, (xs, weights.iter().map(|&weight| T::from_real(weight))), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn dense_slice<F: Function<T::Real, Output = T::Real>>(
        neurons: &[Self],
        inputs: &[Self],
        rows: usize,
        activation: &F,
        outputs: &mut Vec<Self>,
    ) {
        let values = [neurons, inputs].map(|operands| Scratch::of(operands.iter().map(|x| x.primal)));
        let evaluated = dense_with_slopes(&values[0], &values[1], rows, activation);
        record_dense([neurons, inputs], rows, values, evaluated, outputs);
    }

    #[track_caller]
    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let mut inner = Scratch::of(xs.iter().map(|x| x.primal));
        let value = rules::log_sum_exp(&mut inner);
        Var::record(value, (xs, inner.iter().copied()), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn apply_rule<const N: usize>(rule: &impl Rule<N, T::Real>, x: [Self; N]) -> Self {
        let inner = x.map(|x| x.primal);
        let value = T::apply_rule(rule, inner);
        if x.iter().all(|x| x.is_constant()) {
            return Var::constant(value);
        }
        Var::with_partials(&x, value, &rule.partials(inner, value))
    }

    #[track_caller]
    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let inner: Vec<T> = x.iter().map(|x| x.primal).collect();
        let values = T::apply_block(block, &inner);
        let (block, outputs) = (block.clone(), values.clone());
        let bytes = (inner.len() + outputs.len()) * size_of::<T>();
        let pull_back = move |adjoints: &[T], sums: &mut [T]| {
            let pulled = pulled_back(&block, &inner, &outputs, adjoints);
            sums.iter_mut().zip(pulled).for_each(|(sum, adjoint)| *sum += adjoint);
        };
        let first = record_block([x], values.len(), |_, [operand]| {
            Source::Operation(Box::new(Operation { operand, bytes, pull_back }))
        });
        results(&values, first).collect()
    }

    #[inline(always)]
    #[track_caller]
    fn fused<F: Function<T::Real>, const N: usize>(f: &F, x: [Self; N]) -> <F::Output as Outputs<T::Real>>::Of<Self> {
        let (values, counts) = (x.map(|x| x.primal), |lane: usize| counts(x[lane]));
        match linearized_if_finite(f, &values, counts) {
            Some(y) => Var::with_rows::<F, N>(&x, y),
            None => fused_with_care(f, dual_inputs(&values, counts), x.map(|x| x.place)),
        }
    }

    #[track_caller]
    fn fused_map<F, const N: usize, const M: usize>(f: &F, x: [&[Self]; N]) -> [Vec<Self>; M]
    where
        F: Function<T::Real, Output = [T::Real; M]>,
    {
        let n = x[0].len();
        let x = x.map(|x| &x[..n]);
        let sizes = Sizes { inputs: N, outputs: M, count: n };
        let mut outputs = [(); M].map(|()| vec![Var::constant(T::zero()); n]);
        let mut kept = Partials::with_len(sizes.partials());
        let are_finite = if n > 0 { linearize_elements(f, x, &mut outputs, &mut kept) } else { true };
        let first = record_block(x, M * n, |blocks, inputs| {
            Source::Elements(blocks.elements.push(&inputs, sizes, kept, are_finite))
        });
        if let Some(first) = first {
            outputs.iter_mut().flatten().enumerate().for_each(|(i, y)| y.place = first.later(i));
        }
        outputs
    }
}

impl_scalar!([] Var<T>);
left_operators!([T: Scalar<Real = f64>] Var<T>);

elementary_functions!(inherent_functions [] Var<T>);

/// Evaluates a kernel by `Dual`, out of line.
///
/// NOTE(perf): out of line, so that LLVM does not merge partial derivatives in memory with partial derivatives in
/// registers. Values and places are two arguments: of variables in memory LLVM makes integers, and then the caller
/// reads the values as integers too.
#[cold]
#[inline(never)]
#[track_caller]
fn fused_with_care<F, T, const N: usize>(
    f: &F,
    x: [Dual<T, N>; N],
    places: [Place; N],
) -> <F::Output as Outputs<T::Real>>::Of<Var<T>>
where
    F: Function<T::Real>,
    T: Scalar,
{
    let operands: [Var<T>; N] = std::array::from_fn(|lane| Var { primal: x[lane].primal, place: places[lane] });
    Var::with_rows::<F, N>(&operands, f.eval(&x))
}

/// A constant.
impl<T: Scalar> From<T> for Var<T> {
    fn from(value: T) -> Self {
        Var::constant(value)
    }
}

/// The value, in the given format.
impl<T: Scalar> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.primal, f)
    }
}

/// The value, in the given format.
impl<T: Scalar> fmt::LowerExp for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.primal, f)
    }
}

/// The value and the position on the tape, `3.0 (variable 7)`; a constant is its value alone.
impl<T: Scalar> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.primal, f)?;
        if self.is_constant() { Ok(()) } else { write!(f, " (variable {})", self.place.position()) }
    }
}
