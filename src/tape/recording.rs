//! The statements of one recording, and the walk back over them.

use std::ops::Range;

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
    nodes: Vec<Node<T>>,
    /// The operands of all long statements, one after the other.
    partials: Vec<T>,
    arguments: Vec<u32>,
    /// Where the operands of each long statement end.
    ends: Vec<u32>,
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
        Recording {
            stamp: 0,
            kept_stamp: 0,
            nodes: Vec::new(),
            partials: Vec::new(),
            arguments: Vec::new(),
            ends: Vec::new(),
            blocks: Vec::new(),
        }
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

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<T>>()
            + self.partials.capacity() * size_of::<T>()
            + (self.arguments.capacity() + self.ends.capacity()) * size_of::<u32>()
    }

    /// The memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node<T>>() + self.arguments.len() * (size_of::<T>() + size_of::<u32>())
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
        self.partials.clear();
        self.arguments.clear();
        self.ends.clear();
        self.blocks.clear();
    }
}

impl<T: Scalar> Recording<T> {
    /// Records an independent variable.
    pub(super) fn variable(&mut self) -> Place {
        self.push(Node { partials: [T::zero(); 2], arguments: [NONE; 2] })
    }

    /// Records an operation on one operand.
    #[inline(always)]
    pub(super) fn unary(&mut self, x: Place, by_x: T) -> Place {
        self.push(Node { partials: [by_x, T::zero()], arguments: [argument(x, by_x), NONE] })
    }

    /// Records an operation on two operands.
    #[inline(always)]
    pub(super) fn binary(&mut self, x: Place, by_x: T, y: Place, by_y: T) -> Place {
        self.push(Node { partials: [by_x, by_y], arguments: [argument(x, by_x), argument(y, by_y)] })
    }

    /// Stores operands of the next long statement with their partials.
    #[inline(always)]
    pub(super) fn operands(&mut self, variables: &[Var<T>], partials: impl Iterator<Item = T>) {
        self.partials.extend(partials.take(variables.len()));
        self.arguments.extend(variables.iter().map(|x| x.place().position()));
    }

    /// Records a statement with the operands stored for it.
    #[inline(always)]
    pub(super) fn long(&mut self) -> Place {
        let number = self.ends.len() as u32;
        self.ends.push(within_limit(self.arguments.len()));
        self.push(Node { partials: [T::zero(); 2], arguments: [LONG, number] })
    }

    /// Records `count` outputs with their pull-back.
    pub(super) fn block(&mut self, count: usize, arguments: Vec<u32>, pull_back: Box<PullBack<T>>) -> Vec<Place> {
        let number = self.blocks.len() as u32;
        self.blocks.push(BlockStatement { outputs: self.len()..self.len() + count, arguments, pull_back });
        (0..count).map(|_| self.push(Node { partials: [T::zero(); 2], arguments: [BLOCK, number] })).collect()
    }

    #[inline(always)]
    fn push(&mut self, node: Node<T>) -> Place {
        if self.nodes.len() == self.nodes.capacity() {
            self.grow();
        }
        let position = self.nodes.len() as u32;
        self.nodes.push(node);
        Place::new(self.stamp, position)
    }

    #[cold]
    fn grow(&mut self) {
        let len = within_limit(self.nodes.len() + 1) as usize - 1;
        let wanted = (2 * len).clamp(64, LIMIT as usize);
        self.nodes.reserve_exact(wanted - len);
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
        for position in (first..adjoints.len() - 1).rev() {
            let node = &self.nodes[position];
            let adjoint = adjoints[position];
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
                self.sweep_long(y as usize, &adjoint, adjoints);
            } else if x == BLOCK {
                let block = &self.blocks[y as usize];
                // The adjoints of all its outputs are complete at the first that is met.
                if position < swept {
                    swept = block.outputs.start;
                    block.sweep(adjoints);
                }
            } else if let Some(y) = adjoints.get_mut(y as usize) {
                add(y, by_y, &adjoint);
            }
        }
    }

    fn sweep_long<const L: usize>(&self, number: usize, adjoint: &[T; L], adjoints: &mut [[T; L]]) {
        let start = if number > 0 { self.ends[number - 1] as usize } else { 0 };
        let end = self.ends[number] as usize;
        let skips_zeros = !adjoint.iter().all(|lane| lane.is_finite_throughout());
        for (&argument, &partial) in self.arguments[start..end].iter().zip(&self.partials[start..end]) {
            if let Some(sum) = adjoints.get_mut(argument as usize)
                && !(skips_zeros && partial.is_identically_zero())
            {
                add(sum, partial, adjoint);
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
fn within_limit(count: usize) -> u32 {
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
