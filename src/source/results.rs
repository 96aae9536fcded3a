//! The results of generated functions: derivatives of a loaded function, and their shapes.

use std::collections::BTreeSet;

use num_traits::One;

use super::chain::{Slopes, sweep_forward, sweep_in_reverse};
use super::form::{Operation, Slot};
use super::load::{Kernel, Loaded};
use super::rows::Derivative;
use super::symbol::Symbol;

/// The shape of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    Array(usize),
    /// Rows and columns.
    Matrix(usize, usize),
    /// The entries of a matrix row by row; the first entry of each row, and the column of each entry.
    Sparse {
        entries: usize,
        row_starts: Vec<usize>,
        columns: Vec<usize>,
    },
}

/// A result of the generated function.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// The places of its elements, row by row.
    pub(super) elements: Vec<u32>,
}

impl Shape {
    /// Returns the type of a result of this shape.
    pub(super) fn of(&self, number: &str) -> String {
        match self {
            Shape::Number => number.to_string(),
            Shape::Array(length) | Shape::Sparse { entries: length, .. } => format!("[{number}; {length}]"),
            Shape::Matrix(rows, columns) => format!("[[{number}; {columns}]; {rows}]"),
        }
    }

    /// Returns the place of an element in brackets.
    pub(super) fn index(&self, element: usize) -> String {
        match self {
            Shape::Number => String::new(),
            Shape::Matrix(_, columns) => format!("[{}][{}]", element / columns, element % columns),
            _ => format!("[{element}]"),
        }
    }

    /// Returns the indices of these elements: of their rows and columns, or one for each.
    pub(super) fn split(&self, elements: &[u32]) -> Vec<Vec<u32>> {
        match self {
            Shape::Matrix(_, columns) => {
                let columns = *columns as u32;
                let indices = |of: &dyn Fn(u32) -> u32| elements.iter().map(|&element| of(element)).collect();
                vec![indices(&|element| element / columns), indices(&|element| element % columns)]
            }
            _ => vec![elements.to_vec()],
        }
    }

    /// Returns zeros of this shape.
    pub(super) fn zeros(&self) -> String {
        self.of("0.0")
    }
}

/// Returns the places of numbers.
pub(super) fn places(symbols: &[Symbol]) -> Vec<u32> {
    symbols.iter().map(|symbol| symbol.place()).collect()
}

/// Returns the outputs as a result: a number, or an array of several.
pub(super) fn value(outputs: &[Symbol]) -> Part {
    like_value("value", outputs)
}

/// Returns a result of the shape of the value.
pub(super) fn like_value(name: &'static str, elements: &[Symbol]) -> Part {
    let shape = if elements.len() == 1 { Shape::Number } else { Shape::Array(elements.len()) };
    Part { name, shape, elements: places(elements) }
}

/// Returns a result that is an array.
pub(super) fn array(name: &'static str, elements: Vec<Symbol>) -> Part {
    Part { name, shape: Shape::Array(elements.len()), elements: places(&elements) }
}

/// Returns the numbers with the elements of an argument of the generated function.
pub(super) fn seeded(numbers: &[Symbol], slot: Slot) -> Vec<(Symbol, Symbol)> {
    (0..).zip(numbers).map(|(i, &number)| (number, Symbol::of(Operation::Input(slot, i), &[]))).collect()
}

/// Returns the gradient of the only output.
pub(super) fn gradient(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    sweep_in_reverse::<true>(&[(loaded.outputs[0], Symbol::one())], &loaded.inputs, slopes)
}

/// Returns a result with a number for each output and input of a kernel.
fn for_inputs(name: &'static str, outputs: usize, inputs: usize, elements: Vec<Symbol>) -> Part {
    let shape = if outputs == 1 { Shape::Array(inputs) } else { Shape::Matrix(outputs, inputs) };
    Part { name, shape, elements: places(&elements) }
}

/// Returns the number of entries in the lower triangle of a matrix of as many rows.
pub(super) fn triangle(rows: usize) -> usize {
    rows * (rows + 1) / 2
}

impl Kernel {
    /// Returns the kernel with these derivatives beside those that it has.
    pub(super) fn with(self, asked: &BTreeSet<Derivative>, slopes: Slopes) -> Kernel {
        let Kernel { form, mut loaded, mut parts, rows } = self;
        let (form, ()) =
            form.continued(|| asked.iter().for_each(|&own| parts.push(loaded.derivative(own, &parts, slopes))));
        let is_along = asked.iter().any(|&own| own != Derivative::Curvatures);
        loaded.along = if is_along { loaded.inputs.len() } else { 0 };
        Kernel { form, loaded, parts, rows }
    }
}

impl Loaded {
    /// Returns a derivative of a kernel, by forward sweeps, as fused kernels are differentiated.
    pub(super) fn derivative(&self, own: Derivative, parts: &[Part], slopes: Slopes) -> Part {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let of_slopes = parts.iter().filter(|part| part.name == Derivative::Slopes.name());
        let known: Vec<Symbol> = of_slopes.flat_map(|part| &part.elements).map(|&place| Symbol::at(place)).collect();
        let along = |numbers: &[Symbol]| sweep_forward(&seeded(&self.inputs, Slot::V), numbers, slopes);
        let by_input = |numbers: &[Symbol]| -> Vec<Vec<Symbol>> {
            let sweep = |&input: &Symbol| sweep_forward(&[(input, Symbol::one())], numbers, slopes);
            self.inputs.iter().map(sweep).collect()
        };
        match own {
            Derivative::Tangent => like_value(own.name(), &along(&self.outputs)),
            Derivative::SlopesAlong => for_inputs(own.name(), outputs, inputs, along(&known)),
            Derivative::Slopes => {
                let columns = by_input(&self.outputs);
                let row = |output: usize| columns.iter().map(move |column| column[output]);
                for_inputs(own.name(), outputs, inputs, (0..outputs).flat_map(row).collect())
            }
            Derivative::Curvatures => {
                let columns = by_input(&known);
                let row = |slope: usize| columns[..=slope % inputs].iter().map(move |column| column[slope]);
                array(own.name(), (0..known.len()).flat_map(row).collect())
            }
        }
    }
}
