//! Memory that a thread keeps for later, and gives back.

use std::cell::{Cell, RefCell};
use std::collections::TryReserveError;

use num_traits::Zero;

thread_local! {
    static HOLDERS: RefCell<Vec<fn(GiveBack)>> = const { RefCell::new(Vec::new()) };
    static USES: Cell<u32> = const { Cell::new(0) };
}

/// How much of the memory that is kept and not in use a thread gives back.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum GiveBack {
    All,
    /// The memory that was not used since the last time.
    Surplus,
}

/// The number of uses after which the surplus is given back.
const USES_OF_A_PERIOD: u32 = 64;

/// Room of at most this size, in bytes, is not tried before it is asked for.
const UNTRIED: usize = 1 << 20;

/// Registers a holder of memory on this thread, once.
pub(crate) fn register_holder(give_back: fn(GiveBack)) {
    // A thread that ends keeps nothing.
    let _ = HOLDERS.try_with(|holders| holders.borrow_mut().push(give_back));
}

/// Counts a use. After some of them every holder of the thread gives back its surplus.
// NOTE(perf): with the counts of a slot it takes 20 of the 1380 instructions of a gradient of x·y (cachegrind,
// 2026-11).
#[inline]
pub(crate) fn count_use() {
    let uses = USES.get() + 1;
    if uses < USES_OF_A_PERIOD {
        USES.set(uses);
    } else {
        end_period();
    }
}

#[cold]
#[inline(never)]
fn end_period() {
    USES.set(0);
    give_back(GiveBack::Surplus);
}

fn give_back(how_much: GiveBack) {
    let holder = |index: usize| HOLDERS.try_with(|holders| holders.borrow().get(index).copied()).ok().flatten();
    (0..).map_while(holder).for_each(|holder| holder(how_much));
}

/// Releases the memory that this thread keeps for its next derivatives: recordings, adjoints and temporary vectors.
///
/// Memory that is in use, as by a living [`Tape`](crate::Tape), stays. The next derivative allocates anew. Without
/// this call a thread gives back memory of more than 32 MB when 64 recordings have needed far less, and large temporary
/// vectors when 256 have not needed them.
///
/// Every thread keeps its own memory until it ends. On the threads of rayon call it with
/// `rayon::broadcast(|_| dualtape::release_memory())`.
///
/// ```
/// use dualtape::{Scalar, Tape, gradient, release_memory};
///
/// let (_, g) = gradient(|x| (0..100_000).fold(x[0], |y, _| y.sin()), &[1.0]);
/// assert!(g[0] > 0.0 && Tape::<f64>::new().capacity_bytes() > 2_000_000);
/// release_memory();
/// assert_eq!(Tape::<f64>::new().capacity_bytes(), 0);
/// ```
pub fn release_memory() {
    give_back(GiveBack::All);
}

/// Gives back the memory of a vector without elements.
pub(crate) fn give_back_empty<X>(memory: &mut Vec<X>) {
    if memory.is_empty() {
        *memory = Vec::new();
    }
}

/// Makes room for more elements, or panics and says what for.
#[inline(always)]
#[track_caller]
pub(crate) fn reserve<X>(memory: &mut Vec<X>, more: usize, what: &str) {
    if memory.capacity() - memory.len() < more {
        reserve_by(memory, more, what, Vec::try_reserve);
    }
}

/// Makes room as [`reserve`] does, for no more than is asked for.
#[track_caller]
pub(crate) fn reserve_exact<X>(memory: &mut Vec<X>, more: usize, what: &str) {
    reserve_by(memory, more, what, Vec::try_reserve_exact);
}

/// Returns `count` zeros, or panics as [`reserve`] does.
///
/// NOTE(perf): the system hands out pages of zeros that nobody has written, but no fallible call asks for them. So
/// room for many zeros is tried before.
#[track_caller]
pub(crate) fn zeros<X: Clone + Zero>(count: usize, what: &str) -> Vec<X> {
    if count.saturating_mul(size_of::<X>()) > UNTRIED {
        reserve_exact(&mut Vec::<X>::new(), count, what);
    }
    vec![X::zero(); count]
}

/// Tries again after the thread has given back the memory that it keeps.
#[inline(never)]
#[track_caller]
fn reserve_by<X>(
    memory: &mut Vec<X>,
    more: usize,
    what: &str,
    try_reserve: fn(&mut Vec<X>, usize) -> Result<(), TryReserveError>,
) {
    if try_reserve(memory, more).is_err() {
        give_back(GiveBack::All);
        if try_reserve(memory, more).is_err() {
            ran_out(more.saturating_mul(size_of::<X>()), what);
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn ran_out(bytes: usize, what: &str) -> ! {
    panic!(
        "memory ran out: the system refused {bytes} bytes for {what}; differentiate in pieces (`Terms`, `Checkpointed`), or \
         release what threads keep with `release_memory()`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_purpose_of_refused_memory_is_named() {
        let asks: [fn(); 2] =
            [|| reserve(&mut vec![1_u64], 1 << 59, "a test"), || drop(zeros::<u64>(1 << 59, "a test"))];
        for ask in asks {
            let refused = std::panic::catch_unwind(ask).unwrap_err();
            assert_eq!(
                *refused.downcast::<String>().unwrap(),
                "memory ran out: the system refused 4611686018427387904 bytes for a test; differentiate in pieces \
                 (`Terms`, `Checkpointed`), or release what threads keep with `release_memory()`"
            );
        }
        let mut memory: Vec<u64> = Vec::new();
        reserve(&mut memory, 3, "a test");
        assert!(memory.capacity() >= 3);
    }

    #[test]
    fn holders_give_back_after_every_period() {
        thread_local! { static ASKED: Cell<[u32; 2]> = const { Cell::new([0, 0]) } }
        register_holder(|how_much| {
            let [all, surplus] = ASKED.get();
            ASKED.set(if how_much == GiveBack::All { [all + 1, surplus] } else { [all, surplus + 1] });
        });
        (1..USES_OF_A_PERIOD).for_each(|_| count_use());
        assert_eq!(ASKED.get(), [0, 0]);
        count_use();
        assert_eq!(ASKED.get(), [0, 1]);
        release_memory();
        assert_eq!(ASKED.get(), [1, 1]);
    }
}
