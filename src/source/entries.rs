//! Jacobians and Hessians: entries that are operations, and entries to which the rows of loops add.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use num_traits::{One, Zero};

use super::chain::{Slopes, sweep_forward, sweep_forward_from, sweep_in_reverse};
use super::form::{Slot, on_form};
use super::load::Loaded;
use super::results::{Part, Shape, places, triangle};
use super::rows::{Calls, Column, Derivative, Sums, Term};
use super::symbol::Symbol;
use crate::scalar::Scalar;

/// The row and the column of an entry.
type Place = (usize, usize);

/// The entries of a matrix that can be other than 0.
pub(super) struct Entries {
    rows: usize,
    columns: usize,
    alone: BTreeMap<Place, Symbol>,
    in_loops: Vec<Addend>,
}

/// What each row of a loop adds to an entry: a derivative of its kernel, by its number, times a factor.
struct Addend {
    calls: u32,
    derivative: Derivative,
    number: usize,
    factor: Column,
    places: Vec<Place>,
}

impl Entries {
    fn new(rows: usize, columns: usize) -> Self {
        Entries { rows, columns, alone: BTreeMap::new(), in_loops: Vec::new() }
    }

    fn add(&mut self, place: Place, entry: Symbol) {
        if !entry.is_identically_zero() {
            self.alone.insert(place, entry);
        }
    }

    /// Adds what the rows of calls add, unless it is 0 in all of them.
    fn add_in_loop(&mut self, loaded: &Loaded, calls: &Calls, addend: Addend) {
        if !loaded.kernels[calls.kernel].is_zero(addend.derivative, addend.number) {
            self.in_loops.push(addend);
        }
    }

    /// Adds the derivatives of a slope of calls at these elements of `x`, by its number, times a factor.
    fn add_curvatures(&mut self, loaded: &Loaded, own: &Calls, inputs: &[&Vec<u32>], slope: usize, factor: &Column) {
        let (output, row) = (slope / inputs.len(), slope % inputs.len());
        for (column, other) in inputs.iter().enumerate() {
            let place = |(&a, &b): (&u32, &u32)| (a as usize, b as usize);
            let places = inputs[row].iter().zip(*other).map(place).collect();
            let number = output * triangle(inputs.len()) + triangle(row.max(column)) + row.min(column);
            let (calls, derivative, factor) = (own.outputs[0], Derivative::Curvatures, factor.clone());
            self.add_in_loop(loaded, own, Addend { calls, derivative, number, factor, places });
        }
    }

    /// Returns the matrix with all entries.
    pub(super) fn dense(self, name: &'static str) -> Part {
        let (shape, columns) = (Shape::Matrix(self.rows, self.columns), self.columns);
        let length = self.rows * columns;
        self.written(name, shape, length, |&(row, column)| row * columns + column)
    }

    /// Returns the matrix with those entries alone that can be other than 0, with their places.
    pub(super) fn sparse(self, name: &'static str) -> Part {
        let mut places: BTreeSet<Place> = self.alone.keys().copied().collect();
        places.extend(self.in_loops.iter().flat_map(|addend| &addend.places));
        let places: Vec<Place> = places.into_iter().collect();
        let row_starts = (0..=self.rows).map(|row| places.partition_point(|place| place.0 < row)).collect();
        let columns = places.iter().map(|place| place.1).collect();
        let shape = Shape::Sparse { entries: places.len(), row_starts, columns };
        self.written(name, shape, places.len(), |place| places.binary_search(place).expect("it was listed"))
    }

    /// Writes the loops, and returns the result of this shape, with the element of each entry.
    fn written(self, name: &'static str, shape: Shape, length: usize, element: impl Fn(&Place) -> usize) -> Part {
        let mut elements = vec![Symbol::zero().place(); length];
        self.alone.iter().for_each(|(place, entry)| elements[element(place)] = entry.place());
        for addends in self.in_loops.chunk_by(|a, b| a.calls == b.calls) {
            let array = on_form(|form| form.new_array(length));
            let terms = addends.iter().map(|addend| Term {
                array,
                indices: addend.places.iter().map(|place| element(place) as u32).collect(),
                products: vec![(addend.derivative, addend.number, addend.factor.clone())],
            });
            let sums = Sums {
                name,
                calls: addends[0].calls,
                terms: terms.collect(),
                are_apart: false,
                shape: Some(shape.clone()),
                sums: vec![(array, elements)],
            };
            elements = on_form(|form| {
                form.add_sums(sums);
                form.elements(Slot::Local(array), length)
            });
        }
        Part { name, shape, elements }
    }
}

/// Returns the elements of `x` that are the inputs of calls, row by row, if all of them are elements of `x`.
fn elements_of_x(calls: &Calls) -> Option<Vec<&Vec<u32>>> {
    calls
        .inputs
        .iter()
        .map(|column| if let Column::Of(Slot::X, indices) = column { Some(indices) } else { None })
        .collect()
}

/// Returns the calls that derivatives follow.
fn differentiated_calls() -> Vec<Calls> {
    on_form(|form| form.calls().filter(|calls| !calls.inputs.is_empty()).cloned().collect())
}

/// Returns, for each number, whether one of these depends on it. Sums depend on what stands there `before`. There is none
/// if these depend on the results of calls.
fn needed_beside(calls: &[Calls], before: &HashMap<u32, u32>, mut open: Vec<u32>) -> Option<Vec<bool>> {
    let results: BTreeSet<Slot> =
        calls.iter().flat_map(|calls| &calls.outputs).map(|&output| Slot::Local(output)).collect();
    on_form(|form| {
        let mut needed = vec![false; form.len()];
        while let Some(place) = open.pop() {
            if form.element_at(place).is_some_and(|(slot, _)| results.contains(&slot)) {
                return None;
            }
            if !std::mem::replace(&mut needed[place as usize], true) {
                open.extend(before.get(&place));
                open.extend(form.node(place).arguments());
            }
        }
        Some(needed)
    })
}

/// Returns the Jacobian, forward for few inputs, and else in reverse. Outputs that are results of calls are differentiated
/// in the loops of these; there is no Jacobian if the inputs of the calls are not elements of `x`, or if other outputs
/// depend on calls.
pub(super) fn jacobian(loaded: &Loaded, slopes: Slopes) -> Option<Entries> {
    let mut entries = Entries::new(loaded.outputs.len(), loaded.inputs.len());
    let mut row_of: HashMap<u32, usize> = HashMap::new();
    for (row, output) in loaded.outputs.iter().enumerate() {
        row_of.entry(output.place()).or_insert(row);
    }
    let calls = differentiated_calls();
    let mut is_in_loop = vec![false; loaded.outputs.len()];
    for calls in &calls {
        for (output, &array) in calls.outputs.iter().enumerate() {
            let elements = on_form(|form| form.elements(Slot::Local(array), calls.rows));
            let Some(rows) =
                elements.iter().map(|element| row_of.get(element).copied()).collect::<Option<Vec<usize>>>()
            else {
                continue;
            };
            rows.iter().for_each(|&row| is_in_loop[row] = true);
            for (input, columns) in elements_of_x(calls)?.into_iter().enumerate() {
                let number = output * calls.inputs.len() + input;
                let places = rows.iter().zip(columns).map(|(&row, &column)| (row, column as usize)).collect();
                let factor = Column::Same(Symbol::one().place());
                let addend = Addend { calls: calls.outputs[0], derivative: Derivative::Slopes, number, factor, places };
                entries.add_in_loop(loaded, calls, addend);
            }
        }
    }
    let alone: Vec<usize> = (0..loaded.outputs.len()).filter(|&row| !is_in_loop[row]).collect();
    let outputs: Vec<Symbol> = alone.iter().map(|&row| loaded.outputs[row]).collect();
    needed_beside(&calls, &HashMap::new(), places(&outputs))?;
    if loaded.outputs.len() < loaded.inputs.len() {
        for (&row, &output) in alone.iter().zip(&outputs) {
            let slopes = sweep_in_reverse::<true>(&[(output, Symbol::one())], &loaded.inputs, slopes);
            slopes.into_iter().enumerate().for_each(|(column, entry)| entries.add((row, column), entry));
        }
    } else if !alone.is_empty() {
        for (column, &input) in loaded.inputs.iter().enumerate() {
            let slopes = sweep_forward(&[(input, Symbol::one())], &outputs, slopes);
            alone.iter().zip(slopes).for_each(|(&row, entry)| entries.add((row, column), entry));
        }
    }
    Some(entries)
}

/// Returns the Hessian, forward over reverse, with both halves; the lower one is computed. There is none if the inputs of
/// calls are not elements of `x`, or if their adjoints depend on `x`.
pub(super) fn hessian(loaded: &mut Loaded, gradient: &[Symbol], slopes: Slopes) -> Option<Entries> {
    let n = loaded.inputs.len();
    let mut entries = Entries::new(n, n);
    let calls = differentiated_calls();
    let depends = on_form(|form| form.depending_on(&places(&loaded.inputs)));
    // What stands in the sums of a reverse sweep before.
    let mut before: HashMap<u32, u32> = HashMap::new();
    let sums_of = |calls: &Calls| -> Vec<Sums> { on_form(|form| form.sums_of(calls).cloned().collect()) };
    let swept: Vec<(&Calls, Vec<Sums>)> =
        calls.iter().map(|calls| (calls, sums_of(calls))).filter(|(_, sums)| !sums.is_empty()).collect();
    let kernels: BTreeSet<usize> = swept.iter().map(|(calls, _)| calls.kernel).collect();
    let curvatures = |kernel: usize| kernels.get(&kernel).map(|_| Derivative::Curvatures);
    loaded.differentiate_kernels(|kernel| curvatures(kernel).into_iter().collect(), slopes);
    for (own, sums) in &swept {
        let inputs = elements_of_x(own)?;
        for sums in sums {
            for (array, numbers) in &sums.sums {
                let after = on_form(|form| form.elements(Slot::Local(*array), numbers.len()));
                before.extend(after.into_iter().zip(numbers.iter().copied()));
            }
            for term in &sums.terms {
                let [(_, number, factor)] = &term.products[..] else { unreachable!("a reverse sweep has one factor") };
                if on_form(|form| form.numbers_of(factor)).iter().any(|&place| depends[place as usize]) {
                    return None;
                }
                entries.add_curvatures(loaded, own, &inputs, *number, factor);
            }
        }
    }
    let needed = needed_beside(&calls, &before, places(gradient))?;
    for column in (0..n).filter(|&column| needed[loaded.inputs[column].place() as usize]) {
        let seed = [(loaded.inputs[column], Symbol::one())];
        let below = sweep_forward_from(&seed, &gradient[column..], &before, slopes);
        for (row, entry) in (column..).zip(below) {
            entries.add((row, column), entry);
            entries.add((column, row), entry);
        }
    }
    Some(entries)
}
