//! The statements of one recording.

use std::cell::Cell;
use std::ops::Range;

use super::block::{Blocks, Source};
use super::operands::Operands;
use super::var::{Place, Var};
use crate::memory::kept::{reserve, reserve_exact};
use crate::scalar::Scalar;

/// The operations of a recording in order. Each result has the next position; its variable
/// carries it.
///
/// An operation on one or two operands is a node. The partial by the second is not in it but beside it, in memory
/// that is not touched where that partial is 1. A sum or product over slices is one statement too, whatever its
/// length: its node refers to a list of operands. A block has several results, and no nodes.
pub(crate) struct Recording<T: 'static> {
    /// What variables carry to show that they are of this recording; 0 when there is none.
    stamp: u32,
    /// The stamp of the first variables, if they outlive a [`rewind`](Recording::rewind); else 0.
    kept_stamp: u32,
    pub(super) nodes: Nodes<T>,
    /// Of the long statements.
    pub(super) operands: Operands<T>,
    pub(super) blocks: Blocks<T>,
}

/// An operation on two arguments, which are positions, with `∂result/∂first`. `∂result/∂second` is 1, or, where that
/// is [marked](BESIDE), beside the node.
#[derive(Clone, Copy)]
pub(super) struct Node<T> {
    pub(super) partial: T,
    pub(super) arguments: [u32; 2],
}

impl<T: Scalar> Node<T> {
    /// The one of an independent variable.
    fn variable() -> Self {
        Node { partial: T::zero(), arguments: [NONE; 2] }
    }

    /// The long statement with this number.
    #[inline(always)]
    fn long(number: u32) -> Self {
        Node { partial: T::zero(), arguments: [LONG, number] }
    }
}

/// An operation on two operands, either of which may be a constant. ONE says that the partial by the second is one.
#[derive(Clone, Copy)]
pub(super) struct Binary<T, const ONE: bool> {
    pub(super) operands: [Place; 2],
    pub(super) partials: [T; 2],
}

impl<T: Scalar, const ONE: bool> Binary<T, ONE> {
    #[inline(always)]
    fn node(self) -> Node<T> {
        let ([x, y], [by_x, by_y]) = (self.operands, self.partials);
        let y = if ONE { y.position() } else { BESIDE | argument(y, by_y) };
        Node { partial: by_x, arguments: [argument(x, by_x), y] }
    }

    /// What is written beside it.
    #[inline(always)]
    fn beside(self) -> Option<T> {
        if ONE { None } else { Some(self.partials[1]) }
    }
}

/// What it takes to record a node in the recording under way: its last chunk of nodes, which is here while
/// that recording is not borrowed, and the place of the first of them. Without the chunk there is no room.
///
/// In `f64` it fills a line of the cache, and two of them are a power of two apart.
#[repr(align(64))]
pub(super) struct Head<T> {
    first: Cell<Place>,
    /// That of `first`, or, without a recording, [`NOBODYS`].
    stamp: Cell<u32>,
    kept_stamp: Cell<u32>,
    nodes: Cell<Vec<Node<T>>>,
    beside: Cell<Vec<T>>,
}

impl<T> Head<T> {
    pub(super) const fn new() -> Self {
        Head {
            first: Cell::new(Place::new(0, 0)),
            stamp: Cell::new(NOBODYS),
            kept_stamp: Cell::new(0),
            nodes: Cell::new(Vec::new()),
            beside: Cell::new(Vec::new()),
        }
    }

    /// Whether a variable with this stamp may be used.
    #[inline(always)]
    pub(super) fn admits(&self, stamp: u32) -> bool {
        admits(self.stamp.get(), || self.kept_stamp.get(), stamp)
    }
}

impl<T: Scalar> Head<T> {
    /// Records an operation on two operands where nothing is out of the ordinary: the places belong
    /// here, not both are those of constants, and there is room. It calls no function, which keeps it free of what
    /// calls cost, and asks what is rare last.
    #[inline(always)]
    pub(super) fn binary<const ONE: bool>(&self, binary: Binary<T, ONE>) -> Option<Place> {
        let [x, y] = binary.operands;
        if x.stamp() != self.stamp.get() {
            std::hint::cold_path();
            let belongs_here = if x.is_nowhere() { !y.is_nowhere() } else { x.stamp() == self.kept_stamp.get() };
            if !belongs_here {
                return None;
            }
        }
        if self.admits(y.stamp()) { self.push(binary.node(), binary.beside()) } else { None }
    }

    /// Records a long statement if there is room.
    #[inline(always)]
    pub(super) fn long(&self, number: u32) -> Option<Place> {
        self.push(Node::long(number), None)
    }

    /// Records a node if there is room.
    #[inline(always)]
    fn push(&self, node: Node<T>, beside: Option<T>) -> Option<Place> {
        let mut nodes = self.nodes.take();
        let number = nodes.len();
        let has_room = number < nodes.capacity();
        if has_room {
            if let Some(partial) = beside {
                self.write_beside(number, partial);
            }
            nodes.push(node);
        }
        // What is there meanwhile is empty, and needs no drop.
        std::mem::forget(self.nodes.replace(nodes));
        has_room.then(|| self.first.get().later(number))
    }

    /// Writes what is beside a node with this number, for which there is room.
    #[inline(always)]
    fn write_beside(&self, number: usize, partial: T) {
        let mut beside = self.beside.take();
        if let Some(place) = beside.get_mut(number) {
            *place = partial;
        }
        std::mem::forget(self.beside.replace(beside));
    }
}

/// Whether a recording may use a variable with the stamp `own`; constants may be used everywhere.
#[inline(always)]
fn admits(stamp: u32, kept_stamp: impl FnOnce() -> u32, own: u32) -> bool {
    if own == stamp {
        return true;
    }
    std::hint::cold_path();
    own == 0 || own == kept_stamp()
}

/// The stamp of no recording.
const NOBODYS: u32 = u32::MAX;

/// The largest number of positions, and of operands of long statements.
const LIMIT: u32 = BESIDE - 1;

/// In place of a position: no argument. Constants have it from the start, and an operand
/// whose partial is zero gets it here.
pub(super) const NONE: u32 = u32::MAX;

/// With the second position: its partial is beside the node.
pub(super) const BESIDE: u32 = 1 << 31;

/// In place of the first position: the second is the number of a long statement.
pub(super) const LONG: u32 = u32::MAX - 1;

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { stamp: 0, kept_stamp: 0, nodes: Nodes::new(), operands: Operands::new(), blocks: Blocks::new() }
    }

    #[inline(always)]
    pub(super) fn stamp(&self) -> u32 {
        self.stamp
    }

    /// Whether a variable with this stamp may be used.
    #[inline(always)]
    pub(super) fn admits(&self, stamp: u32) -> bool {
        admits(self.stamp, || self.kept_stamp, stamp)
    }

    /// Takes the last chunk back from the head.
    #[inline(always)]
    pub(super) fn take_from(&mut self, head: &Head<T>) {
        self.nodes.last.nodes = head.nodes.take();
        self.nodes.last.beside = head.beside.take();
    }

    /// Leaves the last chunk to the head.
    #[inline(always)]
    pub(super) fn leave_to(&mut self, head: &Head<T>) {
        head.first.set(Place::new(self.stamp, self.nodes.start_of_last as u32));
        head.stamp.set(if self.stamp == 0 { NOBODYS } else { self.stamp });
        head.kept_stamp.set(self.kept_stamp);
        head.nodes.set(std::mem::take(&mut self.nodes.last.nodes));
        head.beside.set(std::mem::take(&mut self.nodes.last.beside));
    }

    /// The number of results.
    pub(crate) fn len(&self) -> usize {
        self.nodes.positions()
    }

    /// Whether a walk back calls what may record itself.
    pub(super) fn has_pull_backs(&self) -> bool {
        self.blocks.have_pull_backs()
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.nodes.capacity() * Nodes::<T>::BYTES + self.operands.capacity_bytes() + self.blocks.capacity_bytes()
    }

    /// The memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.node_count() * Nodes::<T>::BYTES + self.operands.bytes() + self.blocks.bytes()
    }

    /// How many bytes it has needed, about, with those of a gradient's inputs and adjoints.
    #[inline]
    pub(super) fn needed(&self) -> usize {
        let of_position = Nodes::<T>::BYTES + size_of::<T>() + size_of::<Var<T>>();
        self.len() * of_position + (self.operands.len() + self.blocks.elements.len()) * size_of::<T>()
    }

    /// Gives back memory that is not in use.
    pub(super) fn give_back(&mut self) {
        self.nodes.give_back();
        self.operands.give_back();
        self.blocks.give_back();
    }

    /// The number of positions that have nodes.
    fn node_count(&self) -> usize {
        self.len() - self.blocks.last().map_or(0, |block| block.results().end - block.nodes_before())
    }

    /// Gives a recording without statements its stamp.
    pub(super) fn begin(&mut self, stamp: u32) {
        self.stamp = stamp;
    }

    /// Forgets all statements; later ones have the stamp `stamp`.
    pub(super) fn clear(&mut self, stamp: u32) {
        self.rewind(0, stamp);
        self.kept_stamp = 0;
    }

    /// Lets the variables so far, which are independent ones, outlive rewinding; later
    /// ones have the stamp `stamp`.
    pub(super) fn keep(&mut self, stamp: u32) {
        (self.kept_stamp, self.stamp) = (self.stamp, stamp);
    }

    /// Forgets all statements after the first `len` variables, which are one
    /// [kept](Recording::keep) block; later ones have the stamp `stamp`.
    pub(super) fn rewind(&mut self, len: usize, stamp: u32) {
        self.stamp = stamp;
        self.nodes.clear(len);
        self.operands.clear();
        self.blocks.rewind(usize::from(len > 0));
    }
}

impl<T: Scalar> Recording<T> {
    /// Records an independent variable.
    pub(super) fn variable(&mut self) -> Place {
        self.push(Node::variable(), None)
    }

    /// Records an operation on two operands.
    #[inline(always)]
    pub(super) fn binary<const ONE: bool>(&mut self, binary: Binary<T, ONE>) -> Place {
        self.push(binary.node(), binary.beside())
    }

    /// Records a long statement.
    pub(super) fn long(&mut self, number: u32) -> Place {
        self.push(Node::long(number), None)
    }

    /// Records results at consecutive places, the first of which is returned.
    pub(super) fn block(&mut self, results: usize, source: Source<T>) -> Place {
        let first = self.len();
        if results > 0 {
            let nodes_before = self.node_count();
            self.nodes.skip(results);
            self.blocks.push(first..first + results, nodes_before, source);
        }
        Place::new(self.stamp, first as u32)
    }

    #[inline(always)]
    fn push(&mut self, node: Node<T>, beside: Option<T>) -> Place {
        Place::new(self.stamp, self.nodes.push(node, beside))
    }

    /// Calls `visit` with the position of every argument that counts.
    pub(super) fn for_each_argument(&self, position: usize, mut visit: impl FnMut(usize)) {
        let block = self.blocks.before(position + 1).last();
        if let Some(block) = block.filter(|block| block.results().contains(&position)) {
            return self.blocks.for_each_argument(block, position, visit);
        }
        let skipped = block.map_or(0, |block| block.results().end - block.nodes_before());
        match self.nodes.at(position - skipped).arguments {
            [LONG, number] => {
                for (arguments, partials) in self.operands.of(number) {
                    let counting = partials.iter().map(|partial| !partial.is_identically_zero());
                    let arguments = arguments.positions().zip(counting);
                    arguments.filter_map(|(position, counts)| position.filter(|_| counts)).for_each(&mut visit);
                }
            }
            [x, y] => [x, y & !BESIDE].into_iter().filter(|&argument| argument < LIMIT).for_each(|x| visit(x as usize)),
        }
    }
}

/// The room of the first chunk, the smallest, and of the largest ones: each has twice that of the one before, so
/// that a short recording is small and a long one has few chunks: half of the largest room makes a chain of a million
/// operations 1.3 times as slow. Tests get to their ends often.
const ROOM: [usize; 2] = if cfg!(debug_assertions) { [1 << 4, 1 << 6] } else { [1 << 9, 1 << 14] };

/// Some nodes, the room for more, and that for a partial beside each.
struct Chunk<T> {
    /// The number of its first node.
    first: usize,
    nodes: Vec<Node<T>>,
    /// As many as there is room for nodes.
    beside: Vec<T>,
}

impl<T> Chunk<T> {
    const fn empty() -> Self {
        Chunk { first: 0, nodes: Vec::new(), beside: Vec::new() }
    }

    /// The number of nodes for which there is room.
    fn room(&self) -> usize {
        self.beside.len()
    }
}

impl<T: Scalar> Chunk<T> {
    fn new(room: usize) -> Self {
        let mut nodes = Vec::new();
        reserve_exact(&mut nodes, room, STATEMENTS);
        let beside = vec![T::zero(); nodes.capacity()];
        Chunk { first: 0, nodes, beside }
    }
}

/// Nodes in chunks, so that none is moved when there are more. They are numbered; some
/// positions have no node.
pub(super) struct Nodes<T> {
    full: Vec<Chunk<T>>,
    last: Chunk<T>,
    /// The position that the first node of the last chunk would have now.
    start_of_last: usize,
    /// Chunks for later, the next at the end.
    spare: Vec<Chunk<T>>,
}

impl<T> Nodes<T> {
    /// What a node takes, with the room beside it.
    const BYTES: usize = size_of::<Node<T>>() + size_of::<T>();

    const fn new() -> Self {
        Nodes { full: Vec::new(), last: Chunk::empty(), start_of_last: 0, spare: Vec::new() }
    }

    /// The number of positions.
    #[inline(always)]
    fn positions(&self) -> usize {
        self.start_of_last + self.last.nodes.len()
    }

    fn capacity(&self) -> usize {
        self.full.iter().chain(&self.spare).map(Chunk::room).sum::<usize>() + self.last.room()
    }

    /// Leaves some positions without nodes. There is a position for every node for which there is room.
    fn skip(&mut self, positions: usize) {
        within_limit(self.start_of_last + positions + self.last.room());
        self.start_of_last += positions;
    }

    /// Forgets all nodes; the next one has the position `start`.
    fn clear(&mut self, start: usize) {
        self.last.nodes.clear();
        while let Some(mut chunk) = self.full.pop() {
            chunk.nodes.clear();
            self.spare.push(std::mem::replace(&mut self.last, chunk));
        }
        self.start_of_last = start;
    }

    /// Gives back the chunks without nodes.
    fn give_back(&mut self) {
        self.spare = Vec::new();
        if self.last.nodes.is_empty() && self.full.is_empty() {
            (self.full, self.last) = (Vec::new(), Chunk::empty());
        }
    }

    fn at(&self, number: usize) -> &Node<T> {
        let chunk = self.chunk_of(number);
        &chunk.nodes[number - chunk.first]
    }

    /// The chunk in which the node with this number is.
    fn chunk_of(&self, number: usize) -> &Chunk<T> {
        let before = self.full.partition_point(|chunk| chunk.first + chunk.nodes.len() <= number);
        self.full.get(before).unwrap_or(&self.last)
    }

    /// The nodes with these numbers and the partials beside them, chunk by chunk, the last one first.
    pub(super) fn backward(&self, numbers: Range<usize>) -> impl Iterator<Item = (&[Node<T>], &[T])> {
        let mut end = numbers.end;
        std::iter::from_fn(move || {
            let chunk = self.chunk_of(end.checked_sub(1).filter(|&last| last >= numbers.start)?);
            let range = numbers.start.saturating_sub(chunk.first)..end - chunk.first;
            end -= range.len();
            Some((&chunk.nodes[range.clone()], &chunk.beside[range]))
        })
    }
}

impl<T: Scalar> Nodes<T> {
    /// Appends a node and returns its position.
    fn push(&mut self, node: Node<T>, beside: Option<T>) -> u32 {
        let room = self.last.room();
        if self.last.nodes.len() == room {
            let [smallest, largest] = ROOM;
            reserve(&mut self.full, 1, STATEMENTS);
            self.ask_for_room();
            let mut next = self.spare.pop().unwrap_or_else(|| Chunk::new((2 * room).clamp(smallest, largest)));
            within_limit(self.start_of_last + room + next.room());
            next.first = self.last.first + room;
            self.start_of_last += room;
            let full = std::mem::replace(&mut self.last, next);
            if room > 0 {
                self.full.push(full);
            }
        }
        let position = self.positions() as u32;
        if let Some(partial) = beside {
            self.last.beside[self.last.nodes.len()] = partial;
        }
        self.last.nodes.push(node);
        position
    }
}

impl<T> Nodes<T> {
    /// Asks for the room of many chunks from time to time, and gives it back.
    ///
    /// The partials beside the nodes are zeros that the system has and nobody writes, which it gives to a vector or ends
    /// the program. Where there was room a moment before, it does not, and where there is none, the tape can say so.
    fn ask_for_room(&self) {
        // Above what allocators keep when it is given back.
        const ASKED: usize = 33 << 20;
        let chunks = (ASKED / (ROOM[1] * Self::BYTES)).clamp(1, 64);
        if !self.full.is_empty() && self.full.len().is_multiple_of(chunks) && self.spare.is_empty() {
            reserve_exact(&mut Vec::<u8>::new(), ASKED, STATEMENTS);
        }
    }
}

/// What there may be no memory for.
const STATEMENTS: &str = "more statements of a tape";

/// The position of an operand that counts, or [`NONE`].
#[inline(always)]
fn argument<T: Scalar>(place: Place, partial: T) -> u32 {
    if partial.is_identically_zero() { NONE } else { place.position() }
}

/// A number of positions or operands that u32 can count.
#[inline(always)]
pub(super) fn within_limit(count: usize) -> u32 {
    if count > LIMIT as usize {
        too_long();
    }
    count as u32
}

#[cold]
fn too_long() -> ! {
    panic!(
        "the tape is full: a recording holds at most {LIMIT} statements and arguments; differentiate in pieces and \
         clear the tape between them"
    )
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::reverse::Tape;
    use crate::reverse::slot::on_slot;

    #[test]
    fn a_second_partial_of_one_is_not_written() {
        let tape = Tape::<f64>::new();
        let [x, y] = [2.0, 3.0].map(|x| tape.vars(&[x])[0]);
        let _ = [x + y, x - y, x + 1.0, 1.0 - x, x * 7.0, -x, x.sqrt(), x * x, x * y];
        let beside = on_slot::<f64, _>(|slot| slot.current().nodes.last.beside.first_chunk().copied());
        assert_eq!(beside, Some([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]));
    }

    #[test]
    fn there_are_no_more_nodes_than_positions() {
        let push = |nodes: &mut Nodes<f64>| nodes.push(Node::variable(), None);
        let refuses = |act: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(act)).is_err();
        let mut nodes = Nodes::new();
        nodes.skip(1);
        push(&mut nodes);
        let first = nodes.last.room();
        let left = LIMIT as usize - 1 - first;
        assert!(refuses(&mut || nodes.skip(left + 1)));
        // Exactly a second chunk is left.
        nodes.skip(left - 2 * first);
        let positions: Vec<u32> = (1..3 * first).map(|_| push(&mut nodes)).collect();
        assert_eq!(positions.last(), Some(&(LIMIT - 1)));
        assert!(refuses(&mut || _ = push(&mut nodes)));
    }

    #[test]
    fn positions_are_checked() {
        let limit = LIMIT as usize;
        assert_eq!(within_limit(limit), LIMIT);
        let message = catch_unwind(|| within_limit(limit + 1)).unwrap_err();
        assert_eq!(
            *message.downcast::<String>().unwrap(),
            "the tape is full: a recording holds at most 2147483647 statements and arguments; differentiate in \
             pieces and clear the tape between them"
        );
    }
}
