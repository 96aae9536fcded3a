//! Stamps: numbers that tell recordings apart. They are unique in the process, up to a wrap after 2³² of them; 0 and
//! `u32::MAX` are never issued.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};

thread_local! {
        /// The range of stamps that this thread may still issue.
    static STAMPS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
        /// The ranges of stamps that this thread has drawn.
    static DRAWN: RefCell<Vec<(u32, u32)>> = const { RefCell::new(Vec::new()) };
}

/// Returns a stamp that no other recording has. Threads draw stamps in blocks.
pub(crate) fn issue_stamp() -> u32 {
    let (mut next, mut end) = STAMPS.get();
    if next == end {
        (next, end) = draw_stamps();
    }
    STAMPS.set((next + 1, end));
    next
}

#[cold]
fn draw_stamps() -> (u32, u32) {
    const BLOCK: u32 = 1 << 12;
    static NEXT_BLOCK: AtomicU32 = AtomicU32::new(0);

    let block = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) % (u32::MAX / BLOCK);
    let (start, end) = (1 + block * BLOCK, 1 + (block + 1) * BLOCK);
    DRAWN.with_borrow_mut(|drawn| match drawn.last_mut() {
        Some((_, last_end)) if *last_end == start => *last_end = end,
        _ => drawn.push((start, end)),
    });
    (start, end)
}

/// Returns whether this thread issued the stamp.
pub(crate) fn issued_here(stamp: u32) -> bool {
    DRAWN.with_borrow(|drawn| drawn.iter().any(|(start, end)| (*start..*end).contains(&stamp)))
}
