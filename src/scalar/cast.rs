//! Casts by `num_traits::NumCast`, which keep the derivative.
//!
//! Foreign code writes `F::from(x)` for `x` of the type `F`, and `NumCast` shows the target nothing of `x` but its plain
//! value. So a scalar whose value is read while a cast runs leaves itself behind on the thread, and the cast takes it.

use std::any::Any;
use std::cell::{Cell, RefCell};

use num_traits::{NumCast, ToPrimitive};

use super::Scalar;

thread_local! {
    /// Whether a cast runs.
    static RUNS: Cell<bool> = const { Cell::new(false) };
    /// The scalar whose value the cast has read.
    static READ: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Returns the plain value, and leaves the scalar behind for the cast that runs.
#[inline]
pub(crate) fn read<S: Scalar>(x: S) -> S::Real {
    if RUNS.get() {
        READ.set(Some(Box::new(x)));
    }
    x.value()
}

/// Casts a number to `S`, with its derivatives: from `S` itself, from the scalar `T` inside `S`, and from what has none.
///
/// Returns `None` for a scalar of another type, whose derivatives would be lost, and for a number out of range.
pub(crate) fn cast<T: Scalar, S: Scalar + From<T>>(number: impl ToPrimitive) -> Option<S> {
    let outside = RUNS.replace(true);
    READ.set(None);
    let value = <S::Real as NumCast>::from(number);
    RUNS.set(outside);
    match READ.take() {
        None => value.map(S::from_real),
        Some(read) => read.downcast_ref::<S>().copied().or_else(|| read.downcast_ref::<T>().map(|&inner| inner.into())),
    }
}
