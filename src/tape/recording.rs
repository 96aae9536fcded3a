//! The statements of one recording, and the walk back over them.

use std::ops::Range;

use super::operands::{Arguments, Operands};
use super::var::{Place, Var};
use crate::Scalar;

/// The operations of a recording in order; the result of the one at position i is the
/// variable at position i.
///
/// An operation on one or two operands is a node. A sum or product over slices is
/// one statement too, whatever its length: its node refers to a list of operands
/// kept aside. A block of several outputs has a node for each; they all refer to its
/// pull-back.
pub(crate) struct Recording<T> {
    /// What variables carry to show that they are of this recording; 0 when there is none.
    stamp: u32,
    /// The stamp of the first variables, if they outlive a [`rewind`](Recording::rewind); else 0.
    kept_stamp: u32,
    nodes: Nodes<T>,
    /// Of the long statements.
    operands: Operands<T>,
    blocks: Vec<BlockStatement<T>>,
}

/// `∂result/∂argument` for two arguments, by their position.
#[derive(Clone, Copy)]
struct Node<T> {
    partials: [T; 2],
    arguments: [u32; 2],
}

/// Outputs at consecutive positions, which are differentiated together.
struct BlockStatement<T> {
    outputs: Range<usize>,
    arguments: Vec<u32>,
    pull_back: Box<PullBack<T>>,
}

/// The adjoints of all arguments, from those of all outputs.
pub(super) type PullBack<T> = dyn Fn(&[T]) -> Vec<T>;

/// The largest number of nodes, and of operands of long statements.
const LIMIT: u32 = u32::MAX - 3;

/// In place of a position: no argument. Constants have it from the start, and an operand
/// whose partial is zero gets it here.
pub(super) const NONE: u32 = u32::MAX;

/// In place of the first position: the second is the number of a long statement.
const LONG: u32 = u32::MAX - 1;

/// In place of the first position: the second is the number of a block.
const BLOCK: u32 = u32::MAX - 2;

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { stamp: 0, kept_stamp: 0, nodes: Nodes::new(), operands: Operands::new(), blocks: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn stamp(&self) -> u32 {
        self.stamp
    }

    /// Whether a variable with this stamp may be used; constants may everywhere.
    #[inline(always)]
    pub(super) fn admits(&self, stamp: u32) -> bool {
        stamp == self.stamp || stamp == 0 || stamp == self.kept_stamp
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn has_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<T>>() + self.operands.capacity_bytes()
    }

    /// The memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let of_blocks = self.blocks.iter().map(|block| block.arguments.len() * (size_of::<T>() + size_of::<u32>()));
        self.nodes.len() * size_of::<Node<T>>() + self.operands.bytes() + of_blocks.sum::<usize>()
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

    /// Forgets all statements after the first `len`, which are [kept](Recording::keep)
    /// variables; later ones have the stamp `stamp`.
    pub(super) fn rewind(&mut self, len: usize, stamp: u32) {
        self.stamp = stamp;
        self.nodes.truncate(len);
        self.operands.clear();
        self.blocks.clear();
    }
}

impl<T: Scalar> Recording<T> {
    /// Records an independent variable.
    pub(super) fn variable(&mut self) -> Place {
        self.push(Node { partials: [T::zero(); 2], arguments: [NONE; 2] })
    }

    /// Records an operation on two operands.
    #[inline(always)]
    pub(super) fn binary(&mut self, x: Place, by_x: T, y: Place, by_y: T) -> Place {
        self.push(Node { partials: [by_x, by_y], arguments: [argument(x, by_x), argument(y, by_y)] })
    }

    /// Stores operands of the next long statement with their partials; a run was recorded one
    /// after the other.
    #[inline(always)]
    pub(super) fn operands(&mut self, variables: &[Var<T>], are_run: bool, partials: impl Iterator<Item = T>) {
        self.operands.push(variables, are_run, partials);
    }

    /// Records a statement with the operands stored for it.
    #[inline(always)]
    pub(super) fn long(&mut self) -> Place {
        let number = self.operands.finish();
        self.push(Node { partials: [T::zero(); 2], arguments: [LONG, number] })
    }

    /// Records `count` outputs with their pull-back.
    pub(super) fn block(&mut self, count: usize, arguments: Vec<u32>, pull_back: Box<PullBack<T>>) -> Vec<Place> {
        let number = self.blocks.len() as u32;
        self.blocks.push(BlockStatement { outputs: self.len()..self.len() + count, arguments, pull_back });
        (0..count).map(|_| self.push(Node { partials: [T::zero(); 2], arguments: [BLOCK, number] })).collect()
    }

    /// [`binary`](Recording::binary) where nothing is out of the ordinary: the places belong here,
    /// and there is room. It calls no function, which keeps it free of what calls cost.
    #[inline(always)]
    pub(super) fn binary_at_once(&mut self, x: Place, by_x: T, y: Place, by_y: T) -> Option<Place> {
        if !self.admits(x.stamp()) || !self.admits(y.stamp()) || self.nodes.is_full() {
            return None;
        }
        let node = Node { partials: [by_x, by_y], arguments: [argument(x, by_x), argument(y, by_y)] };
        Some(Place::new(self.stamp, self.nodes.push(node)))
    }

    #[inline(always)]
    fn push(&mut self, node: Node<T>) -> Place {
        if self.nodes.is_full() {
            self.nodes.grow();
        }
        Place::new(self.stamp, self.nodes.push(node))
    }

    /// The adjoints of all variables up to the last seeded one, and zeros after
    /// them, in the memory of `adjoints`: L adjoints for each variable, of as many
    /// outputs or directions.
    ///
    /// The order of summation is that of the statements from the last to the
    /// first, and within one from the first argument to the last. An adjoint that
    /// is zero beats a partial that is not finite, and the other way round.
    pub(super) fn sweep<const L: usize>(
        &self,
        seeds: impl Iterator<Item = (Place, [T; L])> + Clone,
        mut adjoints: Vec<T>,
    ) -> Vec<T> {
        let len = seeds.clone().map(|(place, _)| place.position() as usize + 1).max().unwrap_or(0);
        adjoints.clear();
        adjoints.resize((len + 1) * L, T::zero());
        let (lanes, _) = adjoints.as_chunks_mut::<L>();
        for (place, seed) in seeds {
            for (sum, seed) in lanes[place.position() as usize].iter_mut().zip(seed) {
                *sum += seed;
            }
        }
        self.sweep_back(0, lanes);
        adjoints
    }

    /// Adds the adjoints of the seeds to those of the first variables, which are
    /// independent ones; what follows them in `adjoints` is of use to nobody.
    pub(super) fn sweep_further(&self, seeds: impl Iterator<Item = (Place, T)>, adjoints: &mut Vec<T>) {
        let kept = adjoints.len();
        adjoints.resize(self.nodes.len() + 1, T::zero());
        for (place, seed) in seeds {
            adjoints[place.position() as usize] += seed;
        }
        let (lanes, _) = adjoints.as_chunks_mut::<1>();
        self.sweep_back(kept, lanes);
    }

    /// Carries the adjoints of the variables from position `first` on to their arguments.
    fn sweep_back<const L: usize>(&self, first: usize, adjoints: &mut [[T; L]]) {
        let mut swept = usize::MAX;
        for (start, chunk) in self.nodes.backward(first..adjoints.len() - 1) {
            for (offset, node) in chunk.iter().enumerate().rev() {
                let adjoint = adjoints[start + offset];
                if adjoint.iter().all(|lane| lane.is_identically_zero()) {
                    continue;
                }
                let ([by_x, by_y], [x, y]) = (node.partials, node.arguments);
                // The marks are past the end of the adjoints.
                if let Some(x) = adjoints.get_mut(x as usize) {
                    add(x, by_x, &adjoint);
                    if let Some(y) = adjoints.get_mut(y as usize) {
                        add(y, by_y, &adjoint);
                    }
                } else if x == LONG {
                    self.sweep_long(y, &adjoint, adjoints);
                } else if x == BLOCK {
                    let block = &self.blocks[y as usize];
                    // The adjoints of all its outputs are complete at the first that is met.
                    if start + offset < swept {
                        swept = block.outputs.start;
                        block.sweep(adjoints);
                    }
                } else if let Some(y) = adjoints.get_mut(y as usize) {
                    add(y, by_y, &adjoint);
                }
            }
        }
    }

    /// Calls `visit` with the position of every argument that counts.
    pub(super) fn for_each_argument(&self, position: usize, mut visit: impl FnMut(usize)) {
        let listed = |positions: &[u32], visit: &mut dyn FnMut(usize)| {
            Arguments::Listed(positions).positions().flatten().for_each(visit);
        };
        match self.nodes.at(position).arguments {
            [BLOCK, number] => listed(&self.blocks[number as usize].arguments, &mut visit),
            [LONG, number] => {
                for (arguments, partials) in self.operands.of(number) {
                    let counting = partials.iter().map(|partial| !partial.is_identically_zero());
                    let arguments = arguments.positions().zip(counting);
                    arguments.filter_map(|(position, counts)| position.filter(|_| counts)).for_each(&mut visit);
                }
            }
            arguments => listed(&arguments, &mut visit),
        }
    }

    fn sweep_long<const L: usize>(&self, number: u32, adjoint: &[T; L], adjoints: &mut [[T; L]]) {
        let skips_zeros = !adjoint.iter().all(|lane| lane.is_finite_throughout());
        for (arguments, partials) in self.operands.of(number) {
            match arguments {
                Arguments::Run(run) if !skips_zeros => {
                    adjoints[run].iter_mut().zip(partials).for_each(|(sum, &partial)| add(sum, partial, adjoint));
                }
                arguments => {
                    for (position, &partial) in arguments.positions().zip(partials) {
                        if let Some(position) = position
                            && !(skips_zeros && partial.is_identically_zero())
                        {
                            add(&mut adjoints[position], partial, adjoint);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Scalar> BlockStatement<T> {
    fn sweep<const L: usize>(&self, adjoints: &mut [[T; L]]) {
        for lane in 0..L {
            // Outputs after the last seeded variable have no adjoints.
            let of_output = |output: usize| adjoints.get(output).map_or(T::zero(), |lanes| lanes[lane]);
            let outputs: Vec<T> = self.outputs.clone().map(of_output).collect();
            if outputs.iter().all(|adjoint| adjoint.is_identically_zero()) {
                continue;
            }
            for (&argument, adjoint) in self.arguments.iter().zip((self.pull_back)(&outputs)) {
                if let Some(sum) = adjoints.get_mut(argument as usize) {
                    sum[lane] += adjoint;
                }
            }
        }
    }
}

/// Nodes in chunks, so that none is moved when there are more.
struct Nodes<T> {
    full: Vec<Vec<Node<T>>>,
    last: Vec<Node<T>>,
    /// The number of nodes in the full chunks.
    before_last: usize,
    /// Empty chunks for later, the next at the end.
    spare: Vec<Vec<Node<T>>>,
}

impl<T> Nodes<T> {
    const FIRST_CHUNK: usize = 1 << 6;
    const LARGEST_CHUNK: usize = 1 << 16;

    const fn new() -> Self {
        Nodes { full: Vec::new(), last: Vec::new(), before_last: 0, spare: Vec::new() }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.before_last + self.last.len()
    }

    fn capacity(&self) -> usize {
        self.before_last + self.last.capacity() + self.spare.iter().map(Vec::capacity).sum::<usize>()
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.last.len() == self.last.capacity()
    }

    /// Appends a node and returns its position.
    #[inline(always)]
    fn push(&mut self, node: Node<T>) -> u32 {
        let position = self.len() as u32;
        self.last.push(node);
        position
    }

    /// Makes room for another node.
    #[cold]
    fn grow(&mut self) {
        let next = self.spare.pop().unwrap_or_else(|| {
            Vec::with_capacity((2 * self.last.capacity()).clamp(Self::FIRST_CHUNK, Self::LARGEST_CHUNK))
        });
        within_limit(self.len() + next.capacity());
        let full = std::mem::replace(&mut self.last, next);
        self.before_last += full.len();
        if full.capacity() > 0 {
            self.full.push(full);
        }
    }

    fn truncate(&mut self, len: usize) {
        while self.before_last > len {
            let mut empty = std::mem::replace(&mut self.last, self.full.pop().expect("a chunk before the last"));
            self.before_last -= self.last.len();
            empty.clear();
            self.spare.push(empty);
        }
        self.last.truncate(len - self.before_last);
    }

    fn at(&self, position: usize) -> &Node<T> {
        if position >= self.before_last {
            return &self.last[position - self.before_last];
        }
        let mut start = 0;
        for chunk in &self.full {
            if position < start + chunk.len() {
                return &chunk[position - start];
            }
            start += chunk.len();
        }
        unreachable!("full chunks hold the nodes before the last chunk")
    }

    /// The nodes at these positions chunk by chunk, the last one first, each with the position of
    /// its first node.
    fn backward(&self, positions: Range<usize>) -> impl Iterator<Item = (usize, &[Node<T>])> {
        let mut end = self.len();
        std::iter::once(&self.last).chain(self.full.iter().rev()).map(move |chunk| {
            end -= chunk.len();
            let within = |position: usize| position.clamp(end, end + chunk.len()) - end;
            let (first, last) = (within(positions.start), within(positions.end));
            (end + first, &chunk[first..last])
        })
    }
}

/// `sum += partial·adjoint`. A single zero adjoint is not swept at all; in several lanes
/// it must not meet a partial that is not finite.
#[inline(always)]
fn add<T: Scalar, const L: usize>(sum: &mut [T; L], partial: T, adjoint: &[T; L]) {
    let with_care = L > 1 && !partial.is_finite_throughout();
    for (sum, &adjoint) in sum.iter_mut().zip(adjoint) {
        if !(with_care && adjoint.is_identically_zero()) {
            *sum += partial * adjoint;
        }
    }
}

/// The position of an operand that counts, or [`NONE`].
#[inline(always)]
fn argument<T: Scalar>(place: Place, partial: T) -> u32 {
    if partial.is_identically_zero() { NONE } else { place.position() }
}

/// A number of nodes or operands that u32 can count.
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
    use super::*;

    #[test]
    fn positions_are_checked() {
        let limit = LIMIT as usize;
        assert_eq!(within_limit(limit), LIMIT);
        let message = std::panic::catch_unwind(|| within_limit(limit + 1)).unwrap_err();
        assert_eq!(
            *message.downcast::<String>().unwrap(),
            "the tape is full: a recording holds at most 4294967292 statements and arguments; differentiate in \
             pieces and clear the tape between them"
        );
    }
}
