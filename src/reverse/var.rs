//! The variable that records.

use std::fmt;

use super::block::{Blocks, Operand, Operation, Source};
use super::elements::{Partials, Sizes};
use super::layers::Layer;
use super::recording::{Binary, Head, NONE};
use super::slot::{Slot, lend_slot, on_slot, refuse};
use crate::forward::Dual;
use crate::forward::kernel::{dual_inputs, linearized, linearized_if_finite};
use crate::memory::pool::Scratch;
use crate::reverse::layers::dense_with_slopes;
use crate::scalar::custom::pulled_back;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{Mode, chained_functions, impl_scalar, inherent_functions, left_operators};
use crate::scalar::rules::elementary_functions;
use crate::scalar::sums::{sum_of, sum_of_pairs};
use crate::scalar::{Scalar, rules};

/// A number that records every operation on the [`Tape`](crate::Tape) of its thread.
///
/// It is its value and its place on the tape: 16 bytes for `f64`, `Copy`,
/// `'static`, `Send` and `Sync`. Without a place it is a constant, which costs
/// nothing on a tape. Equality and order compare values only.
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
    value: T,
    place: Place,
}

/// Where a variable is recorded: the stamp of the recording and the position in it;
/// for a constant 0 and [`NONE`]. One number keeps a variable in two registers.
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

    /// The place so many positions later.
    #[inline(always)]
    pub(super) const fn later(self, positions: usize) -> Place {
        Place(self.0 + positions as u64)
    }
}

impl<T: Scalar> Var<T> {
    /// A number that is on no tape.
    ///
    /// ```
    /// use dualtape::{Scalar, Var};
    ///
    /// assert_eq!((Var::constant(2.0) * 3.0).value(), 6.0);
    /// ```
    #[inline]
    pub const fn constant(value: T) -> Self {
        Var { value, place: Place::NOWHERE }
    }

    /// The value, in the scalar that the tape is over.
    ///
    /// ```
    /// use dualtape::{Dual, Var};
    ///
    /// assert_eq!(Var::constant(Dual::new(2.0, [1.0])).primal().partials, [1.0]);
    /// ```
    #[inline]
    pub const fn primal(self) -> T {
        self.value
    }

    /// Whether the number is on no tape.
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
    pub(super) const fn at(value: T, place: Place) -> Self {
        Var { value, place }
    }

    #[inline(always)]
    pub(super) const fn place(self) -> Place {
        self.place
    }

    /// The result of an operation on two operands, whose partial by the second is 1.
    #[inline(always)]
    #[track_caller]
    fn joined(self, other: Self, value: T, by_self: T) -> Self {
        Var { value, place: record::<T, true>([self.place, other.place], [by_self, T::one()]) }
    }

    /// The result of an operation on a few operands.
    #[inline(always)]
    #[track_caller]
    fn with_partials<const N: usize>(operands: &[Self; N], value: T, partials: &[T; N]) -> Self {
        match (&operands[..], &partials[..]) {
            (&[x], &[by_x]) => x.chain(value, by_x),
            (&[x, y], &[by_x, by_y]) => x.chain2(y, value, [by_x, by_y]),
            _ => Var::record(value, (operands, partials.iter().copied()), (&[], std::iter::empty())),
        }
    }

    /// The result of an operation on two lists of operands, each with its
    /// partials: one statement, or a constant when they are all constants.
    #[inline(always)]
    #[track_caller]
    fn record(
        value: T,
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
                    operands.push(xs, x.distance(), by_x);
                }
                if y != Slice::Constants {
                    operands.push(ys, y.distance(), by_y);
                }
            }))
        });
        match recorded {
            Ok(place) => Var { value, place },
            Err(foreign) => refuse::<T>(foreign),
        }
    }
}

/// Records a block of some results from K lists of operands, unless these are all constants: `source` is
/// asked what it comes from.
#[inline(always)]
#[track_caller]
fn record_block<T: Scalar, const K: usize>(
    operands: [&[Var<T>]; K],
    results: usize,
    source: impl FnOnce(&mut Blocks<T>, [Operand; K]) -> Source<T>,
) -> Option<Place> {
    // What it holds is not to be dropped while the slot is borrowed.
    let mut source = Some(source);
    let recorded = lend_slot(|slot: &Slot<T>| {
        let mut recordings = slot.borrow_mut();
        let recording = recordings.current();
        let blocks = &mut recording.blocks;
        let mut stored = [Operand::Constants; K];
        for (stored, operands) in stored.iter_mut().zip(operands) {
            match Slice::of(operands, slot.head())? {
                Slice::Constants => {}
                slice => *stored = blocks.operand(operands, slice.distance() == Some(1)),
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

/// The results of a block with their values, as variables from the first one's place on, or as constants.
fn results<T: Scalar>(values: &[T], first: Option<Place>) -> impl Iterator<Item = Var<T>> {
    let place = move |i| first.map_or(Place::NOWHERE, |first| first.later(i));
    values.iter().enumerate().map(move |(i, &value)| Var { value, place: place(i) })
}

/// What there is in a slice of operands.
#[derive(Clone, Copy, PartialEq)]
enum Slice {
    Constants,
    /// Variables recorded at equal distances.
    Spaced(u32),
    Mixed,
}

impl Slice {
    /// An error is the stamp of a variable of another recording.
    #[inline(always)]
    fn of<T: Scalar>(xs: &[Var<T>], head: &Head<T>) -> Result<Slice, u32> {
        let (Some(first), Some(last)) = (xs.first(), xs.last()) else { return Ok(Slice::Constants) };
        let (first, last) = (first.place, last.place);
        let distance = xs.get(1).map_or(1, |second| second.place.0.wrapping_sub(first.0));
        // The last one tells most of the others apart.
        let may_be_spaced = !first.is_nowhere()
            && last.stamp() == first.stamp()
            && (1..=u64::from(u32::MAX)).contains(&distance)
            && last.0 == first.0.wrapping_add(distance.wrapping_mul(xs.len() as u64 - 1));
        if may_be_spaced && deviations(xs, first, distance) == 0 {
            return if head.admits(first.stamp()) { Ok(Slice::Spaced(distance as u32)) } else { Err(first.stamp()) };
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

    /// At which distance the variables were recorded, if at the same.
    #[inline(always)]
    fn distance(self) -> Option<u32> {
        match self {
            Slice::Spaced(distance) => Some(distance),
            _ => None,
        }
    }

    #[inline(never)]
    fn of_several_stamps<T: Scalar>(xs: &[Var<T>], head: &Head<T>) -> Result<Slice, u32> {
        let foreign = xs.iter().map(|x| x.place.stamp()).find(|&stamp| !head.admits(stamp));
        foreign.map_or(Ok(Slice::Mixed), Err)
    }
}

/// The bits in which any place is not that at its distance from the first. They are compared in whole fours,
/// which are unrolled.
#[inline(always)]
fn deviations<T>(xs: &[Var<T>], first: Place, distance: u64) -> u64 {
    let (fours, rest) = xs.as_chunks::<4>();
    let (mut all, mut expected) = (0, first.0);
    let mut compare = |x: &Var<T>| {
        all |= x.place.0 ^ expected;
        expected = expected.wrapping_add(distance);
    };
    for four in fours {
        four.iter().for_each(&mut compare);
    }
    rest.iter().for_each(compare);
    all
}

/// Whether an input of a kernel is differentiated. That of a constant is of no account, and left out where it
/// would be recorded.
#[inline(always)]
fn counts<T: Scalar>(x: Var<T>) -> bool {
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

/// Records a statement where memory has to be found, or the operands refused.
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
        self.value
    }

    #[inline(always)]
    #[track_caller]
    fn chain(self, value: T, slope: T) -> Self {
        let place = if self.place.is_nowhere() {
            self.place
        } else {
            record::<T, true>([self.place, Place::NOWHERE], [slope, T::one()])
        };
        Var { value, place }
    }

    #[inline(always)]
    #[track_caller]
    fn chain_real(self, value: T, slope: T::Real) -> Self {
        self.chain(value, T::from_real(slope))
    }

    #[inline(always)]
    #[track_caller]
    fn chain2(self, other: Self, value: T, slopes: [T; 2]) -> Self {
        if self.place == other.place {
            // Two constants, or one variable twice, as in a square: then it is one argument.
            return self.chain(value, slopes[0] + slopes[1]);
        }
        Var { value, place: record::<T, false>([self.place, other.place], slopes) }
    }

    #[inline(always)]
    #[track_caller]
    fn chain3(self, b: Self, c: Self, value: T, slopes: [T; 3]) -> Self {
        Var::with_partials(&[self, b, c], value, &slopes)
    }

    #[inline(always)]
    #[track_caller]
    fn plus(self, other: Self) -> Self {
        // The first one is the sum so far, more often than not: on the way back over a long sum each adjoint waits for
        // the one before, and where the partial is one by its place alone, not for a product.
        other.joined(self, self.value + other.value, T::one())
    }

    #[inline(always)]
    #[track_caller]
    fn minus(self, other: Self) -> Self {
        other.joined(self, self.value - other.value, -T::one())
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
        self.value.value()
    }

    #[inline]
    fn is_identically_zero(self) -> bool {
        self.is_constant() && self.value.is_identically_zero()
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.value.is_finite_throughout()
    }

    #[inline(always)]
    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        Var { value: self.value.label(name), ..self }
    }

    #[inline(always)]
    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        T::group(name, inside)
    }

    fn magnitude(self) -> T::Real {
        self.value.magnitude()
    }

    elementary_functions!(chained_functions inline);
}

impl<T: Scalar> Engine<T::Real> for Var<T> {
    const RECORDS: bool = true;

    const ORDER: usize = T::ORDER + 1;

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Var::constant(T::locally_constant(slope))
    }

    #[track_caller]
    fn sum_slice(xs: &[Self]) -> Self {
        Var::record(sum_of(xs, |x| x.value), (xs, std::iter::repeat(T::one())), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        let b = &b[..a.len()];
        let value = sum_of_pairs(a, b, |a, b| a.value * b.value);
        if std::ptr::eq(a, b) {
            return Var::record(value, (a, a.iter().map(|a| a.value + a.value)), (&[], std::iter::empty()));
        }
        Var::record(value, (a, b.iter().map(|b| b.value)), (b, a.iter().map(|a| a.value)))
    }

    #[track_caller]
    fn weighted_sum_slice(xs: &[Self], weights: &[T::Real]) -> Self {
        let weights = &weights[..xs.len()];
        let value = sum_of_pairs(xs, weights, |x, &weight| x.value * weight);
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
        let values = [neurons, inputs].map(|operands| Scratch::of(operands.iter().map(|x| x.value)));
        let [y, slopes] = dense_with_slopes(&values[0], &values[1], rows, activation);
        let first = record_block([neurons, inputs], y.len(), |blocks, operands| {
            Source::Layer(blocks.layers.push(Layer { operands, rows, values, slopes }))
        });
        outputs.extend(results(&y, first));
    }

    #[track_caller]
    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let mut inner = Scratch::of(xs.iter().map(|x| x.value));
        let value = rules::log_sum_exp(&mut inner);
        Var::record(value, (xs, inner.iter().copied()), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn apply_rule<const N: usize>(rule: &impl Rule<N, T::Real>, x: [Self; N]) -> Self {
        let inner = x.map(|x| x.value);
        let value = T::apply_rule(rule, inner);
        if x.iter().all(|x| x.is_constant()) {
            return Var::constant(value);
        }
        Var::with_partials(&x, value, &rule.partials(inner, value))
    }

    #[track_caller]
    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let inner: Vec<T> = x.iter().map(|x| x.value).collect();
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
        let (values, counts) = (x.map(|x| x.value), |lane: usize| counts(x[lane]));
        match linearized_if_finite(f, &values, counts) {
            Some(y) => F::Output::map(y, |y| Var::with_partials(&x, y.value, &y.partials)),
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
        let (partials, mut are_finite) = (&mut kept[..], true);
        for i in 0..n {
            let inputs: [T; N] = std::array::from_fn(|lane| x[lane][i].value);
            let (y, all_are_finite) = linearized(f, &inputs, |lane| counts(x[lane][i]));
            are_finite &= all_are_finite;
            for (number, (y, output)) in y.iter().zip(&mut outputs).enumerate() {
                output[i].value = y.value;
                for (lane, &partial) in y.partials.iter().enumerate() {
                    partials[sizes.row(number, lane).start + i] = partial;
                }
            }
        }
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

/// Out of line, so that partial derivatives which come from memory do not meet those in registers. Values and places
/// come apart: variables in memory would be made of integers, for which the caller reads also the values as integers.
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
    let operands: [Var<T>; N] = std::array::from_fn(|lane| Var { value: x[lane].value, place: places[lane] });
    F::Output::map(f.eval(&x), |y| Var::with_partials(&operands, y.value, &y.partials))
}

/// A constant.
impl<T: Scalar> From<T> for Var<T> {
    fn from(value: T) -> Self {
        Var::constant(value)
    }
}

/// The value and the position on the tape, `3 (variable 7)`; a constant is its
/// value alone.
impl<T: Scalar> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)?;
        if self.is_constant() { Ok(()) } else { write!(f, " (variable {})", self.place.position()) }
    }
}

impl<T: Scalar> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
