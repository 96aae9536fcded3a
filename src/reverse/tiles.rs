//! The partial derivatives of kernels at the elements of slices of plain numbers, quicker.
//!
//! The results equal those of the loop over elements in `elements.rs` to the bit: a test compares them with `fuse` at each
//! element.

use super::Var;
use crate::forward::bare::{BareDual, Looks, Marked};
use crate::forward::kernel::marked_inputs;
use crate::scalar::Scalar;
use crate::scalar::function::Function;
use crate::simd::vectorized;

/// Fast path of [`linearize_elements`](super::elements::linearize_elements): evaluates tiles of elements, without a test
/// for each. Returns the number of elements whose partials are right: none where one is not finite.
///
/// NOTE(perf): LLVM makes vectors of the elements of a tile. The gradient of a chain of equations, one kernel of nine
/// inputs a step, takes 15 to 20 % less time (`--times DIR --only ode` of the example gradbench).
pub(super) fn linearize_tiles<F, T, const N: usize, const M: usize>(
    f: &F,
    x: [&[Var<T>]; N],
    outputs: &mut [Vec<Var<T>>; M],
    rows: &mut [[&mut [T]; M]; N],
) -> usize
where
    F: Function<T::Real, Output = [T::Real; M]>,
    T: Scalar,
{
    const TILE: usize = 4;
    if const { T::ORDER > 0 || T::RECORDS || !BareDual::<T, N, Marked>::IS_SMALL } {
        return 0;
    }
    let end = x[0].len() / TILE * TILE;
    let mut are_finite = true;
    let looks = Looks::so_far();
    vectorized(
        #[inline(always)]
        || {
            // What is not finite times 0 is NaN.
            let mut rest = [T::zero(); TILE];
            for start in (0..end).step_by(TILE) {
                let mut inputs = [[T::zero(); TILE]; N];
                for (inputs, x) in inputs.iter_mut().zip(x) {
                    inputs.iter_mut().zip(&x[start..start + TILE]).for_each(|(input, x)| *input = x.primal());
                }
                let mut values = [[T::zero(); TILE]; M];
                let mut partials = [[[T::zero(); TILE]; M]; N];
                for i in 0..TILE {
                    let inputs: [T; N] = std::array::from_fn(|lane| inputs[lane][i]);
                    let y = f.eval(&marked_inputs(&inputs, |_| true));
                    for (number, y) in y.iter().map(|y| y.dual()).enumerate() {
                        values[number][i] = y.primal;
                        for (partials, partial) in partials.iter_mut().zip(y.partials) {
                            partials[number][i] = partial;
                        }
                    }
                }
                for (output, values) in outputs.iter_mut().zip(&values) {
                    output[start..start + TILE]
                        .iter_mut()
                        .zip(values)
                        .for_each(|(y, &value)| *y = Var::constant(value));
                }
                for (row, partials) in rows.as_flattened_mut().iter_mut().zip(partials.as_flattened()) {
                    rest.iter_mut().zip(partials).for_each(|(rest, &partial)| *rest += partial * T::zero());
                    row[start..start + TILE].copy_from_slice(partials);
                }
            }
            are_finite = rest.iter().all(|rest| rest.is_identically_zero());
        },
    );
    if are_finite && Looks::so_far() == looks { end } else { 0 }
}
