//! Blocks that are a kernel at each element of some slices.

use std::ops::{Deref, DerefMut, Range};

use super::block::Operand;
use super::recording::within_limit;
use super::slot::on_slot;
use super::tiles::linearize_tiles;
use super::var::{Var, counts};
use crate::forward::kernel::linearized;
use crate::memory::kept::{give_back_empty, reserve};
use crate::scalar::Scalar;
use crate::scalar::function::Function;
use crate::scalar::zero;
use crate::scalar::zero::are_finite;

/// The kernels of a recording in order, with their partials and operands.
pub(super) struct Elements<T> {
    kernels: Vec<Kernel>,
    /// Kernel by kernel, and [row](Sizes::row) by row. Elements past `partials_in_use` are stale.
    partials: Vec<T>,
    partials_in_use: usize,
    inputs: Vec<Operand>,
}

/// A kernel at each of `count` elements. Its results are the first output at all elements, then the next output, and so
/// on.
struct Kernel {
    sizes: Sizes,
    /// The index of its first partial in `partials`, and of its first input in `inputs`.
    first_partial: usize,
    first_input: usize,
    /// Whether its partials are plain numbers and finite (I8).
    is_finite: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) count: usize,
}

impl Sizes {
    pub(super) fn partials(self) -> usize {
        self.inputs * self.outputs * self.count
    }

    /// Returns the range of the partials of one output with respect to one input, at all elements. The reverse sweep
    /// reads the rows from the last to the first, so that it goes through memory in one direction.
    #[inline(always)]
    pub(super) fn row(self, output: usize, input: usize) -> Range<usize> {
        let row = (self.inputs - 1 - input) * self.outputs + (self.outputs - 1 - output);
        row * self.count..(row + 1) * self.count
    }
}

impl<T> Elements<T> {
    pub(super) const fn new() -> Self {
        Elements { kernels: Vec::new(), partials: Vec::new(), partials_in_use: 0, inputs: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.kernels.clear();
        self.partials_in_use = 0;
        self.inputs.clear();
    }

    /// The number of partials.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.partials_in_use
    }

    /// Gives back the memory of what has no elements, or none that count.
    pub(super) fn give_back(&mut self) {
        give_back_empty(&mut self.kernels);
        give_back_empty(&mut self.inputs);
        if self.partials_in_use == 0 {
            self.partials = Vec::new();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.kernels[..]) + self.partials_in_use * size_of::<T>() + size_of_val(&self.inputs[..])
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.kernels.capacity() * size_of::<Kernel>()
            + self.partials.capacity() * size_of::<T>()
            + self.inputs.capacity() * size_of::<Operand>()
    }

    /// Returns the partials of one output with respect to one input, at all elements.
    fn partials(&self, kernel: &Kernel, output: usize, input: usize) -> &[T] {
        &self.partials[kernel.first_partial..][kernel.sizes.row(output, input)]
    }

    fn inputs(&self, kernel: &Kernel) -> &[Operand] {
        &self.inputs[kernel.first_input..][..kernel.sizes.inputs]
    }
}

impl<T: Scalar> Elements<T> {
    /// Stores a kernel with its input slices, and returns its number.
    pub(super) fn push(
        &mut self,
        inputs: &[Operand],
        sizes: Sizes,
        mut partials: Partials<T>,
        are_finite: bool,
    ) -> u32 {
        let (first_partial, first_input) = (partials.of_kernel.start, self.inputs.len());
        self.partials_in_use = partials.of_kernel.end;
        self.partials = std::mem::take(&mut partials.all);
        self.kernels.push(Kernel { sizes, first_partial, first_input, is_finite: T::ORDER == 0 && are_finite });
        self.inputs.extend_from_slice(inputs);
        within_limit(self.kernels.len()) - 1
    }

    /// Calls `visit` with the position of every argument of one result of a kernel whose partial is not identically
    /// zero.
    pub(super) fn for_each_argument(&self, kernel: u32, result: usize, listed: &[u32], mut visit: impl FnMut(usize)) {
        let kernel = &self.kernels[kernel as usize];
        let (output, element) = (result / kernel.sizes.count, result % kernel.sizes.count);
        for (number, input) in self.inputs(kernel).iter().enumerate() {
            let partial = self.partials(kernel, output, number)[element];
            if let Some(Some(position)) = input.positions(listed).nth(element)
                && !partial.is_identically_zero()
            {
                visit(position);
            }
        }
    }

    /// Carries the adjoints of a kernel's results on to its arguments, input by input.
    pub(super) fn sweep<const L: usize>(&self, kernel: u32, results: &[[T; L]], before: &mut [[T; L]], listed: &[u32]) {
        let kernel = &self.kernels[kernel as usize];
        // Then no product needs the zero rule (I8).
        let are_finite = kernel.is_finite && are_finite(results.as_flattened());
        for (number, input) in self.inputs(kernel).iter().enumerate() {
            for output in 0..kernel.sizes.outputs {
                let partials = self.partials(kernel, output, number);
                let adjoints = &results[output * kernel.sizes.count..][..kernel.sizes.count];
                let products = partials.iter().zip(adjoints);
                match input.run() {
                    Some(run) if L == 1 && are_finite => {
                        add_products(before[run].as_flattened_mut(), partials, adjoints.as_flattened());
                    }
                    Some(run) => {
                        let sums = before[run].iter_mut().zip(products);
                        sums.for_each(|(sum, (partial, adjoint))| add_product(sum, partial, adjoint));
                    }
                    None => {
                        for (&position, (partial, adjoint)) in input.listed(listed).iter().zip(products) {
                            // The position of a constant is past the end (I3).
                            if let Some(sum) = before.get_mut(position as usize) {
                                add_product(sum, partial, adjoint);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Adds `partial·adjoint` to each sum.
///
/// NOTE(perf): a function of its own, because LLVM knows of its arguments that they do not overlap.
#[inline(never)]
fn add_products<T: Scalar>(sums: &mut [T], partials: &[T], adjoints: &[T]) {
    for (sum, (&partial, &adjoint)) in sums.iter_mut().zip(partials.iter().zip(adjoints)) {
        *sum += partial * adjoint;
    }
}

/// The partials of a kernel under evaluation, after the partials of all earlier kernels.
///
/// They are out of the recording meanwhile, because the kernel may start tapes of its own.
pub(super) struct Partials<T: Scalar> {
    /// The stamp of the recording that they came from.
    stamp: u32,
    all: Vec<T>,
    of_kernel: Range<usize>,
}

impl<T: Scalar> Partials<T> {
    /// Takes the partials of the current recording, with room for `count` more, which are stale.
    pub(super) fn with_len(count: usize) -> Self {
        let (stamp, all, first) = on_slot::<T, _>(|slot| {
            let recording = slot.current();
            let stamp = recording.stamp();
            let elements = &mut recording.blocks.elements;
            (stamp, std::mem::take(&mut elements.partials), elements.partials_in_use)
        });
        let of_kernel = first..first + count;
        // It gives back what there is also when there is no room for more.
        let mut partials = Partials { stamp, all, of_kernel };
        let (len, needed) = (partials.all.len(), first + count);
        if len < needed {
            reserve(&mut partials.all, needed - len, "the partial derivatives of a kernel over slices");
            partials.all.resize(needed, T::zero());
        }
        partials
    }
}

/// Gives the memory back to the recording, if it still lives: a kernel may have ended it, and was refused then.
impl<T: Scalar> Drop for Partials<T> {
    fn drop(&mut self) {
        if !self.all.is_empty() {
            let all = std::mem::take(&mut self.all);
            let _ = T::with_slot(|slot| {
                if let Some(recording) = slot.borrow_mut().living(self.stamp) {
                    recording.blocks.elements.partials = all;
                }
            });
        }
    }
}

impl<T: Scalar> Deref for Partials<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.of_kernel.clone()]
    }
}

impl<T: Scalar> DerefMut for Partials<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.of_kernel.clone()]
    }
}

/// Adds `partial·adjoint` to the sum, lane by lane, by the zero rule.
#[inline(always)]
fn add_product<T: Scalar, const L: usize>(sum: &mut [T; L], partial: &T, adjoint: &[T; L]) {
    for (sum, adjoint) in sum.iter_mut().zip(adjoint) {
        if T::are_ordinary(*partial, *adjoint) {
            *sum += *partial * *adjoint;
        } else {
            zero::add_out_of_line(sum, partial, adjoint);
        }
    }
}

/// Writes the outputs of a kernel at the elements of slices, and its partial derivatives in [rows](Sizes::row). Returns
/// whether all of these are finite.
pub(super) fn linearize_elements<F, T, const N: usize, const M: usize>(
    f: &F,
    x: [&[Var<T>]; N],
    outputs: &mut [Vec<Var<T>>; M],
    partials: &mut [T],
) -> bool
where
    F: Function<T::Real, Output = [T::Real; M]>,
    T: Scalar,
{
    let n = x[0].len();
    let mut rows = partials.chunks_exact_mut(n).rev();
    let mut rows: [[&mut [T]; M]; N] =
        std::array::from_fn(|_| std::array::from_fn(|_| rows.next().expect("a row for each output and input")));
    let in_tiles = linearize_tiles(f, x, outputs, &mut rows);
    let mut are_finite = true;
    for i in in_tiles..n {
        let inputs: [T; N] = std::array::from_fn(|lane| x[lane][i].primal());
        let (y, all_are_finite) = linearized(f, &inputs, |lane| counts(x[lane][i]));
        are_finite &= all_are_finite;
        for (number, y) in y.iter().enumerate() {
            outputs[number][i] = Var::constant(y.primal);
            for (lane, &partial) in y.partials.iter().enumerate() {
                rows[lane][number][i] = partial;
            }
        }
    }
    are_finite
}
