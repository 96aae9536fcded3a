//! The statements of one recording, and the walk back over them.

use super::var::{Place, Var};
use crate::Scalar;

/// The operations of a recording in order; the result of the one at position i is the
/// variable at position i.
///
/// An operation on one or two operands is a node. A sum or product over slices is
/// one statement too, whatever its length: its node refers to a list of operands
/// kept aside.
pub(crate) struct Recording<T> {
    nodes: Vec<Node<T>>,
    /// The operands of all long statements, one after the other.
    partials: Vec<T>,
    arguments: Vec<u32>,
    /// Where the operands of each long statement end.
    ends: Vec<u32>,
}

/// `∂result/∂argument` for two arguments, by their position.
#[derive(Clone, Copy)]
struct Node<T> {
    partials: [T; 2],
    arguments: [u32; 2],
}

/// The largest number of nodes, and of operands of long statements.
const LIMIT: u32 = u32::MAX - 2;

/// In place of a position: no argument. Constants have it from the start, and an operand
/// whose partial is zero gets it here.
pub(super) const NONE: u32 = u32::MAX;

/// In place of the first position: the second is the number of a long statement.
const LONG: u32 = u32::MAX - 1;

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { nodes: Vec::new(), partials: Vec::new(), arguments: Vec::new(), ends: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<T>>()
            + self.partials.capacity() * size_of::<T>()
            + (self.arguments.capacity() + self.ends.capacity()) * size_of::<u32>()
    }

    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.partials.clear();
        self.arguments.clear();
        self.ends.clear();
    }
}

impl<T: Scalar> Recording<T> {
    /// Records an independent variable and returns its position.
    pub(crate) fn variable(&mut self) -> u32 {
        self.push(Node { partials: [T::zero(); 2], arguments: [NONE; 2] })
    }

    /// Records an operation on one operand and returns its position.
    #[inline(always)]
    pub(crate) fn unary(&mut self, x: Place, by_x: T) -> u32 {
        self.push(Node { partials: [by_x, T::zero()], arguments: [argument(x, by_x), NONE] })
    }

    /// Records an operation on two operands and returns its position.
    #[inline(always)]
    pub(crate) fn binary(&mut self, x: Place, by_x: T, y: Place, by_y: T) -> u32 {
        self.push(Node { partials: [by_x, by_y], arguments: [argument(x, by_x), argument(y, by_y)] })
    }

    /// Stores operands of the next long statement with their partials.
    #[inline(always)]
    pub(crate) fn operands(&mut self, variables: &[Var<T>], partials: impl Iterator<Item = T>) {
        self.partials.extend(partials.take(variables.len()));
        self.arguments.extend(variables.iter().map(|x| x.place().position()));
    }

    /// Records a statement with the operands stored for it and returns its position.
    #[inline(always)]
    pub(crate) fn long(&mut self) -> u32 {
        let number = self.ends.len() as u32;
        self.ends.push(within_limit(self.arguments.len()));
        self.push(Node { partials: [T::zero(); 2], arguments: [LONG, number] })
    }

    #[inline(always)]
    fn push(&mut self, node: Node<T>) -> u32 {
        if self.nodes.len() == self.nodes.capacity() {
            self.grow();
        }
        let position = self.nodes.len() as u32;
        self.nodes.push(node);
        position
    }

    #[cold]
    fn grow(&mut self) {
        let len = within_limit(self.nodes.len() + 1) as usize - 1;
        let wanted = (2 * len).clamp(64, LIMIT as usize);
        self.nodes.reserve_exact(wanted - len);
    }

    /// The adjoints of all variables up to the last seeded one, and a zero after
    /// them, in the memory of `adjoints`.
    ///
    /// The order of summation is that of the statements from the last to the
    /// first, and within one from the first argument to the last. An adjoint that
    /// is zero beats a partial that is not finite, and the other way round.
    pub(crate) fn sweep(&self, seeds: impl Iterator<Item = (Place, T)> + Clone, mut adjoints: Vec<T>) -> Vec<T> {
        let len = seeds.clone().map(|(place, _)| place.position() as usize + 1).max().unwrap_or(0);
        adjoints.clear();
        adjoints.resize(len + 1, T::zero());
        for (place, seed) in seeds {
            adjoints[place.position() as usize] += seed;
        }
        for (position, node) in self.nodes[..len].iter().enumerate().rev() {
            let adjoint = adjoints[position];
            if adjoint.is_identically_zero() {
                continue;
            }
            let ([by_x, by_y], [x, y]) = (node.partials, node.arguments);
            // The marks are past the end of the adjoints.
            if let Some(x) = adjoints.get_mut(x as usize) {
                *x += by_x * adjoint;
                if let Some(y) = adjoints.get_mut(y as usize) {
                    *y += by_y * adjoint;
                }
            } else if x == LONG {
                self.sweep_long(y as usize, adjoint, &mut adjoints);
            } else if let Some(y) = adjoints.get_mut(y as usize) {
                *y += by_y * adjoint;
            }
        }
        adjoints
    }

    fn sweep_long(&self, number: usize, adjoint: T, adjoints: &mut [T]) {
        let start = if number > 0 { self.ends[number - 1] as usize } else { 0 };
        let end = self.ends[number] as usize;
        let skips_zeros = !adjoint.is_finite_throughout();
        for (&argument, &partial) in self.arguments[start..end].iter().zip(&self.partials[start..end]) {
            if let Some(sum) = adjoints.get_mut(argument as usize)
                && !(skips_zeros && partial.is_identically_zero())
            {
                *sum += partial * adjoint;
            }
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
            "the tape is full: a recording holds at most 4294967293 statements and arguments; differentiate in \
             pieces and clear the tape between them"
        );
    }
}
