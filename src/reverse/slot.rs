//! How a variable finds the tape of its thread, and knows that it is the right one.
//!
//! Each thread has one slot for each scalar type: the recording under way, the recordings it paused, and memory to
//! reuse. A variable carries the *stamp* of its recording, and every operation compares it with the stamp in the slot.
//! Stamps are unique in the process, up to a wrap after 2³² recordings: a stale variable passes unnoticed where
//! exactly that many recordings were started since.

use std::cell::{Cell, RefCell, RefMut};
use std::ops::{Deref, DerefMut};
use std::thread::AccessError;

use super::operands::Operands;
use super::recording::{Head, Recording};
use super::var::{Place, Var};
use crate::memory::kept::{GiveBack, count_use, register_holder};
use crate::memory::stamp::{issue_stamp, issued_here};
use crate::memory::thread::registered;
use crate::scalar::Scalar;

/// What a thread has for tapes over the scalar `T`.
///
/// Borrowing the recordings took a third of the time of recording a node, so nodes are recorded
/// through a head, which holds what that takes while the recordings are not borrowed.
pub struct Slot<T: 'static> {
    /// Only one of them is [used](Slot::head).
    heads: [Head<T>; 2],
    recordings: RefCell<Recordings<T>>,
    /// Memory of the adjoints of a sweep.
    pub(super) spare_adjoints: Cell<Vec<T>>,
    /// Memory of the inputs of a gradient.
    pub(super) spare_variables: Cell<Vec<Var<T>>>,
    /// The most memory, in bytes, that a recording and what belongs to it needed of late.
    needed: Cell<usize>,
    /// The stamp of the last recording with a slope in factors.
    pub(super) in_factors: Cell<u32>,
}

/// The recordings of a thread.
pub(super) struct Recordings<T: 'static> {
    /// The recording under way; before the first and after the last tape one with stamp 0 and without statements.
    recording: Recording<T>,
    /// The paused recordings, the last one paused at the end.
    paused: Vec<Recording<T>>,
    /// Memory of an ended recording, without statements.
    spare: Option<Recording<T>>,
    /// Whether [`CARETAKER`] knows of the slot.
    cared_for: bool,
}

/// Empties the slots of a thread when it ends.
///
/// A thread-local without a destructor is found faster than one that has to be
/// registered at its first use, so the slots have none (they are in a `ManuallyDrop`).
struct Caretaker(RefCell<Vec<fn()>>);

thread_local! {
    static CARETAKER: Caretaker = const { Caretaker(RefCell::new(Vec::new())) };
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        self.0.take().iter().for_each(|empty| empty());
    }
}

fn empty_slot<T: Scalar>() {
    let _ = T::with_slot(|slot| {
        let emptied = std::mem::replace(&mut *slot.borrow_mut(), Recordings::new());
        drop((emptied, slot.spare_adjoints.take(), slot.spare_variables.take()));
    });
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot::new()
    }
}

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        Slot {
            heads: [Head::new(), Head::new()],
            recordings: RefCell::new(Recordings::new()),
            spare_adjoints: Cell::new(Vec::new()),
            spare_variables: Cell::new(Vec::new()),
            needed: Cell::new(0),
            in_factors: Cell::new(0),
        }
    }

    /// Returns `heads[0]` on any common machine; `heads[1]` where the program is in the upper half of memory.
    ///
    /// NOTE(perf): LLVM cannot know which, so under link-time optimization the address stays in a register, and AMD's
    /// processors forward what one operation stores to the next. A chain takes half the time, and a network's gradient
    /// 20 % less (`cargo bench --bench modes`).
    #[inline(always)]
    pub(super) fn head(&self) -> &Head<T> {
        static ANCHOR: u8 = 0;
        &self.heads[(&raw const ANCHOR).addr() >> (usize::BITS - 1)]
    }

    /// The recordings, together with the last chunk from the head (I6).
    #[inline(always)]
    #[track_caller]
    pub(super) fn borrow_mut(&self) -> Borrowed<'_, T> {
        Borrowed::new(self.head(), self.recordings.borrow_mut())
    }
}

impl<T: Scalar> Slot<T> {
    /// Records a statement with the operands that `store` stores, while the last nodes stay in the head.
    #[inline(always)]
    pub(super) fn record_long(&self, store: impl FnOnce(&mut Operands<T>)) -> Place {
        self.record_rows(1, |operands| {
            store(operands);
            operands.finish()
        })
    }

    /// Records so many statements with the operands that `store` stores, and returns the first place (I2). `store`
    /// returns the number of the first.
    #[inline(always)]
    pub(super) fn record_rows(&self, count: u32, store: impl FnOnce(&mut Operands<T>) -> u32) -> Place {
        let number = store(&mut self.recordings.borrow_mut().recording.operands);
        let record = |number| self.head().long(number).unwrap_or_else(|| self.borrow_mut().recording.long(number));
        let first = record(number);
        (1..count).for_each(|later| _ = record(number + later));
        first
    }
}

impl<T: Scalar> Slot<T> {
    /// Counts the use of a recording that ends or is forgotten, and needed this many bytes.
    #[inline]
    pub(super) fn count_use(&self, needed: usize) {
        self.needed.set(self.needed.get().max(needed));
        count_use();
    }

    /// The memory that is kept beside the recordings, in bytes.
    fn bytes_beside(&self) -> usize {
        fn capacity<X>(memory: &Cell<Vec<X>>) -> usize {
            let taken = memory.take();
            let capacity = taken.capacity();
            memory.set(taken);
            capacity
        }
        capacity(&self.spare_adjoints) * size_of::<T>() + capacity(&self.spare_variables) * size_of::<Var<T>>()
    }

    /// Gives back memory that is not in use: all of it, or if it is far more than was needed of late.
    fn give_back(&self, how_much: GiveBack) {
        let needed = self.needed.take();
        // A number of one's own may call for it in the middle of a sweep.
        let Ok(recordings) = self.recordings.try_borrow_mut() else { return };
        let mut recordings = Borrowed::new(self.head(), recordings);
        let idle = || recordings.idle_bytes() + self.bytes_beside();
        if how_much == GiveBack::All || idle() > SMALL.max(SURPLUS * needed) {
            recordings.give_back();
            drop((self.spare_adjoints.take(), self.spare_variables.take()));
        }
    }
}

/// Memory that is not in use is a surplus when it is more than this many times what was needed of late.
const SURPLUS: usize = 4;

/// Memory of this size, in bytes, is no surplus.
///
/// NOTE(perf): the system clears the pages that it hands out again. While 1 MB was the size, a gradient of 20,000 rows between
/// small ones took 3.3 times as long as alone (the regression of `cargo bench --bench tools`).
const SMALL: usize = 1 << 25;

fn give_back_of_slot<T: Scalar>(how_much: GiveBack) {
    let _ = T::with_slot(|slot| slot.give_back(how_much));
}

/// The recordings while they are borrowed, when nothing can be recorded through the head.
pub(super) struct Borrowed<'a, T: 'static> {
    head: &'a Head<T>,
    recordings: RefMut<'a, Recordings<T>>,
}

impl<'a, T> Borrowed<'a, T> {
    #[inline(always)]
    fn new(head: &'a Head<T>, mut recordings: RefMut<'a, Recordings<T>>) -> Self {
        recordings.recording.take_from(head);
        Borrowed { head, recordings }
    }
}

impl<T> Deref for Borrowed<'_, T> {
    type Target = Recordings<T>;

    #[inline(always)]
    fn deref(&self) -> &Recordings<T> {
        &self.recordings
    }
}

impl<T> DerefMut for Borrowed<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Recordings<T> {
        &mut self.recordings
    }
}

impl<T> Drop for Borrowed<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.recordings.recording.leave_to(self.head);
    }
}

impl<T> Recordings<T> {
    const fn new() -> Self {
        Recordings { recording: Recording::new(), paused: Vec::new(), spare: None, cared_for: false }
    }

    /// The recording under way.
    #[inline(always)]
    pub(super) fn current(&mut self) -> &mut Recording<T> {
        &mut self.recording
    }

    /// The recording under way, if its stamp is `stamp`.
    #[inline(always)]
    pub(super) fn recording(&mut self, stamp: u32) -> Option<&mut Recording<T>> {
        if stamp == self.recording.stamp() { Some(&mut self.recording) } else { None }
    }

    /// The recording under way, if these are places in it or nowhere; else the
    /// stamp of the first that is not.
    #[inline(always)]
    pub(super) fn recording_for(&mut self, places: impl Iterator<Item = Place>) -> Result<&mut Recording<T>, u32> {
        for place in places {
            if !self.recording.admits(place.stamp()) {
                return Err(place.stamp());
            }
        }
        Ok(&mut self.recording)
    }

    /// The memory that no recording has in use, in bytes.
    fn idle_bytes(&self) -> usize {
        let recordings = self.paused.iter().chain(&self.spare).chain([&self.recording]);
        recordings.map(|recording| recording.capacity_bytes().saturating_sub(recording.bytes())).sum()
    }

    fn give_back(&mut self) {
        self.spare = None;
        self.recording.give_back();
        self.paused.iter_mut().for_each(Recording::give_back);
    }

    /// How many bytes a living recording has needed, and what belongs to it.
    #[inline]
    pub(super) fn needed(&mut self, stamp: u32) -> usize {
        self.living(stamp).map_or(0, |recording| recording.needed())
    }

    /// Ends a recording and, when it was the one under way, resumes the one paused last.
    pub(super) fn stop(&mut self, stamp: u32) {
        let mut ended = if stamp != self.recording.stamp() {
            let Some(index) = self.index_of_paused(stamp) else {
                // The thread is ending, and the slot was emptied before the tape.
                return;
            };
            self.paused.remove(index)
        } else if let Some(outer) = self.paused.pop() {
            std::mem::replace(&mut self.recording, outer)
        } else {
            self.recording.clear(0);
            return;
        };
        ended.clear(0);
        if self.spare.as_ref().is_none_or(|spare| spare.capacity_bytes() < ended.capacity_bytes()) {
            self.spare = Some(ended);
        }
    }

    /// Changes a recording so that what follows has a new stamp, which is returned.
    pub(super) fn restamp(&mut self, stamp: u32, change: impl FnOnce(&mut Recording<T>, u32)) -> u32 {
        let fresh = issue_stamp();
        change(self.find(stamp), fresh);
        fresh
    }

    /// The recording of a living tape, under way or paused.
    pub(super) fn find(&mut self, stamp: u32) -> &mut Recording<T> {
        self.living(stamp).expect("a tape that is not dropped has a recording")
    }

    /// The recording with this stamp, under way or paused, if there still is one.
    pub(super) fn living(&mut self, stamp: u32) -> Option<&mut Recording<T>> {
        if stamp == self.recording.stamp() {
            Some(&mut self.recording)
        } else {
            self.index_of_paused(stamp).map(|index| &mut self.paused[index])
        }
    }

    fn index_of_paused(&self, stamp: u32) -> Option<usize> {
        self.paused.iter().position(|paused| paused.stamp() == stamp)
    }

    fn is_paused(&self, stamp: u32) -> bool {
        self.paused.iter().any(|paused| paused.admits(stamp))
    }
}

impl<T: Scalar> Recordings<T> {
    /// Pauses the recording under way and starts a new one; returns its stamp.
    #[track_caller]
    pub(super) fn start(&mut self) -> u32 {
        if !self.cared_for {
            match CARETAKER.try_with(|caretaker| caretaker.0.borrow_mut().push(empty_slot::<T>)) {
                Ok(()) => {
                    register_holder(give_back_of_slot::<T>);
                    self.cared_for = true;
                }
                Err(_) => thread_is_ending(),
            }
        }
        if self.recording.stamp() != 0 {
            let fresh = self.spare.take().unwrap_or_else(Recording::new);
            self.paused.push(std::mem::replace(&mut self.recording, fresh));
        }
        let stamp = issue_stamp();
        self.recording.begin(stamp);
        stamp
    }
}

/// Calls `sweep` with the recording of a living tape.
///
/// A recording with pull-backs is out of its slot meanwhile, because they may start tapes of
/// their own.
pub(super) fn on_recording<T: Scalar, Out>(stamp: u32, sweep: impl FnOnce(&Recording<T>) -> Out) -> Out {
    let swept = on_slot::<T, _>(|slot| {
        let recording = slot.find(stamp);
        if recording.has_pull_backs() { Err(sweep) } else { Ok(sweep(recording)) }
    });
    swept.unwrap_or_else(|sweep| sweep(&Aside::take(stamp).recording))
}

/// A recording out of its slot, in which another one keeps its place.
struct Aside<T: Scalar> {
    recording: Recording<T>,
    place_holder: u32,
}

impl<T: Scalar> Aside<T> {
    fn take(stamp: u32) -> Self {
        let mut recording = Recording::new();
        let place_holder = issue_stamp();
        recording.clear(place_holder);
        on_slot::<T, _>(|slot| std::mem::swap(&mut recording, slot.find(stamp)));
        Aside { recording, place_holder }
    }
}

impl<T: Scalar> Drop for Aside<T> {
    fn drop(&mut self) {
        on_slot::<T, _>(|slot| std::mem::swap(&mut self.recording, slot.find(self.place_holder)));
    }
}

/// Calls `act` with this thread's recordings.
#[inline(always)]
#[track_caller]
pub(super) fn on_slot<T: Scalar, Out>(act: impl FnOnce(&mut Recordings<T>) -> Out) -> Out {
    lend_slot(|slot: &Slot<T>| act(&mut slot.borrow_mut()))
}

/// Calls `act` with this thread's slot.
#[inline(always)]
#[track_caller]
pub(super) fn lend_slot<T: Scalar, Out>(act: impl FnOnce(&Slot<T>) -> Out) -> Out {
    match T::with_slot(act) {
        Ok(out) => out,
        Err(_) => thread_is_ending(),
    }
}

#[cold]
#[track_caller]
fn thread_is_ending() -> ! {
    panic!("a tape was used while its thread was ending")
}

/// Refuses a variable, saying why it does not belong to the recording under way.
#[cold]
#[track_caller]
pub(super) fn refuse<T: Scalar>(stamp: u32) -> ! {
    if on_slot::<T, _>(|slot| slot.is_paused(stamp)) {
        panic!(
            "a variable of a paused tape was used: another tape over the same scalar was started later and records \
             now. Pass `.primal()` to treat it as a constant; to differentiate through an inner derivative take it \
             at the variable itself, so that it records on a tape of its own level"
        );
    }
    if issued_here(stamp) {
        panic!(
            "a variable was used after its tape was cleared or dropped: make it anew with `tape.var(value)` for \
             every recording, and keep plain numbers (`.value()`) between recordings"
        );
    }
    panic!(
        "a variable of another thread's tape was used: send plain numbers (`.value()`) to the other thread and make \
         variables on a tape of that thread; a sum is differentiated on all threads by `Terms::par_gradient`"
    );
}

/// The slot of a scalar that is itself nested, by a look-up of its type.
pub(crate) fn registered_slot<T: Scalar, Out>(lend: impl FnOnce(&Slot<T>) -> Out) -> Result<Out, AccessError> {
    registered(lend)
}
