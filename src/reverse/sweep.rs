//! The reverse sweep over a recording, which carries adjoints from results to arguments.
//!
//! [`sweep_each`](Recording::sweep_each) is the loop to read. The code around it goes through blocks and chunks of
//! nodes.

use std::ops::Range;

use super::operands::Arguments;
use super::recording::{BESIDE, LONG, Node, Recording};
use super::var::Place;
use crate::memory::kept::reserve;
use crate::scalar::Scalar;
use crate::scalar::zero;
use crate::simd::vectorized;

/// What there may be no memory for.
const ADJOINTS: &str = "the adjoints of a reverse sweep";

impl<T: Scalar> Recording<T> {
    /// Returns the adjoints of all variables up to the last seeded one and a row of zeros after them, in the memory of
    /// `adjoints`: `L` for each variable, one for each output or direction.
    ///
    /// The sweep sums from the last statement to the first, and within one from the first argument to the last. A zero
    /// adjoint beats a partial that is not finite, and a zero partial an adjoint that is not.
    pub(super) fn sweep<const L: usize>(
        &self,
        seeds: impl Iterator<Item = (Place, [T; L])> + Clone,
        mut adjoints: Vec<T>,
    ) -> Vec<T> {
        let len = seeds.clone().map(|(place, _)| place.position() as usize + 1).max().unwrap_or(0);
        let len = self.swept(len);
        adjoints.clear();
        reserve(&mut adjoints, (len + 1) * L, ADJOINTS);
        adjoints.resize((len + 1) * L, T::zero());
        let (lanes, _) = adjoints.as_chunks_mut::<L>();
        for (place, seed) in seeds {
            for (sum, seed) in lanes[place.position() as usize].iter_mut().zip(seed) {
                *sum += seed;
            }
        }
        self.sweep_back(lanes);
        adjoints
    }

    /// Returns the derivatives of a variable with respect to the independent ones before it.
    pub(super) fn slopes_of(&self, place: Place) -> Vec<T> {
        let adjoints = self.sweep(std::iter::once((place, [T::one()])), Vec::new());
        let independent = (0..adjoints.len() - 1).filter(|&position| self.is_independent(position));
        independent.map(|position| adjoints[position]).collect()
    }

    /// Returns the number of adjoints for a sweep that starts before the position `end`. All results of a block have
    /// one.
    fn swept(&self, end: usize) -> usize {
        self.blocks.before(end).last().map_or(end, |block| end.max(block.results().end))
    }

    /// Sweeps from the seeds on top of `adjoints`, which holds the adjoints of the first, independent variables. The
    /// elements after them are to be ignored on return.
    pub(super) fn sweep_further(&self, seeds: impl Iterator<Item = (Place, T)>, adjoints: &mut Vec<T>) {
        let more = (self.len() + 1).saturating_sub(adjoints.len());
        reserve(adjoints, more, ADJOINTS);
        adjoints.resize(self.len() + 1, T::zero());
        for (place, seed) in seeds {
            adjoints[place.position() as usize] += seed;
        }
        let (lanes, _) = adjoints.as_chunks_mut::<1>();
        self.sweep_back(lanes);
    }

    /// Carries all adjoints on to the arguments, from the last.
    fn sweep_back<const L: usize>(&self, adjoints: &mut [[T; L]]) {
        let mut end = adjoints.len() - 1;
        for block in self.blocks.before(end).iter().rev() {
            let results = block.results();
            if results.end < end {
                self.sweep_nodes(results.end..end, block.nodes_before(), adjoints);
            }
            self.blocks.sweep(block, adjoints);
            end = results.start;
        }
        if end > 0 {
            self.sweep_nodes(0..end, 0, adjoints);
        }
    }

    /// Carries the adjoints at consecutive positions on. They belong to the nodes from the number `first` on.
    fn sweep_nodes<const L: usize>(&self, positions: Range<usize>, first: usize, adjoints: &mut [[T; L]]) {
        let mut end = positions.end;
        for (nodes, beside) in self.nodes.backward(first..first + positions.len()) {
            let adjoints = &mut adjoints[..end];
            if are_numbers::<T, L>() {
                self.sweep_numbers(nodes, beside, adjoints.as_flattened_mut());
            } else if T::RECORDS {
                self.sweep_one_by_one(nodes, beside, adjoints);
            } else {
                vectorized(
                    #[inline(always)]
                    || self.sweep_each(nodes, beside, adjoints),
                );
            }
            end -= nodes.len();
        }
    }

    /// Runs [`sweep_each`](Self::sweep_each) without vector instructions, for scalars that record.
    #[inline(never)]
    fn sweep_one_by_one<const L: usize>(&self, nodes: &[Node<T>], beside: &[T], adjoints: &mut [[T; L]]) {
        self.sweep_each(nodes, beside, adjoints);
    }

    /// The reverse sweep: for each node, from the last, adds `partial·adjoint` to the adjoint of each argument. The
    /// last adjoints belong to the nodes.
    ///
    /// This loop is the definition, for any scalar and any number of lanes. The loops in `fast.rs` are compared with it,
    /// to the bit.
    #[inline(always)]
    pub(super) fn sweep_each<const L: usize>(&self, nodes: &[Node<T>], beside: &[T], adjoints: &mut [[T; L]]) {
        let mut rest = adjoints;
        for (node, by_y) in nodes.iter().zip(beside).rev() {
            // The arguments stand before the result (I1).
            let Some((adjoint, before)) = rest.split_last_mut() else { return };
            rest = before;
            // A plain number is copied to a register; others stay where they are.
            let single = *adjoint;
            let adjoint = if are_numbers::<T, L>() { &single } else { &*adjoint };
            if are_zero(adjoint) {
                continue;
            }
            let [x, y] = node.arguments;
            // The marks are past the end of the adjoints (I3).
            if let Some(x) = rest.get_mut(x as usize) {
                add(x, &node.partial, adjoint);
            } else {
                std::hint::cold_path();
                if x == LONG {
                    // A copy, so that the adjoint stays in a register.
                    self.sweep_long(y, &{ *adjoint }, rest);
                    continue;
                }
            }
            if let Some(y) = rest.get_mut(y as usize) {
                y.iter_mut().zip(adjoint).for_each(|(sum, &adjoint)| *sum += adjoint);
            } else if let Some(y) = rest.get_mut((y & !BESIDE) as usize) {
                add(y, by_y, adjoint);
            }
        }
    }

    #[inline(never)]
    pub(super) fn sweep_long<const L: usize>(&self, number: u32, adjoint: &[T; L], adjoints: &mut [[T; L]]) {
        let skips_zeros = !adjoint.iter().all(|lane| lane.is_finite_throughout());
        for (arguments, partials) in self.operands.of(number) {
            match arguments {
                Arguments::Run(run) if !skips_zeros => {
                    let sums = &mut adjoints[run];
                    sums.iter_mut().zip(partials).for_each(|(sum, partial)| add(sum, partial, adjoint));
                }
                Arguments::Listed(listed) if !skips_zeros => {
                    for (&position, partial) in listed.iter().zip(partials) {
                        // The position of a constant is past the end (I3).
                        if let Some(sum) = adjoints.get_mut(position as usize) {
                            add(sum, partial, adjoint);
                        }
                    }
                }
                arguments => {
                    for (position, &partial) in arguments.positions().zip(partials) {
                        if let Some(position) = position {
                            let lanes = adjoints[position].iter_mut().zip(adjoint);
                            lanes.for_each(|(sum, &adjoint)| zero::add_product(sum, partial, adjoint));
                        }
                    }
                }
            }
        }
    }
}

/// Returns whether the adjoints are plain numbers in one lane.
#[inline(always)]
const fn are_numbers<T: Scalar, const L: usize>() -> bool {
    L == 1 && T::ORDER == 0
}

#[inline(always)]
fn are_zero<T: Scalar, const L: usize>(lanes: &[T; L]) -> bool {
    lanes.iter().all(|lane| lane.is_identically_zero())
}

/// Adds `partial·adjoint` to `sum`. A single adjoint is not zero; a zero in one of several lanes must not meet a
/// partial that is not finite.
#[inline(always)]
fn add<T: Scalar, const L: usize>(sum: &mut [T; L], partial: &T, adjoint: &[T; L]) {
    let with_care = L > 1 && !partial.is_finite_throughout();
    for (sum, adjoint) in sum.iter_mut().zip(adjoint) {
        if with_care {
            zero::add_product(sum, *partial, *adjoint);
        } else {
            zero::add_chained(sum, partial, adjoint);
        }
    }
}
