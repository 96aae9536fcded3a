//! The variable that records.

use std::fmt;

use super::recording::NONE;
use super::slot::{on_slot, refuse};
use crate::operators::{Mode, chained_functions, impl_scalar};
use crate::rules::elementary_functions;
use crate::slices::sum_terms;
use crate::{Scalar, rules};

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

    /// The result of an operation on two lists of operands, each with its
    /// partials: one statement, or a constant when they are all constants.
    #[inline(always)]
    #[track_caller]
    fn record(
        value: T,
        (xs, by_x): (&[Self], impl Iterator<Item = T>),
        (ys, by_y): (&[Self], impl Iterator<Item = T>),
    ) -> Self {
        let recorded = on_slot::<T, _>(|slot| {
            let own = slot.stamp();
            let (x, y) = (are_variables(xs, own)?, are_variables(ys, own)?);
            if !(x || y) {
                return Ok(Place::NOWHERE);
            }
            let recording = slot.recording(own).expect("the stamp is the slot's own");
            if x {
                recording.operands(xs, by_x);
            }
            if y {
                recording.operands(ys, by_y);
            }
            Ok(Place::new(own, recording.long()))
        });
        match recorded {
            Ok(place) => Var { value, place },
            Err(foreign) => refuse::<T>(foreign),
        }
    }
}

/// Whether there are variables among the operands; an error is the stamp of one of
/// another recording.
#[inline(always)]
fn are_variables<T: Scalar>(xs: &[Var<T>], own: u32) -> Result<bool, u32> {
    let (mut stamps, mut differences) = (0, 0);
    for x in xs {
        stamps |= x.place.stamp();
        differences |= x.place.stamp() ^ own;
    }
    if stamps != 0 && differences != 0 {
        let foreign = xs.iter().map(|x| x.place.stamp()).find(|&stamp| stamp != own && stamp != 0);
        return foreign.map_or(Ok(true), Err);
    }
    Ok(stamps != 0)
}

/// Records a statement with one variable.
#[inline(never)]
#[track_caller]
fn record1<T: Scalar>(x: Place, partial: T) -> Place {
    let recorded = on_slot::<T, _>(|slot| {
        let recording = slot.recording_for([x].into_iter())?;
        Ok(recording.unary(x, partial))
    });
    match recorded {
        Ok(position) => Place::new(x.stamp(), position),
        Err(foreign) => refuse::<T>(foreign),
    }
}

/// Records a statement with two operands, one of which may be a constant.
#[inline(never)]
#[track_caller]
fn record2<T: Scalar>(x: Place, by_x: T, y: Place, by_y: T) -> Place {
    let recorded = on_slot::<T, _>(|slot| {
        let recording = slot.recording_for([x, y].into_iter())?;
        Ok(recording.binary(x, by_x, y, by_y))
    });
    match recorded {
        // One of the stamps may be 0; else they are equal.
        Ok(position) => Place::new(x.stamp() | y.stamp(), position),
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
        let place = if self.place.is_nowhere() { self.place } else { record1(self.place, slope) };
        Var { value, place }
    }

    #[inline(always)]
    #[track_caller]
    fn chain_real(self, value: T, slope: T::Real) -> Self {
        self.chain(value, T::from_real(slope))
    }

    #[inline(always)]
    #[track_caller]
    fn chain2(self, other: Self, value: T, [by_self, by_other]: [T; 2]) -> Self {
        let constant = self.place.is_nowhere() & other.place.is_nowhere();
        let place = if constant { self.place } else { record2(self.place, by_self, other.place, by_other) };
        Var { value, place }
    }

    #[inline(always)]
    #[track_caller]
    fn chain3(self, b: Self, c: Self, value: T, slopes: [T; 3]) -> Self {
        Var::record(value, (&[self, b, c], slopes.into_iter()), (&[], std::iter::empty()))
    }

    #[inline(always)]
    #[track_caller]
    fn plus(self, other: Self) -> Self {
        self.chain2(other, self.value + other.value, [T::one(), T::one()])
    }

    #[inline(always)]
    #[track_caller]
    fn minus(self, other: Self) -> Self {
        self.chain2(other, self.value - other.value, [T::one(), -T::one()])
    }
}

impl<T: Scalar> Scalar for Var<T> {
    type Real = T::Real;

    const RECORDS: bool = true;

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

    #[track_caller]
    fn sum_slice(xs: &[Self]) -> Self {
        Var::record(sum_terms(xs.len(), |i| xs[i].value), (xs, std::iter::repeat(T::one())), (&[], std::iter::empty()))
    }

    #[track_caller]
    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        let b = &b[..a.len()];
        let value = sum_terms(a.len(), |i| a[i].value * b[i].value);
        Var::record(value, (a, b.iter().map(|b| b.value)), (b, a.iter().map(|a| a.value)))
    }

    #[track_caller]
    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let inner: Vec<T> = xs.iter().map(|x| x.value).collect();
        let (value, weights) = rules::log_sum_exp(&inner);
        Var::record(value, (xs, weights.into_iter()), (&[], std::iter::empty()))
    }

    elementary_functions!(chained_functions);
}

impl_scalar!([] Var<T>);

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
