//! The results of generated functions: derivatives of a loaded function, and their shapes.

use num_traits::One;

use super::chain::{Slopes, sweep_forward, sweep_in_reverse};
use super::form::{Operation, Slot};
use super::load::Loaded;
use super::rows::Derivative;
use super::symbol::Symbol;
use crate::scalar::Scalar;

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

/// Returns a result that is a matrix, from its entries row by row.
pub(super) fn matrix(name: &'static str, rows: usize, columns: usize, elements: Vec<Symbol>) -> Part {
    Part { name, shape: Shape::Matrix(rows, columns), elements: places(&elements) }
}

/// Returns the entries of a matrix that are not the constant 0, with their places.
pub(super) fn sparse(name: &'static str, columns: usize, entries: &[Symbol]) -> Part {
    let mut row_starts = vec![0];
    let mut places_in_rows = Vec::new();
    let mut elements = Vec::new();
    for row in entries.chunks(columns) {
        let kept = row.iter().enumerate().filter(|(_, entry)| !entry.is_identically_zero());
        kept.for_each(|(column, entry)| {
            places_in_rows.push(column);
            elements.push(entry.place());
        });
        row_starts.push(elements.len());
    }
    let shape = Shape::Sparse { entries: elements.len(), row_starts, columns: places_in_rows };
    Part { name, shape, elements }
}

/// Returns the numbers with the elements of an argument of the generated function.
pub(super) fn seeded(numbers: &[Symbol], slot: Slot) -> Vec<(Symbol, Symbol)> {
    (0..).zip(numbers).map(|(i, &number)| (number, Symbol::of(Operation::Input(slot, i), &[]))).collect()
}

/// Returns the gradient of the only output.
pub(super) fn gradient(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    sweep_in_reverse::<true>(&[(loaded.outputs[0], Symbol::one())], &loaded.inputs, slopes)
}

/// Returns the Jacobian, row by row.
pub(super) fn jacobian(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    let (rows, columns) = (loaded.outputs.len(), loaded.inputs.len());
    if rows < columns {
        let row = |&output: &Symbol| sweep_in_reverse::<true>(&[(output, Symbol::one())], &loaded.inputs, slopes);
        return loaded.outputs.iter().flat_map(row).collect();
    }
    jacobian_by_columns(loaded, slopes)
}

/// Returns the Jacobian, row by row, by a forward sweep for each input.
fn jacobian_by_columns(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    let sweep = |&input: &Symbol| sweep_forward(&[(input, Symbol::one())], &loaded.outputs, slopes);
    let by_column: Vec<Vec<Symbol>> = loaded.inputs.iter().map(sweep).collect();
    (0..loaded.outputs.len()).flat_map(|row| by_column.iter().map(move |column| column[row])).collect()
}

/// Returns the slopes of a kernel, by forward sweeps, as fused kernels are differentiated.
pub(super) fn slopes_of(kernel: &Loaded, slopes: Slopes) -> Part {
    let elements = jacobian_by_columns(kernel, slopes);
    match kernel.outputs.len() {
        1 => array(Derivative::Slopes.name(), elements),
        rows => matrix(Derivative::Slopes.name(), rows, kernel.inputs.len(), elements),
    }
}

/// Returns the Hessian, row by row. Only the lower triangle is computed.
pub(super) fn hessian(loaded: &Loaded, gradient: &[Symbol], slopes: Slopes) -> Vec<Symbol> {
    let n = loaded.inputs.len();
    let below = |j: usize| sweep_forward(&[(loaded.inputs[j], Symbol::one())], &gradient[j..], slopes);
    let columns: Vec<Vec<Symbol>> = (0..n).map(below).collect();
    (0..n * n).map(|entry| (entry / n, entry % n)).map(|(i, j)| columns[i.min(j)][i.abs_diff(j)]).collect()
}
