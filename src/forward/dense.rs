//! Dense layers of dual numbers over plain numbers, as products of matrices.
//!
//! The tangent of `b + Σₖ wₖxₖ` is `ḃ + Σₖ ẇₖxₖ + Σₖ wₖẋₖ`. Each of these sums, in all lanes, is a product of a matrix of
//! values with a matrix of tangents, and the tiles of plain numbers compute it. A neuron whose weights have no direction has
//! no first sum, and a layer whose inputs have none has no last sum.
//!
//! NOTE(perf): the gradient of a network of 337 parameters at 100 points, in 8 lanes, takes 79 % less time than by operations
//! on dual numbers (`cargo bench --bench modes`).

use super::level::Level;
use super::{Dual, scaled};
use crate::memory::pool::Scratch;
use crate::scalar::Scalar;
use crate::scalar::dense::{FEW_ROWS, Identity};
use crate::scalar::function::Function;
use crate::scalar::tiles::{AcrossRows, DownRows, Products, Rows};

/// Appends the outputs of [`dense`](crate::dense) and returns `true`. Returns `false` and does nothing where the rule "a
/// zero beats an infinity" has a say, because a number is not finite, where operations have to be seen one by one, and where
/// a few rows do not pay for the matrices.
pub(super) fn dense_by_products<F, T, const N: usize>(
    neurons: &[Dual<T, N>],
    inputs: &[Dual<T, N>],
    rows: usize,
    activation: &F,
    outputs: &mut Vec<Dual<T, N>>,
) -> bool
where
    F: Function<T::Real, Output = T::Real>,
    T: Scalar,
{
    if const { T::ORDER > 0 || T::RECORDS } || rows < FEW_ROWS || ![neurons, inputs].into_iter().all(are_finite) {
        return false;
    }
    let (sums, tangents) = sums_by_products(neurons, inputs, rows);
    let level = neurons.iter().chain(inputs).fold(Level::NONE, |level, x| level.join(x.level));
    outputs.extend(sums.iter().zip(tangents.iter()).map(|(&sum, &tangents)| {
        let y = activation.eval(&[Dual::variable(sum)]);
        Dual { primal: y.primal, partials: scaled(tangents, y.partials[0]), level }
    }));
    true
}

/// Returns the weighted sums with their biases, and their tangents. It is compiled once for all activations.
fn sums_by_products<T: Scalar, const N: usize>(
    neurons: &[Dual<T, N>],
    inputs: &[Dual<T, N>],
    rows: usize,
) -> (Scratch<T>, Scratch<[T; N]>) {
    let columns = inputs.len() / rows;
    let count = neurons.len() / (columns + 1);
    let [weights, values] = [neurons, inputs].map(|numbers| Scratch::of(numbers.iter().map(|x| x.primal)));
    let mut sums = Scratch::with_capacity(rows * count);
    T::dense_slice(&weights, &values, rows, &Identity, &mut sums);

    let mut tangents = Scratch::filled([T::zero(); N], rows * count);
    for (j, neuron) in neurons.chunks_exact(columns + 1).enumerate().filter(|(_, neuron)| have_direction(neuron)) {
        let (of_weights, of_bias) = (tangents_of(&neuron[..columns]), neuron[columns].partials);
        Products {
            sizes: [rows, columns, N],
            left: AcrossRows(Rows { numbers: &values[..], width: columns }),
            right: DownRows(Rows { numbers: of_weights.as_flattened(), width: N }),
            start: Some(&of_bias[..]),
            stride: count * N,
        }
        .add_to(&mut tangents.as_flattened_mut()[j * N..]);
    }
    if have_direction(inputs) {
        let of_inputs = tangents_of(inputs);
        for (row, tangents) in tangents.chunks_exact_mut(count.max(1)).enumerate() {
            Products {
                sizes: [count, columns, N],
                left: AcrossRows(Rows { numbers: &weights[..], width: columns + 1 }),
                right: DownRows(Rows { numbers: of_inputs[row * columns..][..columns].as_flattened(), width: N }),
                start: None,
                stride: N,
            }
            .add_to(tangents.as_flattened_mut());
        }
    }
    (sums, tangents)
}

fn tangents_of<T: Scalar, const N: usize>(numbers: &[Dual<T, N>]) -> Scratch<[T; N]> {
    Scratch::of(numbers.iter().map(|x| x.partials))
}

/// NOTE(perf): number by number. With AVX-512 LLVM would gather the lanes of eight numbers at a time where the loop has no early
/// end: 50 % more for a network of 337 parameters (`RUSTFLAGS="-C target-cpu=native"`, `benches/peers`).
fn are_finite<T: Scalar, const N: usize>(numbers: &[Dual<T, N>]) -> bool {
    numbers.iter().all(|x| x.is_finite_throughout())
}

/// Returns whether any number changes along any lane.
fn have_direction<T: Scalar, const N: usize>(numbers: &[Dual<T, N>]) -> bool {
    numbers.iter().any(|x| !x.partials.iter().fold(true, |all, p| all & p.is_identically_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::dense::plain_dense;

    struct Tanh;

    impl Function<f64> for Tanh {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            x[0].tanh()
        }
    }

    /// Returns dual numbers of three lanes, and without a direction where `changes` is false.
    fn numbers(count: usize, changes: impl Fn(usize) -> bool) -> Vec<Dual<f64, 3>> {
        let partial = |i: usize, lane: usize| if changes(i) { ((7 * i + lane) as f64).cos() } else { 0.0 };
        (0..count).map(|i| Dual::new((i as f64).sin(), std::array::from_fn(|lane| partial(i, lane)))).collect()
    }

    #[test]
    fn products_give_the_layer_of_operations_on_dual_numbers() {
        for (rows, columns, count) in [(4, 1, 1), (5, 3, 2), (9, 17, 11), (4, 2, 0), (6, 0, 3)] {
            let some = |i: usize| i.is_multiple_of(columns + 1) && i > columns;
            for (by_neurons, by_inputs) in [(true, true), (true, false), (false, true), (false, false)] {
                let neurons = numbers(count * (columns + 1), |i| by_neurons && some(i));
                let inputs = numbers(rows * columns, |_| by_inputs);
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                plain_dense(&neurons, &inputs, rows, &Tanh, &mut expected);
                assert!(dense_by_products(&neurons, &inputs, rows, &Tanh, &mut found));
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    assert_eq!(found.primal.to_bits(), expected.primal.to_bits());
                    for (found, expected) in found.partials.iter().zip(expected.partials) {
                        assert!((found - expected).abs() < 1e-14, "{found}, {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_left_to_the_rule_of_zeros() {
        for wrong in [Dual::new(f64::INFINITY, [0.0; 3]), Dual::new(0.0, [0.0, f64::NAN, 0.0])] {
            let (mut neurons, inputs, mut outputs) = (numbers(6, |_| true), numbers(8, |_| true), Vec::new());
            neurons[1] = wrong;
            assert!(!dense_by_products(&neurons, &inputs, 4, &Tanh, &mut outputs));
            assert!(outputs.is_empty());
        }
    }
}
