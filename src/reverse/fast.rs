//! The reverse sweep of plain numbers with one lane, quicker.
//!
//! Each loop equals [`sweep_each`](Recording::sweep_each) to the bit, on any program: a test compares them.
//!
//! NOTE(perf): `cargo bench --bench modes` measures the gain, on the chain and on the network with bare `+` and `*`.

use std::cell::Cell;

use super::recording::{BESIDE, LONG, Node, Recording};
use crate::scalar::Scalar;

impl<T: Scalar> Recording<T> {
    /// Equals [`sweep_each`](Self::sweep_each). Runs of short statements, of long statements, of sums of products and of
    /// zeros have a loop each.
    pub(super) fn sweep_numbers(&self, nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) {
        let before = adjoints.len() - nodes.len();
        let mut left = nodes.len();
        loop {
            left = sweep_short(&nodes[..left], &beside[..left], &mut adjoints[..before + left]);
            let [.., node] = &nodes[..left] else { return };
            let rest = &mut adjoints[..before + left];
            left = match rest {
                [.., last] if last.is_identically_zero() => left - zeros_at_the_end(&rest[before..]),
                _ if node.arguments[0] == LONG => self.sweep_longs(&nodes[..left], rest),
                _ => sweep_products(&nodes[..left], &beside[..left], rest),
            };
        }
    }

    /// Sweeps `nodes` from the end as long as they are long statements. Returns how many remain.
    fn sweep_longs(&self, nodes: &[Node<T>], adjoints: &mut [T]) -> usize {
        let before = adjoints.len() - nodes.len();
        for (left, node) in nodes.iter().enumerate().rev() {
            let ([LONG, number], Some((own, rest))) = (node.arguments, adjoints[..=before + left].split_last_mut())
            else {
                return left + 1;
            };
            let adjoint = *own;
            if !adjoint.is_identically_zero() {
                let (lanes, _) = rest.as_chunks_mut::<1>();
                self.sweep_long(number, &[adjoint], lanes);
            }
        }
        0
    }
}

/// Sweeps `nodes` from the end up to the first long statement, sum of products or run of zeros. Returns how many remain.
///
/// NOTE(perf): the loop has one counter, because the slice of adjoints stays as it is. With a slice that becomes
/// shorter the loop has more instructions, and their speed depends on where the program stands in memory.
#[inline(never)]
fn sweep_short<T: Scalar>(nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) -> usize {
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
        // The marks are past the end of the adjoints (I3).
        if let Some(x) = adjoints.get(x as usize) {
            x.set(x.get() + node.partial * adjoint);
        } else {
            std::hint::cold_path();
            if x == LONG {
                return left + 1;
            }
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

/// Sweeps `nodes` from the end as long as the last two are `so_far + x·y`. Returns how many remain.
///
/// NOTE(perf): the adjoint of the sum so far stays in a register. In memory each addition would wait for the one
/// before, which takes longer than the rest of the loop.
#[inline(never)]
fn sweep_products<T: Scalar>(nodes: &[Node<T>], beside: &[T], adjoints: &mut [T]) -> usize {
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
        *of_sum = adjoint;
        *of_product = by_product;
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

/// Returns whether the node at this position adds the two results before it, the later one first: the sum so far and a
/// term.
#[inline(always)]
fn adds_last_two<T>(node: &Node<T>, position: usize) -> bool {
    let [x, y] = node.arguments.map(u64::from);
    x + 1 == position as u64 && y + 2 == position as u64
}

/// Returns the number of zeros at the end. It tests eight at once.
#[inline(never)]
fn zeros_at_the_end<T: Scalar>(adjoints: &[T]) -> usize {
    let (_, eights) = adjoints.as_rchunks::<8>();
    let all_zero = |eight: &&[T; 8]| eight.iter().fold(true, |zero, x| zero & x.is_identically_zero());
    let in_eights = 8 * eights.iter().rev().take_while(all_zero).count();
    let rest = adjoints[..adjoints.len() - in_eights].iter().rev();
    in_eights + rest.take_while(|x| x.is_identically_zero()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reverse::slot::on_slot;
    use crate::reverse::{Tape, Var};
    use crate::scalar::sums::sum;

    type Loop = fn(&[Node<f64>], &[f64], &mut [f64]) -> usize;

    /// Records a program of two inputs, and sweeps it from its last result with the adjoint 1. Returns how many nodes
    /// the loop leaves, and all adjoints.
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
    fn a_sum_of_products_is_swept_by_one_call() {
        // The first product is left.
        let adjoints = [vec![12.0, 8.0], vec![1.0; 9]].concat();
        assert_eq!(swept(sweep_products, sum_of_products), (1, adjoints));
    }

    #[test]
    fn the_short_loop_stops_at_products_long_statements_and_zeros() {
        let short = sweep_short;
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

    /// Returns the bits of the adjoints of a random program of 60 operations on 4 inputs, swept by `sweep`.
    fn adjoints_by(seed: u64, sweep: impl Fn(&Recording<f64>, &[Node<f64>], &[f64], &mut [f64])) -> Vec<u64> {
        let mut state = seed;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let tape = Tape::<f64>::new();
        let mut x = tape.vars(&[0.5, -1.5, 0.0, 2.0]);
        let mut total = x[0] * x[1];
        for _ in 0..60 {
            let [a, b] = [x[random(x.len())], x[random(x.len())]];
            x.push(match random(8) {
                0 => a + b,
                1 => a - b,
                2 => a / b,
                3 => a.abs().sqrt(),
                4 => sum(&[a, b, a, x[0]]),
                5 => a * 0.5,
                6 => b,
                _ => a * b,
            });
            if random(3) > 0 {
                total += a * b;
            }
        }
        x.push(total + x[x.len() - 1]);
        let len = tape.len();
        let mut adjoints = vec![0.0; len];
        adjoints[len - 1] = 1.0;
        on_slot::<f64, _>(|slot| {
            let recording = slot.current();
            let mut end = len;
            for (nodes, beside) in recording.nodes.backward(0..len - 4) {
                sweep(recording, nodes, beside, &mut adjoints[..end]);
                end -= nodes.len();
            }
        });
        adjoints.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
    }

    #[test]
    fn the_fast_sweep_equals_the_plain_sweep_to_the_bit_on_random_programs() {
        for seed in 0..2000 {
            let plain = adjoints_by(seed, |recording, nodes, beside, adjoints| {
                let (single, _) = adjoints.as_chunks_mut::<1>();
                recording.sweep_each(nodes, beside, single);
            });
            let fast = adjoints_by(seed, |recording, nodes, beside, adjoints| {
                recording.sweep_numbers(nodes, beside, adjoints);
            });
            assert_eq!(fast, plain, "seed {seed}");
        }
    }
}
