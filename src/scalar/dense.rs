//! Dense layers. Each sum starts from the bias and adds the products in the order of the inputs.

use super::{Real, Scalar};
use crate::memory::pool::Scratch;
use crate::scalar::function::Function;
use crate::scalar::tiles::{AcrossRows, DownRows, Products, Rows};
use crate::simd::vectorized;

/// Returns `w·x + b` for each row `x` of a batch and each neuron, as one block on a tape: a dense layer without
/// activation.
///
/// `neurons` holds the weights of a neuron and then its bias, neuron by neuron; `inputs` the numbers of all rows, row
/// by row. The result holds the outputs of all neurons, row by row. Each is the bias, to which the products are added
/// in order.
///
/// # Panics
///
/// When `inputs` does not divide into `rows` rows, or `neurons` into neurons of one weight for each input and a bias.
///
/// ```
/// use dualtape::affine;
///
/// // Two neurons of two inputs at one row.
/// assert_eq!(affine(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0], 1), [11.5, -4.0]);
/// ```
#[track_caller]
pub fn affine<S: Scalar>(neurons: &[S], inputs: &[S], rows: usize) -> Vec<S> {
    dense(neurons, inputs, rows, &Identity)
}

/// Returns `activation(w·x + b)` for each row `x` of a batch and each neuron, as one block on a tape: a dense layer.
/// See [`affine`] for the order of the numbers.
///
/// The activation is a function of one input. Recording differentiates it forward, as [`fuse`](crate::fuse()) does.
///
/// # Panics
///
/// As [`affine`].
///
/// ```
/// use dualtape::{Scalar, dense, function};
///
/// fn relu<S: Scalar>(x: S) -> S {
///     x.relu()
/// }
///
/// assert_eq!(dense(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0], 1, &function!(relu: S -> S)), [11.5, 0.0]);
/// ```
#[track_caller]
pub fn dense<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F) -> Vec<S>
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    let mut outputs = Vec::new();
    dense_into(neurons, inputs, rows, activation, &mut outputs);
    outputs
}

/// Appends the outputs of [`dense`].
#[track_caller]
pub(crate) fn dense_into<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F, outputs: &mut Vec<S>)
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    if rows == 0 && inputs.is_empty() {
        return;
    }
    let columns = inputs.len().checked_div(rows).unwrap_or(0);
    assert!(
        inputs.len() == rows * columns,
        "dense: {} inputs do not divide into {rows} rows; pass as many numbers for each row",
        inputs.len()
    );
    assert!(
        neurons.len().is_multiple_of(columns + 1),
        "dense: {} parameters are not a multiple of {columns} weights + 1 bias; pass these for each neuron",
        neurons.len()
    );
    S::dense_slice(neurons, inputs, rows, activation, outputs);
}

/// The activation of an affine layer.
pub(crate) struct Identity;

impl<R: Real> Function<R> for Identity {
    type Output = R;

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        x[0]
    }
}

/// NOTE(perf): below this number of rows, reordering the weights takes as long as the products.
pub(crate) const FEW_ROWS: usize = 4;

#[inline]
pub(crate) fn plain_dense<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F, outputs: &mut Vec<S>)
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    let first = outputs.len();
    push_sums(neurons, inputs, rows, outputs);
    let sums = &mut outputs[first..];
    vectorized(
        #[inline(always)]
        || sums.iter_mut().for_each(|z| *z = activation.eval(&[*z])),
    );
}

/// Appends the weighted sums of a dense layer with their biases. It is compiled once for all activations.
fn push_sums<S: Scalar>(neurons: &[S], inputs: &[S], rows: usize, outputs: &mut Vec<S>) {
    let columns = inputs.len() / rows;
    let (first, count) = (outputs.len(), neurons.len() / (columns + 1));
    outputs.resize(first + rows * count, S::zero());
    let (outputs, inputs) = (&mut outputs[first..], AcrossRows(Rows { numbers: inputs, width: columns }));
    let sizes = [rows, columns, count];
    if rows < FEW_ROWS {
        for outputs in outputs.chunks_exact_mut(count.max(1)) {
            let biases = neurons.iter().skip(columns).step_by(columns + 1);
            outputs.iter_mut().zip(biases).for_each(|(output, &bias)| *output = bias);
        }
        let right = AcrossRows(Rows { numbers: neurons, width: columns + 1 });
        Products { sizes, left: inputs, right, start: None, stride: count }.add_to(outputs);
    } else {
        // The weights of all neurons for the first input, for the second, ..., and the biases of all.
        let mut by_inputs = Scratch::with_capacity(neurons.len());
        for k in 0..=columns {
            by_inputs.extend(neurons.chunks_exact(columns + 1).map(|neuron| neuron[k]));
        }
        let (by_inputs, biases) = by_inputs.split_at(columns * count);
        let right = DownRows(Rows { numbers: by_inputs, width: count });
        Products { sizes, left: inputs, right, start: Some(biases), stride: count }.add_to(outputs);
    }
}
