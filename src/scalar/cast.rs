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
    /// The scalars whose values the innermost cast has read.
    static READ: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Returns the plain value, and leaves the scalar behind for the cast that runs.
#[inline]
pub(crate) fn read<S: Scalar>(x: S) -> S::Real {
    if RUNS.get() {
        READ.with_borrow_mut(|read| read.push(Box::new(x)));
    }
    x.value()
}

/// Casts a number to `S`, with its derivatives: from `S` itself, from the scalar `T` inside `S`, and from what has none.
///
/// Returns `None` where derivatives would be lost, for a scalar of another type and for what is computed from the values
/// of scalars, and for a number out of range.
pub(crate) fn cast<T: Scalar, S: Scalar + From<T>>(number: impl ToPrimitive) -> Option<S> {
    let running = Running { outside: RUNS.replace(true), read_outside: READ.take() };
    let value = <S::Real as NumCast>::from(number);
    let read = READ.take();
    drop(running);
    match &read[..] {
        [] => value.map(S::from_real),
        [read] => {
            let lifted = || read.downcast_ref::<T>().map(|&inner| inner.into());
            let has_value = |x: &S| value.is_some_and(|value| x.value() == value || (x.is_nan() && value.is_nan()));
            read.downcast_ref::<S>().copied().or_else(lifted).filter(has_value)
        }
        _ => None,
    }
}

/// A cast that runs, and what the cast around it had read before. It ends also when foreign code panics.
struct Running {
    outside: bool,
    read_outside: Vec<Box<dyn Any>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNS.set(self.outside);
        READ.set(std::mem::take(&mut self.read_outside));
    }
}
