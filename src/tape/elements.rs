//! Statements of a kernel at each element of some slices.

use super::recording::{NONE, within_limit};
use super::var::Var;
use crate::Scalar;

/// Such kernels, one after the other, with their partials and operands.
pub(super) struct Elements<T> {
    kernels: Vec<Kernel>,
    /// Of a kernel: output by output, and input by input, those of all elements.
    partials: Vec<T>,
    /// What there is in the slice of each input.
    inputs: Vec<Input>,
    /// The operands that are no run.
    positions: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Input {
    Constants,
    /// Variables recorded one after the other, from this position on.
    Run(u32),
    /// The positions are listed, from this place on. Constants are at [`NONE`].
    Listed(u32),
}

/// A kernel at each of `count` elements. Its results are those of the first output for all elements,
/// then those of the next.
struct Kernel {
    count: usize,
    outputs: usize,
    inputs: usize,
    /// Where its partials and inputs start.
    first_partial: usize,
    first_input: usize,
}

impl<T> Elements<T> {
    pub(super) const fn new() -> Self {
        Elements { kernels: Vec::new(), partials: Vec::new(), inputs: Vec::new(), positions: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.kernels.clear();
        self.partials.clear();
        self.inputs.clear();
        self.positions.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.kernels[..])
            + size_of_val(&self.partials[..])
            + size_of_val(&self.inputs[..])
            + size_of_val(&self.positions[..])
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.kernels.capacity() * size_of::<Kernel>()
            + self.partials.capacity() * size_of::<T>()
            + self.inputs.capacity() * size_of::<Input>()
            + self.positions.capacity() * size_of::<u32>()
    }

    /// Those of one output by one input, at all elements.
    fn partials(&self, kernel: &Kernel, output: usize, input: usize) -> &[T] {
        &self.partials[kernel.first_partial + (output * kernel.inputs + input) * kernel.count..][..kernel.count]
    }

    fn inputs(&self, kernel: &Kernel) -> &[Input] {
        &self.inputs[kernel.first_input..][..kernel.inputs]
    }

    fn listed(&self, start: u32, kernel: &Kernel) -> &[u32] {
        &self.positions[start as usize..][..kernel.count]
    }
}

impl<T: Scalar> Elements<T> {
    /// Stores a kernel of some inputs, without these, and returns its number.
    pub(super) fn start(&mut self, [outputs, inputs, count]: [usize; 3], partials: &[T]) -> u32 {
        let (first_partial, first_input) = (self.partials.len(), self.inputs.len());
        self.kernels.push(Kernel { count, outputs, inputs, first_partial, first_input });
        self.partials.extend_from_slice(partials);
        within_limit(self.kernels.len()) - 1
    }

    /// Stores the next input of the last kernel: variables recorded one after the other, or any.
    pub(super) fn variables(&mut self, variables: &[Var<T>], are_run: bool) {
        if are_run {
            self.inputs.push(Input::Run(variables[0].place().position()));
        } else {
            self.inputs.push(Input::Listed(within_limit(self.positions.len())));
            self.positions.extend(variables.iter().map(|x| x.place().position()));
        }
    }

    /// Stores the next input of the last kernel, which is nothing but constants.
    pub(super) fn constants(&mut self) {
        self.inputs.push(Input::Constants);
    }

    /// Calls `visit` with the position of every argument that counts of one result of a kernel.
    pub(super) fn for_each_argument(&self, kernel: u32, result: usize, mut visit: impl FnMut(usize)) {
        let kernel = &self.kernels[kernel as usize];
        let (output, element) = (result / kernel.count, result % kernel.count);
        for (number, input) in self.inputs(kernel).iter().enumerate() {
            let partial = self.partials(kernel, output, number)[element];
            let position = match *input {
                Input::Constants => NONE,
                Input::Run(first) => first + element as u32,
                Input::Listed(start) => self.listed(start, kernel)[element],
            };
            if position != NONE && !partial.is_identically_zero() {
                visit(position as usize);
            }
        }
    }

    /// Carries the adjoints of a kernel's results on to its arguments, input by input.
    pub(super) fn sweep<const L: usize>(&self, kernel: u32, results: &[[T; L]], before: &mut [[T; L]]) {
        let kernel = &self.kernels[kernel as usize];
        for (number, input) in self.inputs(kernel).iter().enumerate() {
            for output in 0..kernel.outputs {
                let partials = self.partials(kernel, output, number);
                let adjoints = &results[output * kernel.count..][..kernel.count];
                match *input {
                    Input::Constants => {}
                    Input::Run(first) => {
                        add_products(&mut before[first as usize..][..kernel.count], partials, adjoints)
                    }
                    Input::Listed(start) => {
                        for ((&position, &partial), adjoint) in
                            self.listed(start, kernel).iter().zip(partials).zip(adjoints)
                        {
                            // That of a constant is past the end.
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

/// `sum += partial·adjoint` for each sum.
fn add_products<T: Scalar, const L: usize>(sums: &mut [[T; L]], partials: &[T], adjoints: &[[T; L]]) {
    // A product that is a number needs no care.
    let are_numbers = T::ORDER == 0
        && (partials.iter().zip(adjoints))
            .flat_map(|(&partial, adjoint)| adjoint.iter().map(move |&adjoint| (partial * adjoint).value()))
            .fold(true, |all, product| all & !num_traits::Float::is_nan(product));
    let products = partials.iter().zip(adjoints);
    if are_numbers {
        for (sum, (&partial, adjoint)) in sums.iter_mut().zip(products) {
            sum.iter_mut().zip(adjoint).for_each(|(sum, &adjoint)| *sum += partial * adjoint);
        }
    } else {
        sums.iter_mut().zip(products).for_each(|(sum, (&partial, adjoint))| add_product(sum, partial, adjoint));
    }
}

/// `sum += partial·adjoint`.
#[inline(always)]
fn add_product<T: Scalar, const L: usize>(sum: &mut [T; L], partial: T, adjoint: &[T; L]) {
    for (sum, &adjoint) in sum.iter_mut().zip(adjoint) {
        if T::are_ordinary(partial, adjoint) {
            *sum += partial * adjoint;
        } else {
            add_with_care(sum, partial, adjoint);
        }
    }
}

/// A zero on either side beats what is not finite on the other.
#[cold]
#[inline(never)]
fn add_with_care<T: Scalar>(sum: &mut T, partial: T, adjoint: T) {
    if !partial.is_identically_zero() && !adjoint.is_identically_zero() {
        *sum += partial * adjoint;
    }
}
