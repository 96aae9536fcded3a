//! Levels of nesting: the infinitesimals of one derivative are not those of another.
//!
//! Two derivatives of the same type, one inside the other, would confuse their infinitesimals if the inner function
//! used a number of the outer one (Siskind & Pearlmutter 2005). So every number that carries derivatives along knows
//! which derivative it belongs to, its *level*, and the result of an operation belongs to the levels of all operands.
//! A verb opens a level of its own for the point, and refuses a result that belongs to another one: wherever the
//! foreign number comes from, an enclosing verb on this thread or on another one, or the caller's own hands.
//!
//! NOTE(perf): a level is 8 bytes in a number, and one `or` in an operation, which LLVM folds where it inlines the
//! function into the verb. Forward mode over slices is 2 to 14 % slower with it, and `gradient_array` is 5 to 15 %
//! faster than with a mark on the thread for every open derivative (`cargo bench --bench modes`).

use std::cell::Cell;
use std::sync::atomic::AtomicU32;

use super::Dual;
use crate::memory::stamp::Numbers;
use crate::scalar::Scalar;

/// The derivatives that a number belongs to: none, one, or several, which is an error that the verb finds at the end.
///
/// One level is a number in the upper half of the bits and its complement in the lower half. Joined with another one
/// it has more bits than any level.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Level(u64);

impl Level {
    /// The level of constants.
    pub(crate) const NONE: Level = Level(0);

    /// The level of numbers that the caller makes.
    pub(crate) const BY_HAND: Level = Level::numbered(0);

    const fn numbered(number: u32) -> Level {
        Level((number as u64) << 32 | !number as u64)
    }

    /// Opens a level. After 2³² levels the numbers start again, and one that encloses all of these shares its number.
    fn open() -> Level {
        static SOURCE: AtomicU32 = AtomicU32::new(1);
        thread_local! {
            static NUMBERS: Cell<Numbers> = const { Cell::new(Numbers::new()) };
        }
        let mut numbers = NUMBERS.get();
        let level = Level::numbered(numbers.issue(&SOURCE, |_, _| ()));
        NUMBERS.set(numbers);
        level
    }

    #[inline(always)]
    pub(crate) fn join(self, other: Level) -> Level {
        Level(self.0 | other.0)
    }
}

/// A number that carries derivatives along, of a level of its own.
pub(crate) trait Leveled: Scalar {
    /// The name of the type in messages, and the function that lifts a number into its level.
    const NAME: &str;
    const LIFT: &str;

    fn level(&self) -> Level;

    fn set_level(&mut self, level: Level);
}

impl<T: Scalar, const N: usize> Leveled for Dual<T, N> {
    const NAME: &str = "dual number";
    const LIFT: &str = "lift";

    #[inline(always)]
    fn level(&self) -> Level {
        self.level
    }

    #[inline(always)]
    fn set_level(&mut self, level: Level) {
        self.level = level;
    }
}

/// Calls `f` with the independent variables `x` of a derivative with numbers of the type `S`, on a level of its own.
///
/// # Panics
///
/// When a result belongs to another level.
#[inline(always)]
#[track_caller]
pub(crate) fn at_level<S: Leveled, Y: AsRef<[S]>>(verb: &str, x: &mut [S], f: impl FnOnce(&[S]) -> Y) -> Y {
    let level = Level::open();
    set_level(x, level);
    let y = f(x);
    if !are_of_level(y.as_ref(), level) {
        refuse_other_levels::<S>(verb);
    }
    y
}

#[inline(always)]
fn set_level<S: Leveled>(x: &mut [S], level: Level) {
    x.iter_mut().for_each(|x| x.set_level(level));
}

#[inline(always)]
fn are_of_level<S: Leveled>(y: &[S], level: Level) -> bool {
    y.iter().all(|y| y.level().join(level) == level)
}

#[cold]
#[track_caller]
fn refuse_other_levels<S: Leveled>(verb: &str) -> ! {
    panic!(
        "{verb}: the function uses a {name} of an enclosing derivative, or one made by hand, whose infinitesimal would \
         be confused with this one's: take the inner derivative at a lifted point, `{lift}(1.0)`, and lift what \
         comes from outside, `{lift}(x)`; or use `x.value()` as a constant",
        name = S::NAME,
        lift = S::LIFT,
    );
}
