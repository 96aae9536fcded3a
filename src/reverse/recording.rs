//! The statements of one recording.

use std::cell::Cell;
use std::ops::Range;

use super::block::{BlockStatement, Blocks, Source};
use super::operands::Operands;
use super::var::{Place, Var};
use crate::memory::kept::{reserve, reserve_exact};
use crate::scalar::Scalar;

/// The statements of a recording in order. Each result has the next position (I2), which its variable carries.
///
/// An operation on one or two operands is a node. The partial by the second operand stands beside the node, in memory
/// that is not touched where that partial is 1. A sum or product over slices is one statement too, whatever its length:
/// its node refers to a list of operands. A block has several results, and no nodes.
pub(crate) struct Recording<T: 'static> {
    /// The variables of this recording carry it; 0 when there is no recording.
    stamp: u32,
    /// The stamp of the first variables, if they survive a [`rewind`](Recording::rewind); else 0.
    kept_stamp: u32,
    pub(super) nodes: Nodes<T>,
    /// The operands of the long statements.
    pub(super) operands: Operands<T>,
    pub(super) blocks: Blocks<T>,
}

/// An operation on two arguments, given by their positions, with `∂result/∂first`. `∂result/∂second` is 1, or beside
/// the node where the second is [marked](BESIDE).
#[derive(Clone, Copy)]
pub(super) struct Node<T> {
    pub(super) partial: T,
    pub(super) arguments: [u32; 2],
}

impl<T: Scalar> Node<T> {
    /// The node of an independent variable. A result that depends on nothing has a partial of 0.
    fn variable() -> Self {
        Node { partial: T::one(), arguments: [NONE; 2] }
    }

    fn is_variable(&self) -> bool {
        self.arguments == [NONE; 2] && !self.partial.is_identically_zero()
    }

    /// The node of the long statement with this number.
    #[inline(always)]
    fn long(number: u32) -> Self {
        Node { partial: T::zero(), arguments: [LONG, number] }
    }
}

/// An operation on two operands, either may be a constant. With `ONE` the partial with respect to the second is 1.
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

    /// The partial to be written beside the node.
    #[inline(always)]
    fn beside(self) -> Option<T> {
        if ONE { None } else { Some(self.partials[1]) }
    }
}

/// The part of the current recording that recording a node needs: its last chunk, which is here while the recordings
/// are not borrowed (I6), and the place of the first node of the chunk. Without the chunk there is no room.
///
/// In `f64` a head fills one cache line, and two heads are a power of two apart.
#[repr(align(64))]
pub(super) struct Head<T> {
    first: Cell<Place>,
    /// The stamp of `first`, or, without a recording, [`NO_RECORDING`].
    stamp: Cell<u32>,
    kept_stamp: Cell<u32>,
    nodes: Cell<Vec<Node<T>>>,
    beside: Cell<Vec<T>>,
}

impl<T> Head<T> {
    pub(super) const fn new() -> Self {
        Head {
            first: Cell::new(Place::new(0, 0)),
            stamp: Cell::new(NO_RECORDING),
            kept_stamp: Cell::new(0),
            nodes: Cell::new(Vec::new()),
            beside: Cell::new(Vec::new()),
        }
    }

    /// Returns whether a variable with this stamp may be used.
    #[inline(always)]
    pub(super) fn admits(&self, stamp: u32) -> bool {
        admits(self.stamp.get(), || self.kept_stamp.get(), stamp)
    }
}

impl<T: Scalar> Head<T> {
    /// Records an operation on the fast path: both operands belong to this recording, at least one is a variable,
    /// and there is room. Otherwise returns `None`.
    ///
    /// It calls no function, and tests rare conditions last.
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

    /// Records a long statement, or returns `None` if there is no room.
    #[inline(always)]
    pub(super) fn long(&self, number: u32) -> Option<Place> {
        self.push(Node::long(number), None)
    }

    /// Records a node, or returns `None` if there is no room. Room implies a position below the limit (I3).
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
        // The vector that stood in meanwhile is empty, and needs no drop.
        std::mem::forget(self.nodes.replace(nodes));
        has_room.then(|| self.first.get().later(number))
    }

    /// Writes the partial beside the node with this number, for which there is room (I5).
    #[inline(always)]
    fn write_beside(&self, number: usize, partial: T) {
        let mut beside = self.beside.take();
        if let Some(place) = beside.get_mut(number) {
            *place = partial;
        }
        std::mem::forget(self.beside.replace(beside));
    }
}

/// Returns whether a recording may use a variable with the stamp `own`; constants may be used everywhere.
#[inline(always)]
fn admits(stamp: u32, kept_stamp: impl FnOnce() -> u32, own: u32) -> bool {
    if own == stamp {
        return true;
    }
    std::hint::cold_path();
    own == 0 || own == kept_stamp()
}

/// A stamp that is never issued (I7).
const NO_RECORDING: u32 = u32::MAX;

/// The largest number of positions, and of operands of long statements.
const LIMIT: u32 = BESIDE - 1;

/// In place of a position: no argument. Constants carry it, and a node gets it for an operand whose partial is
/// identically zero (I4).
pub(super) const NONE: u32 = u32::MAX;

/// A bit of the second position: the partial is beside the node.
pub(super) const BESIDE: u32 = 1 << 31;

/// In place of the first position: the node is a long statement, and the second is its number.
pub(super) const LONG: u32 = u32::MAX - 1;

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { stamp: 0, kept_stamp: 0, nodes: Nodes::new(), operands: Operands::new(), blocks: Blocks::new() }
    }

    #[inline(always)]
    pub(super) fn stamp(&self) -> u32 {
        self.stamp
    }

    /// Returns whether a variable with this stamp may be used.
    #[inline(always)]
    pub(super) fn admits(&self, stamp: u32) -> bool {
        admits(self.stamp, || self.kept_stamp, stamp)
    }

    /// Takes the last chunk from the head (I6).
    #[inline(always)]
    pub(super) fn take_from(&mut self, head: &Head<T>) {
        self.nodes.last.nodes = head.nodes.take();
        self.nodes.last.beside = head.beside.take();
    }

    /// Leaves the last chunk to the head (I6).
    #[inline(always)]
    pub(super) fn leave_to(&mut self, head: &Head<T>) {
        head.first.set(Place::new(self.stamp, self.nodes.start_of_last as u32));
        head.stamp.set(if self.stamp == 0 { NO_RECORDING } else { self.stamp });
        head.kept_stamp.set(self.kept_stamp);
        head.nodes.set(std::mem::take(&mut self.nodes.last.nodes));
        head.beside.set(std::mem::take(&mut self.nodes.last.beside));
    }

    /// Returns the number of results.
    pub(crate) fn len(&self) -> usize {
        self.nodes.positions()
    }

    /// Returns whether a reverse sweep calls pull-backs of the user, which may record on tapes of their own.
    pub(super) fn has_pull_backs(&self) -> bool {
        self.blocks.have_pull_backs()
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.nodes.capacity() * Nodes::<T>::BYTES + self.operands.capacity_bytes() + self.blocks.capacity_bytes()
    }

    /// Returns the memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.node_count() * Nodes::<T>::BYTES + self.operands.bytes() + self.blocks.bytes()
    }

    /// Returns about how many bytes it has needed, with the inputs and adjoints of a gradient.
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

    /// Returns the number of nodes: the positions that no block takes (I2).
    fn node_count(&self) -> usize {
        self.len() - self.blocks.last().map_or(0, |block| block.results().end - block.nodes_before())
    }

    /// Gives a recording without statements its stamp.
    pub(super) fn begin(&mut self, stamp: u32) {
        self.stamp = stamp;
    }

    /// Forgets all statements. Later ones have the stamp `stamp`.
    pub(super) fn clear(&mut self, stamp: u32) {
        self.rewind(0, stamp);
        self.kept_stamp = 0;
    }

    /// Lets the variables so far, one block of independent ones, survive rewinding. Later ones have the stamp
    /// `stamp`.
    pub(super) fn keep(&mut self, stamp: u32) {
        (self.kept_stamp, self.stamp) = (self.stamp, stamp);
    }

    /// Forgets all statements after the first `len` variables, which are one [kept](Recording::keep) block. Later
    /// ones have the stamp `stamp`.
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

    /// Records a block of results at consecutive places (I2), and returns the first place.
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

    /// Returns the block that a position belongs to, or the node.
    fn statement(&self, position: usize) -> Result<&BlockStatement<T>, &Node<T>> {
        let block = self.blocks.before(position + 1).last();
        match block {
            Some(block) if block.results().contains(&position) => Ok(block),
            _ => Err(self.nodes.at(position - block.map_or(0, |block| block.results().end - block.nodes_before()))),
        }
    }

    /// Returns whether an independent variable has this position.
    pub(super) fn is_independent(&self, position: usize) -> bool {
        self.statement(position).map_or_else(Node::is_variable, BlockStatement::is_independent)
    }

    /// Calls `visit` with the position of every argument whose partial is not identically zero.
    pub(super) fn for_each_argument(&self, position: usize, mut visit: impl FnMut(usize)) {
        let node = match self.statement(position) {
            Ok(block) => return self.blocks.for_each_argument(block, position, visit),
            Err(node) => node,
        };
        match node.arguments {
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

/// The room of the first chunk, and of the largest. Each chunk has twice the room of the one before, so that a short
/// recording is small and a long one has few chunks. Tests begin with a small one, to cross the ends of many. The largest is
/// the same in every build: allocators return it to the system when it is given back, and keep small ones.
///
/// NOTE(perf): with half of the largest room a chain of a million operations takes 30 % longer.
const ROOM: [usize; 2] = [if cfg!(debug_assertions) { 1 << 4 } else { 1 << 9 }, 1 << 14];

/// Some nodes, the room for more, and a partial beside each (I5).
struct Chunk<T> {
    /// The number of its first node.
    first: usize,
    nodes: Vec<Node<T>>,
    /// As many as there is room for nodes (I5).
    beside: Vec<T>,
}

impl<T> Chunk<T> {
    const fn empty() -> Self {
        Chunk { first: 0, nodes: Vec::new(), beside: Vec::new() }
    }

    /// Returns the number of nodes for which there is room.
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

/// Nodes in chunks, so that none moves when there are more. Their numbers skip the results of blocks (I2).
pub(super) struct Nodes<T> {
    full: Vec<Chunk<T>>,
    last: Chunk<T>,
    /// The position of the first node of the last chunk, were it recorded now.
    start_of_last: usize,
    /// Empty chunks to be used again, the next at the end. There is room for the full ones too.
    spare: Vec<Chunk<T>>,
}

impl<T> Nodes<T> {
    /// The memory of a node and the partial beside it.
    const BYTES: usize = size_of::<Node<T>>() + size_of::<T>();

    const fn new() -> Self {
        Nodes { full: Vec::new(), last: Chunk::empty(), start_of_last: 0, spare: Vec::new() }
    }

    /// Returns the number of positions.
    #[inline(always)]
    fn positions(&self) -> usize {
        self.start_of_last + self.last.nodes.len()
    }

    fn capacity(&self) -> usize {
        self.full.iter().chain(&self.spare).map(Chunk::room).sum::<usize>() + self.last.room()
    }

    /// Leaves some positions to a block. Panics if that leaves no position for a node that has room (I3).
    fn skip(&mut self, positions: usize) {
        within_limit(self.start_of_last + positions + self.last.room());
        self.start_of_last += positions;
    }

    /// Forgets all nodes. The next one has the position `start`. It allocates nothing, since it runs where memory ran out.
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
        self.spare.clear();
        if self.last.nodes.is_empty() && self.full.is_empty() {
            *self = Nodes { start_of_last: self.start_of_last, ..Nodes::new() };
        }
    }

    fn at(&self, number: usize) -> &Node<T> {
        let chunk = self.chunk_of(number);
        &chunk.nodes[number - chunk.first]
    }

    /// Returns the chunk that holds the node with this number.
    fn chunk_of(&self, number: usize) -> &Chunk<T> {
        let before = self.full.partition_point(|chunk| chunk.first + chunk.nodes.len() <= number);
        self.full.get(before).unwrap_or(&self.last)
    }

    /// Returns the nodes with these numbers and the partials beside them, chunk by chunk, the last chunk first.
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
    /// Appends a node and returns its position. Panics if a new chunk would pass the limit (I3).
    fn push(&mut self, node: Node<T>, beside: Option<T>) -> u32 {
        let room = self.last.room();
        if self.last.nodes.len() == room {
            let [smallest, largest] = ROOM;
            reserve(&mut self.full, 1, STATEMENTS);
            let mut next = self.spare.pop().unwrap_or_else(|| {
                reserve(&mut self.spare, self.full.len() + 1, STATEMENTS);
                self.ask_for_room();
                Chunk::new((2 * room).clamp(smallest, largest))
            });
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
    /// Reserves the room of many chunks from time to time, and releases it.
    ///
    /// The partials beside the nodes are a vector of zeros, and the program aborts where the allocator refuses it. The
    /// trial before can panic instead, and say what there is no memory for.
    fn ask_for_room(&self) {
        // Above what allocators keep when it is given back.
        const ASKED: usize = 33 << 20;
        let chunks = (ASKED / (ROOM[1] * Self::BYTES)).clamp(1, 64);
        if !self.full.is_empty() && self.full.len().is_multiple_of(chunks) {
            reserve_exact(&mut Vec::<u8>::new(), ASKED, STATEMENTS);
        }
    }
}

/// What there may be no memory for.
const STATEMENTS: &str = "more statements of a tape";

/// Returns the position of an operand, or [`NONE`] if its partial is identically zero (I4).
#[inline(always)]
fn argument<T: Scalar>(place: Place, partial: T) -> u32 {
    if partial.is_identically_zero() { NONE } else { place.position() }
}

/// Returns a number of positions or operands as `u32`. Panics when it is past the limit.
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
    fn room_beyond_the_limit_is_refused() {
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
    fn too_many_positions_panic_with_the_way_out() {
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
