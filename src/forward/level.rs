//! Levels of nesting: the infinitesimals of one derivative are not those of another.

use std::any::TypeId;
use std::cell::Cell;
use std::hash::{Hash, Hasher};

use super::Dual;
use crate::scalar::Scalar;

/// A number that carries derivatives along, of a level of its own.
pub(crate) trait Leveled: Scalar {
    /// The number one level below.
    type Inner: Scalar;

    /// What it is called, and what lifts a number into its level.
    const NAME: &str;
    const LIFT: &str;

    fn constant(x: Self::Inner) -> Self;

    /// The number one level below.
    fn inner(&self) -> Self::Inner;

    /// Whether it has no derivative of its level.
    fn is_constant(&self) -> bool;
}

impl<T: Scalar, const N: usize> Leveled for Dual<T, N> {
    type Inner = T;

    const NAME: &str = "dual number";
    const LIFT: &str = "lift";

    fn constant(x: T) -> Self {
        Dual::constant(x)
    }

    fn inner(&self) -> T {
        self.primal
    }

    fn is_constant(&self) -> bool {
        self.partials.iter().all(|p| p.is_identically_zero())
    }
}

/// Calls `f` with the independent variables `x` of a derivative with numbers of the type `S`.
///
/// Two nested derivatives of the same type would confuse their infinitesimals if
/// the inner function used a number of the outer one (Siskind & Pearlmutter 2005).
/// In that one situation the inner function is first evaluated at constants, at the point and beside it in
/// case they happen to vanish there: a derivative that it then returns came in from outside.
///
/// There is one call of `f`, in a loop, so that the compiler takes it for the only one and inlines it.
#[inline(always)]
#[track_caller]
pub(crate) fn at_level<S: Leveled, Y: AsRef<[S]>>(verb: &str, x: &mut [S], f: impl Fn(&[S]) -> Y) -> Y {
    let level = Level::enter::<S>();
    let variables = if level.is_nested { x.to_vec() } else { Vec::new() };
    let mut trials = if level.is_nested { 2 } else { 0 };
    loop {
        if level.is_nested {
            prepare(x, &variables, trials);
        }
        let y = f(x);
        if trials == 0 {
            return y;
        }
        if !y.as_ref().iter().all(S::is_constant) {
            refuse_outer_derivatives::<S>(verb);
        }
        trials -= 1;
    }
}

/// The constants beside the point, those at the point, and at last the variables.
#[cold]
fn prepare<S: Leveled>(x: &mut [S], variables: &[S], trials: usize) {
    let stretch = <S::Inner as Scalar>::from_f64(1.0 + 2.0_f64.powi(-20));
    let shift = <S::Inner as Scalar>::from_f64(2.0_f64.powi(-30));
    for (x, variable) in x.iter_mut().zip(variables) {
        *x = match trials {
            2 => S::constant(variable.inner() * stretch + shift),
            1 => S::constant(variable.inner()),
            _ => *variable,
        };
    }
}

/// Marks that a derivative with numbers of one type is being taken on this thread.
struct Level {
    /// The marks outside.
    outer: u64,
    /// Whether one of the same type is being taken outside.
    is_nested: bool,
}

thread_local! {
    /// A bit for every type under way. Types may share one, which costs nested derivatives the trials.
    static LEVELS: Cell<u64> = const { Cell::new(0) };
}

impl Level {
    #[inline(always)]
    fn enter<S: 'static>() -> Level {
        let mut bit = BitOfType(0);
        TypeId::of::<S>().hash(&mut bit);
        let (outer, own) = (LEVELS.get(), 1 << (bit.finish() % 64));
        LEVELS.set(outer | own);
        Level { outer, is_nested: outer & own != 0 }
    }
}

#[cold]
#[track_caller]
fn refuse_outer_derivatives<S: Leveled>(verb: &str) -> ! {
    panic!(
        "{verb}: the function uses a {name} of an enclosing derivative, whose infinitesimal would be \
         confused with this one's: take the inner derivative at a lifted point, `{lift}(1.0)`, and lift what \
         comes from outside, `{lift}(x)`; or use `x.value()` as a constant",
        name = S::NAME,
        lift = S::LIFT,
    );
}

/// The identity of a type is a hash already.
struct BitOfType(u64);

impl Hasher for BitOfType {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(self.outer);
    }
}
