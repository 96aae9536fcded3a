//! Statements of dense layers.

use super::block::Operand;
use super::recording::within_limit;
use crate::Scalar;
use crate::scratch::Scratch;
use crate::slices::pull_dense_back;

/// The dense layers of a recording, one after the other.
pub(super) struct Layers<T: 'static>(Vec<Layer<T>>);

/// A layer at some rows.
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
    /// Adds the adjoints of the parameters and of the inputs to sums, from those of the outputs.
    pub(super) fn pull_back(&self, layer: u32, outputs: &[T], sums: [&mut [T]; 2]) {
        let layer = &self.0[layer as usize];
        let [neurons, inputs, slopes] = layer.numbers();
        pull_dense_back(neurons, inputs, layer.rows, slopes, outputs, sums);
    }
}
