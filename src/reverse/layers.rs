//! Blocks that are dense layers.

use super::block::Operand;
use super::recording::within_limit;
use crate::forward::Dual;
use crate::memory::kept::give_back_empty;
use crate::memory::pool::Scratch;
use crate::scalar::Scalar;
use crate::scalar::dense::Identity;
use crate::scalar::function::Function;
use crate::scalar::tiles::{AcrossRows, DownRows, Products, Rows};
use crate::scalar::zero::{self, add_scaled, are_finite};
use crate::simd::vectorized;

/// The dense layers of a recording, in order.
pub(super) struct Layers<T: 'static>(Vec<Layer<T>>);

/// A dense layer, evaluated at some rows.
pub(super) struct Layer<T: 'static> {
    /// The parameters and the inputs.
    pub(super) operands: [Operand; 2],
    pub(super) rows: usize,
    /// The values of the parameters and of the inputs.
    pub(super) values: [Scratch<T>; 2],
    /// `∂output/∂sum` of the activation.
    pub(super) slopes: Scratch<T>,
}

impl<T> Layer<T> {
    fn numbers(&self) -> [&Scratch<T>; 3] {
        let [neurons, inputs] = &self.values;
        [neurons, inputs, &self.slopes]
    }
}

impl<T> Layers<T> {
    pub(super) const fn new() -> Self {
        Layers(Vec::new())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives back the memory of no layers; the numbers of layers are in a pool.
    pub(super) fn give_back(&mut self) {
        give_back_empty(&mut self.0);
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.0[..]) + self.bytes_of_numbers(|numbers| numbers.len())
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Layer<T>>() + self.bytes_of_numbers(|numbers| numbers.capacity())
    }

    fn bytes_of_numbers(&self, count: impl Fn(&Vec<T>) -> usize) -> usize {
        self.0.iter().flat_map(Layer::numbers).map(|numbers| count(numbers) * size_of::<T>()).sum()
    }

    /// Stores a layer and returns its number.
    pub(super) fn push(&mut self, layer: Layer<T>) -> u32 {
        self.0.push(layer);
        within_limit(self.0.len()) - 1
    }

    pub(super) fn operands(&self, layer: u32) -> [Operand; 2] {
        self.0[layer as usize].operands
    }
}

impl<T: Scalar> Layers<T> {
    /// Takes the adjoints of the outputs, and adds the adjoints of the parameters and of the inputs to `sums`.
    pub(super) fn pull_back(&self, layer: u32, outputs: &[T], sums: [&mut [T]; 2]) {
        let layer = &self.0[layer as usize];
        let [neurons, inputs, slopes] = layer.numbers();
        pull_dense_back(neurons, inputs, layer.rows, slopes, outputs, sums);
    }
}

/// Returns the values of [`dense`](crate::dense), and the slopes of the activation.
pub(super) fn dense_with_slopes<T, F>(neurons: &[T], inputs: &[T], rows: usize, activation: &F) -> [Scratch<T>; 2]
where
    T: Scalar,
    F: Function<T::Real, Output = T::Real>,
{
    let count = neurons.len() / (inputs.len() / rows + 1);
    let mut outputs = Scratch::with_capacity(rows * count);
    T::dense_slice(neurons, inputs, rows, &Identity, &mut outputs);
    let mut slopes = Scratch::with_capacity(outputs.len());
    vectorized(
        #[inline(always)]
        || {
            slopes.extend(outputs.iter_mut().map(
                #[inline(always)]
                |z| {
                    let y = activation.eval(&[Dual::variable(*z)]);
                    *z = y.primal;
                    y.partials[0]
                },
            ));
        },
    );
    [outputs, slopes]
}

/// Takes the adjoints of the outputs of [`dense`](crate::dense) and the slopes of its activation, and adds the adjoints
/// of `neurons` and of `inputs` to the sums. A sum that is empty is ignored.
fn pull_dense_back<S: Scalar>(
    neurons: &[S],
    inputs: &[S],
    rows: usize,
    slopes: &[S],
    outputs: &[S],
    [of_neurons, of_inputs]: [&mut [S]; 2],
) {
    let (columns, count) = (inputs.len() / rows, outputs.len() / rows);
    let mut of_sums = Scratch::with_capacity(outputs.len());
    vectorized(
        #[inline(always)]
        || {
            of_sums.extend(slopes.iter().zip(outputs).map(
                #[inline(always)]
                |(&slope, &output)| zero::product(slope, output),
            ));
        },
    );

    if !S::RECORDS && [neurons, inputs, &of_sums].into_iter().all(are_finite) {
        let matrix = |numbers, width| Rows { numbers, width };
        let (of_sums, inputs, neurons) =
            (matrix(&of_sums, count), matrix(inputs, columns), matrix(neurons, columns + 1));
        if !of_neurons.is_empty() {
            let (sizes, left, right) = ([count, rows, columns], DownRows(of_sums), DownRows(inputs));
            Products { sizes, left, right, start: None, stride: columns + 1 }.add_to(of_neurons);
            let mut of_biases = Scratch::filled(S::zero(), count);
            vectorized(
                #[inline(always)]
                || {
                    for row in 0..rows {
                        of_biases.iter_mut().zip(of_sums.row(row)).for_each(|(of_bias, &of_sum)| *of_bias += of_sum);
                    }
                },
            );
            let biases = of_neurons.iter_mut().skip(columns).step_by(columns + 1);
            biases.zip(of_biases.iter()).for_each(|(bias, &of_bias)| *bias += of_bias);
        }
        if !of_inputs.is_empty() {
            let (sizes, left, right) = ([rows, count, columns], AcrossRows(of_sums), DownRows(neurons));
            Products { sizes, left, right, start: None, stride: columns }.add_to(of_inputs);
        }
        return;
    }
    for (row, of_sums) in of_sums.chunks_exact(count.max(1)).enumerate() {
        let of_row = row * columns..(row + 1) * columns;
        for (j, &of_sum) in of_sums.iter().enumerate().filter(|(_, of_sum)| !of_sum.is_identically_zero()) {
            let (neuron, bias) = (j * (columns + 1)..(j + 1) * (columns + 1) - 1, (j + 1) * (columns + 1) - 1);
            if !of_neurons.is_empty() {
                add_scaled(&mut of_neurons[neuron.clone()], &inputs[of_row.clone()], of_sum);
                of_neurons[bias] += of_sum;
            }
            if !of_inputs.is_empty() {
                add_scaled(&mut of_inputs[of_row.clone()], &neurons[neuron], of_sum);
            }
        }
    }
}
