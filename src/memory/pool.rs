//! Temporary vectors from a per-thread pool.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::memory::kept::{GiveBack, register_holder, reserve_exact};
use crate::memory::thread::registered;

/// A vector in memory that this thread kept from earlier ones, and keeps for later ones.
///
/// The memory is for a power of two of elements, and serves no other size. A training step like the one before finds
/// all memory that it needs in the pool, and allocates nothing.
pub(crate) struct Scratch<X: 'static>(Vec<X>);

/// The memory of dropped vectors.
struct Spare<X>(RefCell<Vec<Memory<X>>>);

struct Memory<X> {
    empty: Vec<X>,
    /// The number of periods since it was in use.
    periods_unused: u8,
}

impl<X: 'static> Default for Spare<X> {
    fn default() -> Self {
        register_holder(give_back::<X>);
        Spare(RefCell::default())
    }
}

fn give_back<X: 'static>(how_much: GiveBack) {
    let _ = registered(|spare: &Spare<X>| {
        spare.0.borrow_mut().retain_mut(|memory| {
            let is_small = memory.empty.capacity() * size_of::<X>() <= SMALL;
            memory.periods_unused = memory.periods_unused.saturating_add(1);
            how_much == GiveBack::Surplus && (memory.periods_unused < PERIODS || is_small)
        });
    });
}

/// Vectors of this size, in bytes, are no surplus: [`MOST`] of them are little.
const SMALL: usize = 1 << 14;

/// The periods without use after which a large one is given back: a training validates less often than it steps.
const PERIODS: u8 = 4;

/// The largest number of vectors whose memory is kept.
const MOST: usize = 64;

impl<X> Scratch<X> {
    /// Returns an empty vector with room for some elements.
    pub(crate) fn with_capacity(elements: usize) -> Self {
        let capacity = elements.next_power_of_two();
        let find = |spare: &Spare<X>| {
            let spare = &mut *spare.0.borrow_mut();
            let found = spare.iter().rposition(|memory| memory.empty.capacity() == capacity);
            found.map(|found| spare.swap_remove(found).empty)
        };
        let found = registered(find).ok().flatten();
        Scratch(found.unwrap_or_else(|| {
            let mut memory = Vec::new();
            reserve_exact(&mut memory, capacity, "a temporary vector");
            memory
        }))
    }

    pub(crate) fn of(elements: impl ExactSizeIterator<Item = X>) -> Self {
        let mut scratch = Scratch::with_capacity(elements.len());
        scratch.extend(elements);
        scratch
    }

    pub(crate) fn filled(element: X, count: usize) -> Self
    where
        X: Clone,
    {
        let mut scratch = Scratch::with_capacity(count);
        scratch.resize(count, element);
        scratch
    }
}

impl<X> Drop for Scratch<X> {
    fn drop(&mut self) {
        self.0.clear();
        let memory = std::mem::take(&mut self.0);
        let keep = |spare: &Spare<X>| {
            let spare = &mut *spare.0.borrow_mut();
            if spare.len() < MOST {
                spare.push(Memory { empty: memory, periods_unused: 0 });
            }
        };
        // On a thread that ends, the pool may be gone.
        let _ = registered(keep);
    }
}

impl<X> Deref for Scratch<X> {
    type Target = Vec<X>;

    fn deref(&self) -> &Vec<X> {
        &self.0
    }
}

impl<X> DerefMut for Scratch<X> {
    fn deref_mut(&mut self) -> &mut Vec<X> {
        &mut self.0
    }
}

impl<X> AsRef<[X]> for Scratch<X> {
    fn as_ref(&self) -> &[X] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_reuses_the_memory_of_an_earlier_one() {
        let addresses = |vectors: [Scratch<u8>; 3]| vectors.map(|vector| vector.as_ptr());
        let [small, large, middle] = addresses([10, 1000, 100].map(Scratch::with_capacity));
        assert_eq!(addresses([70, 16, 900].map(Scratch::with_capacity)), [middle, small, large]);
        let others = addresses([1, 200, 2000].map(Scratch::with_capacity));
        assert!([small, large, middle].iter().all(|address| !others.contains(address)));
    }

    #[test]
    fn a_vector_is_empty_or_has_the_elements_asked_for() {
        assert_eq!(*Scratch::of([1, 2, 3].into_iter()), [1, 2, 3]);
        assert_eq!(*Scratch::filled(7, 4), [7; 4]);
        assert!(Scratch::<i32>::with_capacity(4).is_empty());
    }

    #[test]
    fn the_memory_that_is_kept_is_bounded() {
        drop([(); 2 * MOST].map(|()| Scratch::<u16>::with_capacity(8)));
        assert_eq!(registered(|spare: &Spare<u16>| spare.0.borrow().len()).unwrap(), MOST);
    }

    #[test]
    fn large_unused_memory_is_given_back() {
        let lengths = || registered(|spare: &Spare<i8>| spare.0.borrow().iter().map(|m| m.empty.capacity()).collect());
        let lengths = || -> Vec<usize> { lengths().unwrap() };
        drop([SMALL, 2 * SMALL, 4 * SMALL].map(Scratch::<i8>::with_capacity));
        for _ in 1..PERIODS {
            give_back::<i8>(GiveBack::Surplus);
            assert_eq!(lengths(), [SMALL, 2 * SMALL, 4 * SMALL]);
        }
        drop(Scratch::<i8>::with_capacity(2 * SMALL));
        give_back::<i8>(GiveBack::Surplus);
        assert_eq!(lengths(), [SMALL, 2 * SMALL]);
        give_back::<i8>(GiveBack::All);
        assert!(lengths().is_empty());
    }
}
