//! The walk back over a recording, which carries adjoints from results to arguments.

use std::cell::Cell;
use std::ops::Range;

use super::operands::Arguments;
use super::recording::{BESIDE, LONG, Node, Recording};
use super::var::Place;
use crate::Scalar;
use crate::slices::vectorized;

impl<T: Scalar> Recording<T> {
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
        let len = self.swept(len);
        adjoints.clear();
        adjoints.resize((len + 1) * L, T::zero());
        let (lanes, _) = adjoints.as_chunks_mut::<L>();
        for (place, seed) in seeds {
            for (sum, seed) in lanes[place.position() as usize].iter_mut().zip(seed) {
                *sum += seed;
            }
        }
        self.sweep_back::<L, false>(lanes, 0);
        adjoints
    }

    /// Appends the adjoints of the first `count` variables, which are independent ones, to `gradient`.
    ///
    /// The adjoints are all zero before, whatever their number, and again afterwards: each that is not is cleared where
    /// it is swept, which costs less than to clear them all. (No sum that starts from zero is −0.)
    pub(super) fn gradient(&self, output: Place, seed: T, count: usize, adjoints: &mut Vec<T>, gradient: &mut Vec<T>) {
        let len = self.swept(output.position() as usize + 1);
        if adjoints.len() <= len {
            adjoints.resize(len + 1, T::zero());
        }
        let adjoints = &mut adjoints[..=len];
        adjoints[output.position() as usize] = seed;
        let (lanes, _) = adjoints.as_chunks_mut::<1>();
        self.sweep_back::<1, true>(lanes, count);
        // They are the results of one block, so all are there.
        let of_inputs = &mut adjoints[..count];
        gradient.extend_from_slice(of_inputs);
        of_inputs.fill(T::zero());
    }

    /// The number of adjoints for a sweep from before a position: all results of a block have one.
    fn swept(&self, end: usize) -> usize {
        self.blocks.before(end).last().map_or(end, |block| end.max(block.results().end))
    }

    /// Adds the adjoints of the seeds to those of the first variables, which are
    /// independent ones; what follows them in `adjoints` is of use to nobody.
    pub(super) fn sweep_further(&self, seeds: impl Iterator<Item = (Place, T)>, adjoints: &mut Vec<T>) {
        adjoints.resize(self.len() + 1, T::zero());
        for (place, seed) in seeds {
            adjoints[place.position() as usize] += seed;
        }
        let (lanes, _) = adjoints.as_chunks_mut::<1>();
        self.sweep_back::<1, false>(lanes, 0);
    }

    /// Carries the adjoints of all variables on to their arguments, from the last; if told so, it clears them but
    /// for the first ones to be kept.
    fn sweep_back<const L: usize, const CLEARS: bool>(&self, adjoints: &mut [[T; L]], kept: usize) {
        let mut end = adjoints.len() - 1;
        for block in self.blocks.before(end).iter().rev() {
            let results = block.results();
            if results.end < end {
                self.sweep_nodes::<L, CLEARS>(results.end..end, block.nodes_before(), adjoints);
            }
            self.blocks.sweep(block, adjoints);
            if CLEARS && results.start >= kept {
                adjoints[results.clone()].fill([T::zero(); L]);
            }
            end = results.start;
        }
        if end > 0 {
            self.sweep_nodes::<L, CLEARS>(0..end, 0, adjoints);
        }
    }

    /// Carries the adjoints at consecutive positions on, of which the first is that of the node
    /// with the number `first`.
    fn sweep_nodes<const L: usize, const CLEARS: bool>(
        &self,
        positions: Range<usize>,
        first: usize,
        adjoints: &mut [[T; L]],
    ) {
        let mut end = positions.end;
        for (nodes, beside) in self.nodes.backward(first..first + positions.len()) {
            let adjoints = &mut adjoints[..end];
            if are_numbers::<T, L>() {
                self.sweep_numbers::<CLEARS>(nodes, beside, adjoints.as_flattened_mut());
            } else if T::RECORDS {
                self.sweep_one_by_one::<L, CLEARS>(nodes, beside, adjoints);
            } else {
                vectorized(
                    #[inline(always)]
                    || self.sweep_each::<L, CLEARS>(nodes, beside, adjoints),
                );
            }
            end -= nodes.len();
        }
    }

    /// [`sweep_each`](Self::sweep_each) of plain numbers, where what comes in rows has a loop of its own: short
    /// statements, sums of products, and zeros, of all that the output does not depend on.
    fn sweep_numbers<const CLEARS: bool>(&self, nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) {
        let before = adjoints.len() - nodes.len();
        let mut left = nodes.len();
        loop {
            left = sweep_short::<T, CLEARS>(&nodes[..left], &beside[..left], &mut adjoints[..before + left]);
            let [.., node] = &nodes[..left] else { return };
            let rest = &mut adjoints[..before + left];
            left = match rest {
                [.., last] if last.is_identically_zero() => left - zeros_at_the_end(&rest[before..]),
                _ if node.arguments[0] == LONG => {
                    let (single, _) = rest.as_chunks_mut::<1>();
                    self.sweep_each::<1, CLEARS>(&nodes[left - 1..left], &beside[left - 1..left], single);
                    left - 1
                }
                _ => sweep_products::<T, CLEARS>(&nodes[..left], &beside[..left], rest),
            };
        }
    }

    /// [`sweep_each`](Self::sweep_each) where vector instructions are of no use.
    #[inline(never)]
    fn sweep_one_by_one<const L: usize, const CLEARS: bool>(
        &self,
        nodes: &[Node<T>],
        beside: &[T],
        adjoints: &mut [[T; L]],
    ) {
        self.sweep_each::<L, CLEARS>(nodes, beside, adjoints);
    }

    /// Carries the last adjoints on, which are those of the nodes.
    #[inline(always)]
    fn sweep_each<const L: usize, const CLEARS: bool>(&self, nodes: &[Node<T>], beside: &[T], adjoints: &mut [[T; L]]) {
        let mut rest = adjoints;
        for (node, by_y) in nodes.iter().zip(beside).rev() {
            // The arguments are before the result.
            let Some((adjoint, before)) = rest.split_last_mut() else { return };
            rest = before;
            // A single adjoint is in a register; several stay where they are.
            let single = *adjoint;
            let lanes = if L == 1 { &single } else { &*adjoint };
            if are_zero(lanes) {
                continue;
            }
            if CLEARS {
                *adjoint = [T::zero(); L];
            }
            let adjoint = if L == 1 || CLEARS { &single } else { adjoint };
            let [x, y] = node.arguments;
            // The marks are past the end of the adjoints.
            if let Some(x) = rest.get_mut(x as usize) {
                add(x, node.partial, adjoint);
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
                add(y, *by_y, adjoint);
            }
        }
    }

    #[inline(never)]
    fn sweep_long<const L: usize>(&self, number: u32, adjoint: &[T; L], adjoints: &mut [[T; L]]) {
        let skips_zeros = !adjoint.iter().all(|lane| lane.is_finite_throughout());
        for (arguments, partials) in self.operands.of(number) {
            match arguments {
                Arguments::Spaced { first, distance: 1, len } if !skips_zeros => {
                    let sums = &mut adjoints[first..first + len];
                    sums.iter_mut().zip(partials).for_each(|(sum, &partial)| add(sum, partial, adjoint));
                }
                Arguments::Spaced { first, distance, .. } if !skips_zeros => {
                    let sums = adjoints[first..].iter_mut().step_by(distance);
                    sums.zip(partials).for_each(|(sum, &partial)| add(sum, partial, adjoint));
                }
                Arguments::Listed(listed) if !skips_zeros => {
                    for (&position, &partial) in listed.iter().zip(partials) {
                        // That of a constant is past the end.
                        if let Some(sum) = adjoints.get_mut(position as usize) {
                            add(sum, partial, adjoint);
                        }
                    }
                }
                arguments => {
                    for (position, &partial) in arguments.positions().zip(partials) {
                        if let Some(position) = position
                            && !partial.is_identically_zero()
                        {
                            add(&mut adjoints[position], partial, adjoint);
                        }
                    }
                }
            }
        }
    }
}

/// Whether the adjoints are single numbers that nothing records.
#[inline(always)]
const fn are_numbers<T: Scalar, const L: usize>() -> bool {
    L == 1 && T::ORDER == 0
}

/// Carries the last adjoints on, which are those of the nodes, as far as a long statement, a sum of products or zeros,
/// and returns the number of nodes that are left.
///
/// The loop has one counter, as the cells of all adjoints stay where they are. With a slice that becomes shorter it has
/// more instructions, and the place of the program in memory decides how fast they are.
#[inline(never)]
fn sweep_short<T: Scalar, const CLEARS: bool>(nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) -> usize {
    let before = adjoints.len() - nodes.len();
    let adjoints = Cell::from_mut(adjoints).as_slice_of_cells();
    let of_nodes = &adjoints[before..];
    for (left, ((node, by_y), own)) in nodes.iter().zip(beside).zip(of_nodes).enumerate().rev() {
        let adjoint = own.get();
        if adjoint.is_identically_zero() {
            if of_nodes[..left].last().is_some_and(|next| next.get().is_identically_zero()) {
                return left;
            }
            continue;
        }
        let [x, y] = node.arguments;
        // The marks are past the end of the adjoints.
        if let Some(x) = adjoints.get(x as usize) {
            x.set(x.get() + node.partial * adjoint);
        } else {
            std::hint::cold_path();
            if x == LONG {
                return left + 1;
            }
        }
        if CLEARS {
            own.set(T::zero());
        }
        if let Some(y) = adjoints.get(y as usize) {
            y.set(y.get() + adjoint);
        } else if let Some(y) = adjoints.get((y & !BESIDE) as usize) {
            y.set(y.get() + *by_y * adjoint);
            if nodes[..left].last().is_some_and(|sum| adds_last_two(sum, before + left - 1)) {
                return left;
            }
        }
    }
    0
}

/// Carries the adjoints of a sum of products on as long as the last nodes are `so_far + x·y`, two for each product, and
/// returns the number of nodes that are left.
///
/// The adjoint of the sum so far stays in a register. Each would else wait until the one before is in memory, which
/// takes longer than everything else here.
#[inline(never)]
fn sweep_products<T: Scalar, const CLEARS: bool>(nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) -> usize {
    let before_nodes = adjoints.len() - nodes.len();
    let (_, pairs) = nodes.as_rchunks::<2>();
    let (_, beside) = beside.as_rchunks::<2>();
    let mut rest = adjoints;
    let mut adjoint = rest.last().copied().unwrap_or(T::zero());
    for ([product, sum], [by_y, _]) in pairs.iter().zip(beside).rev() {
        let Some((before, [of_so_far, of_product, of_sum])) = rest.split_last_chunk_mut::<3>() else { break };
        let so_far = before.len();
        let is_product = product.arguments[1] & BESIDE != 0;
        let [x, y] = product.arguments.map(|position| (position & !BESIDE) as usize);
        let by_product = *of_product + sum.partial * adjoint;
        let goes_on = !adjoint.is_identically_zero()
            && adds_last_two(sum, so_far + 2)
            && is_product
            && x != so_far
            && y != so_far
            && !by_product.is_identically_zero();
        if !goes_on {
            break;
        }
        *of_sum = if CLEARS { T::zero() } else { adjoint };
        *of_product = if CLEARS { T::zero() } else { by_product };
        adjoint = *of_so_far + adjoint;
        *of_so_far = adjoint;
        if let Some(x) = before.get_mut(x) {
            *x += product.partial * by_product;
        }
        if let Some(y) = before.get_mut(y) {
            *y += *by_y * by_product;
        }
        rest = &mut rest[..=so_far];
    }
    rest.len() - before_nodes
}

/// Whether a node at this position joins the two results before it, the later one first: a sum so far and what is added.
#[inline(always)]
fn adds_last_two<T>(node: &Node<T>, position: usize) -> bool {
    let [x, y] = node.arguments.map(u64::from);
    x + 1 == position as u64 && y + 2 == position as u64
}

/// The number of zeros at the end. Whole eights are tested at once.
#[inline(never)]
fn zeros_at_the_end<T: Scalar>(adjoints: &[T]) -> usize {
    let (_, eights) = adjoints.as_rchunks::<8>();
    let all_zero = |eight: &&[T; 8]| eight.iter().fold(true, |zero, x| zero & x.is_identically_zero());
    let in_eights = 8 * eights.iter().rev().take_while(all_zero).count();
    let rest = adjoints[..adjoints.len() - in_eights].iter().rev();
    in_eights + rest.take_while(|x| x.is_identically_zero()).count()
}

#[inline(always)]
fn are_zero<T: Scalar, const L: usize>(lanes: &[T; L]) -> bool {
    lanes.iter().all(|lane| lane.is_identically_zero())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::slot::on_slot;
    use crate::{Tape, Var, sum};

    type Loop = fn(&[Node<f64>], &[f64], &mut [f64]) -> usize;

    /// The nodes that a loop leaves of what `record` records of two inputs, with the adjoint 1 for the last; and all
    /// adjoints.
    fn swept(sweep: Loop, record: fn(&[Var<f64>])) -> (usize, Vec<f64>) {
        let tape = Tape::<f64>::new();
        record(&tape.vars(&[2.0, 3.0]));
        let len = tape.len();
        let mut adjoints = vec![0.0; len];
        adjoints[len - 1] = 1.0;
        let left = on_slot::<f64, _>(|slot| {
            let (nodes, beside) = slot.current().nodes.backward(0..len - 2).next()?;
            Some(sweep(nodes, beside, &mut adjoints))
        });
        (left.expect("a chunk"), adjoints)
    }

    fn sum_of_products(x: &[Var<f64>]) {
        (0..4).fold(x[0] * x[1], |sum, _| sum + x[0] * x[1]);
    }

    #[test]
    fn a_sum_of_products_is_one_row() {
        // The first product is left.
        let adjoints = vec![12.0, 8.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(swept(sweep_products::<f64, true>, sum_of_products), (1, adjoints));
    }

    #[test]
    fn short_statements_end_where_others_begin() {
        let short = sweep_short::<f64, true>;
        assert_eq!(swept(short, sum_of_products).0, 7);
        let long = |x: &[Var<f64>]| _ = sum(&[x[0], x[1], x[0], x[1], x[0]]).exp().sin();
        assert_eq!(swept(short, long).0, 1);
        let unused = |x: &[Var<f64>]| _ = (x[0].sin(), x[0].cos(), x[1].exp(), x[0].ln() * x[1]);
        assert_eq!(swept(short, unused).0, 2);
        let single_zero = |x: &[Var<f64>]| {
            let used = x[0].sin();
            _ = (x[0].cos(), used.exp());
        };
        assert_eq!(swept(short, single_zero).0, 0);
    }

    #[test]
    fn zeros_are_counted_from_the_end() {
        for zeros in 0..40 {
            for last in [1.0, f64::NAN, f64::MIN_POSITIVE] {
                let adjoints: Vec<f64> = [0.0, 0.0, last].into_iter().chain((0..zeros).map(|_| -0.0)).collect();
                assert_eq!(zeros_at_the_end(&adjoints), zeros);
                assert_eq!(zeros_at_the_end(&adjoints[3..]), zeros);
            }
        }
    }
}
