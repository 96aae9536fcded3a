//! Numbers that identify recordings and levels of nesting.
//!
//! They are unique in the process up to a wrap after 2³² of them. Threads draw them by the block. The first blocks of
//! a thread are small, so threads that end soon do not use the numbers up.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};

/// The numbers that a thread may issue.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    next: u32,
    end: u32,
    /// The size of the next block.
    block: u32,
}

impl Numbers {
    pub(crate) const fn new() -> Self {
        Numbers { next: 0, end: 0, block: 1 }
    }

    /// Issues a number other than 0 and `u32::MAX`, from the numbers of this thread or from a block of `source`. It
    /// tells `drawn` the block.
    #[inline]
    pub(crate) fn issue(&mut self, source: &AtomicU32, drawn: impl Fn(u32, u32)) -> u32 {
        while self.next == self.end || self.next == 0 || self.next == u32::MAX {
            self.step(source, &drawn);
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        number
    }

    #[cold]
    fn step(&mut self, source: &AtomicU32, drawn: impl Fn(u32, u32)) {
        if self.next != self.end {
            self.next = self.next.wrapping_add(1);
            return;
        }
        self.next = source.fetch_add(self.block, Ordering::Relaxed);
        self.end = self.next.wrapping_add(self.block);
        self.block = (2 * self.block).min(1 << 12);
        drawn(self.next, self.end);
    }
}

thread_local! {
    /// The stamps that this thread may issue.
    static STAMPS: Cell<Numbers> = const { Cell::new(Numbers::new()) };
    /// The ranges of stamps that it has drawn.
    static DRAWN: RefCell<Vec<(u32, u32)>> = const { RefCell::new(Vec::new()) };
}

/// Returns a stamp that no other recording has.
pub(crate) fn issue_stamp() -> u32 {
    static SOURCE: AtomicU32 = AtomicU32::new(1);
    let mut stamps = STAMPS.get();
    let stamp = stamps.issue(&SOURCE, |start, end| {
        DRAWN.with_borrow_mut(|drawn| match drawn.last_mut() {
            Some((_, last_end)) if *last_end == start => *last_end = end,
            _ => {
                // One allocation holds the ranges until blocks are large.
                drawn.reserve(if drawn.is_empty() { 32 } else { 1 });
                drawn.push((start, end));
            }
        });
    });
    STAMPS.set(stamps);
    stamp
}

/// Returns whether this thread issued the stamp.
pub(crate) fn issued_here(stamp: u32) -> bool {
    let holds = |&(start, end): &(u32, u32)| stamp.wrapping_sub(start) < end.wrapping_sub(start);
    DRAWN.with_borrow(|drawn| drawn.iter().any(holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_soon_takes_one_number() {
        let source = AtomicU32::new(1);
        let issued: Vec<u32> = (0..1000).map(|_| Numbers::new().issue(&source, |_, _| ())).collect();
        assert_eq!(issued, (1..=1000).collect::<Vec<u32>>());
        assert_eq!(source.into_inner(), 1001);
    }

    #[test]
    fn numbers_are_issued_once_and_the_reserved_ones_never() {
        let source = AtomicU32::new(u32::MAX - 50);
        let mut threads = [Numbers::new(); 3];
        let mut issued: Vec<u32> = (0..300).map(|i| threads[i % 3].issue(&source, |_, _| ())).collect();
        assert!(!issued.contains(&0) && !issued.contains(&u32::MAX));
        issued.sort_unstable();
        issued.dedup();
        assert_eq!(issued.len(), 300);
    }
}
