//! The loops of a form: what is computed row by row, between its operations.

use std::collections::{HashMap, HashSet};

use super::form::{Form, Slot, on_form};
use super::results::Shape;

/// A number for each row.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// The same number in all rows, by its place in the form.
    Same(u32),
    /// Elements of an array.
    Of(Slot, Vec<u32>),
}

/// A step of the program that is no single operation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Puts numbers of the form into an array.
    Array { array: u32, elements: Vec<u32> },
    /// Calls a kernel row by row.
    Calls(Calls),
    /// Adds derivatives of calls, row by row.
    Sums(Sums),
}

/// The calls of a kernel, one for each row.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    /// The number of the kernel.
    pub(super) kernel: usize,
    pub(super) rows: usize,
    /// What the kernel is differentiated with respect to.
    pub(super) inputs: Vec<Column>,
    pub(super) data: Vec<Column>,
    /// The direction of the inputs, if the calls are differentiated along one.
    pub(super) along: Vec<Column>,
    /// The array of each output.
    pub(super) outputs: Vec<u32>,
    /// The array of the derivative of each output along the direction.
    pub(super) tangents: Vec<u32>,
    /// Whether the kernel has branches that are checked.
    pub(super) is_guarded: bool,
    /// Whether the calls are one block of a tape, with the adjoints of all rows added input by input.
    pub(super) is_map: bool,
}

/// What a kernel computes beside its value, output by output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Derivative {
    /// The slopes with respect to the inputs.
    Slopes,
    /// The derivative along a direction.
    Tangent,
    /// The derivatives of the slopes along a direction.
    SlopesAlong,
    /// The second derivatives, in the rows of a lower triangle.
    Curvatures,
}

/// Derivatives of calls that are added up, such as those with respect to their inputs in a reverse sweep.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// The name of the sums in the code.
    pub(super) name: &'static str,
    /// The first output of the calls.
    pub(super) calls: u32,
    /// What each row adds.
    pub(super) terms: Vec<Term>,
    /// Whether each term has a loop of its own.
    pub(super) are_apart: bool,
    /// The shape of the sums, if they are a result.
    pub(super) shape: Option<Shape>,
    /// The arrays of the sums, and what stands there before.
    pub(super) sums: Vec<(u32, Vec<u32>)>,
}

/// What each row adds to an element of an array.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) array: u32,
    /// The element, row by row.
    pub(super) indices: Vec<u32>,
    /// Derivatives of the kernel by their numbers, each with its factor.
    pub(super) products: Vec<(Derivative, usize, Column)>,
}

impl Derivative {
    /// All of them, in the order of the results of a kernel.
    pub(super) const ALL: [Derivative; 4] =
        [Derivative::Slopes, Derivative::Tangent, Derivative::SlopesAlong, Derivative::Curvatures];

    /// Returns the name of the result of a kernel.
    pub(super) fn name(self) -> &'static str {
        match self {
            Derivative::Slopes => "slopes",
            Derivative::Tangent => "tangent",
            Derivative::SlopesAlong => "slopes_v",
            Derivative::Curvatures => "curvatures",
        }
    }

    /// Returns the name of the result of a kernel in a loop.
    pub(super) fn in_row(self) -> &'static str {
        match self {
            Derivative::Slopes => "d",
            Derivative::Tangent => "y_v",
            Derivative::SlopesAlong => "d_v",
            Derivative::Curvatures => "h",
        }
    }
}

impl Calls {
    /// Returns whether all rows and inputs are different numbers.
    pub(super) fn are_inputs_distinct(&self) -> bool {
        let mut seen = HashSet::new();
        self.inputs.iter().all(|column| match column {
            Column::Of(slot, indices) => indices.iter().all(|&index| seen.insert((*slot, index))),
            Column::Same(_) => false,
        })
    }
}

impl Sums {
    /// Returns whether a sweep from the first row to the last gives the same bits: nothing stands in the sums before, and
    /// no number gets more than two terms.
    pub(super) fn are_in_any_order(&self, form: &Form) -> bool {
        let mut counts: HashMap<(u32, u32), usize> = HashMap::new();
        for term in &self.terms {
            term.indices.iter().for_each(|&index| *counts.entry((term.array, index)).or_default() += 1);
        }
        let is_zero = |&place: &u32| form.constant_at(place) == Some(0.0);
        counts.values().all(|&count| count <= 2) && self.sums.iter().all(|(_, before)| before.iter().all(is_zero))
    }

    /// Returns whether these are the same sums.
    pub(super) fn is(&self, other: &Sums) -> bool {
        self.sums[0].0 == other.sums[0].0
    }

    /// Returns the factors of the terms.
    fn factors(&self) -> impl Iterator<Item = &Column> {
        self.terms.iter().flat_map(|term| &term.products).map(|(.., factor)| factor)
    }
}

impl Column {
    /// Returns the number that is the same in all rows.
    pub(super) fn same(&self) -> Option<u32> {
        if let Column::Same(place) = *self { Some(place) } else { None }
    }

    pub(super) fn slot(&self) -> Option<Slot> {
        if let Column::Of(slot, _) = *self { Some(slot) } else { None }
    }

    fn indices(&self) -> Option<&Vec<u32>> {
        if let Column::Of(_, indices) = self { Some(indices) } else { None }
    }

    /// Returns the column of these numbers, if they are the same one, or elements of one array.
    fn of(form: &Form, places: &[u32]) -> Option<Self> {
        if places.iter().all(|place| *place == places[0]) {
            return Some(Column::Same(places[0]));
        }
        Self::in_array(form, places)
    }

    /// Returns the column of these numbers, if they are elements of one array.
    fn in_array(form: &Form, places: &[u32]) -> Option<Self> {
        let elements: Vec<(Slot, u32)> = places.iter().map(|&place| form.element_at(place)).collect::<Option<_>>()?;
        let slot = elements[0].0;
        let is_one = elements.iter().all(|element| element.0 == slot);
        is_one.then(|| Column::Of(slot, elements.into_iter().map(|(_, index)| index).collect()))
    }
}

impl Step {
    /// Returns the arrays that the step writes.
    pub(super) fn arrays(&self) -> Vec<u32> {
        match self {
            Step::Array { array, .. } => vec![*array],
            Step::Calls(calls) => [&calls.outputs[..], &calls.tangents].concat(),
            Step::Sums(sums) => sums.sums.iter().map(|(array, _)| *array).collect(),
        }
    }

    /// Returns whether the program needs the step, as it needs some arrays.
    pub(super) fn is_needed(&self, arrays: &[bool]) -> bool {
        let is_guarded = matches!(self, Step::Calls(Calls { is_guarded: true, .. }));
        is_guarded || self.arrays().iter().any(|&array| arrays[array as usize])
    }

    /// Returns the numbers by row that the step reads.
    pub(super) fn columns(&self) -> Vec<&Column> {
        match self {
            Step::Array { .. } => Vec::new(),
            Step::Calls(calls) => calls.inputs.iter().chain(&calls.data).chain(&calls.along).collect(),
            Step::Sums(sums) => sums.factors().collect(),
        }
    }

    /// Returns the lists of the elements that the step reads, or adds to, row by row.
    pub(super) fn indices(&self) -> Vec<Vec<u32>> {
        let of_columns = self.columns().into_iter().filter_map(Column::indices).cloned();
        let Step::Sums(Sums { terms, shape, .. }) = self else { return of_columns.collect() };
        let of_sums = terms.iter().flat_map(|term| match shape {
            Some(shape) => shape.split(&term.indices),
            None => vec![term.indices.clone()],
        });
        of_columns.chain(of_sums).collect()
    }

    /// Returns the arrays that the step reads.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let of_columns = self.columns().into_iter().filter_map(Column::slot);
        let of_calls = if let Step::Sums(sums) = self { Some(Slot::Local(sums.calls)) } else { None };
        of_columns.chain(of_calls).collect()
    }

    /// Returns the places in the form that the step reads one by one.
    pub(super) fn places(&self) -> Vec<u32> {
        let of_columns = self.columns().into_iter().filter_map(Column::same);
        match self {
            Step::Array { elements, .. } => elements.clone(),
            Step::Calls(_) => of_columns.collect(),
            Step::Sums(sums) => of_columns.chain(sums.sums.iter().flat_map(|(_, before)| before.clone())).collect(),
        }
    }

    /// Changes the places in the form.
    pub(super) fn moved(mut self, to: impl Fn(u32) -> u32) -> Self {
        let change = |column: &mut Column| {
            if let Column::Same(place) = column {
                *place = to(*place);
            }
        };
        let all = |places: &mut Vec<u32>| places.iter_mut().for_each(|place| *place = to(*place));
        match &mut self {
            Step::Array { elements, .. } => all(elements),
            Step::Calls(calls) => {
                calls.inputs.iter_mut().chain(&mut calls.data).chain(&mut calls.along).for_each(change);
            }
            Step::Sums(sums) => {
                let products = sums.terms.iter_mut().flat_map(|term| &mut term.products);
                products.map(|(.., factor)| factor).for_each(change);
                sums.sums.iter_mut().for_each(|(_, before)| all(before));
            }
        }
        self
    }
}

/// Returns the column of these numbers; other numbers than those of one array are put into one.
pub(super) fn column(places: &[u32]) -> Column {
    on_form(|form| {
        Column::of(form, places).unwrap_or_else(|| {
            let array = form.new_array(places.len());
            form.add_step(Step::Array { array, elements: places.to_vec() });
            Column::Of(Slot::Local(array), (0..places.len() as u32).collect())
        })
    })
}

/// Returns the columns of inputs. Those that are computed share an array of different numbers, each of which has one
/// adjoint. Returns `None` where a column mixes elements of arrays with other numbers.
pub(super) fn input_columns(columns: &[Vec<u32>]) -> Option<Vec<Column>> {
    on_form(|form| {
        let mut computed: Vec<u32> = Vec::new();
        let mut index_of: HashMap<u32, u32> = HashMap::new();
        let array = form.next_array();
        let mut written = Vec::new();
        for column in columns {
            written.push(match Column::in_array(form, column) {
                Some(known) => known,
                None if column.iter().any(|&place| form.element_at(place).is_some()) => return None,
                None => {
                    let index = |&place: &u32| {
                        *index_of.entry(place).or_insert_with(|| {
                            computed.push(place);
                            (computed.len() - 1) as u32
                        })
                    };
                    Column::Of(Slot::Local(array), column.iter().map(index).collect())
                }
            });
        }
        if !computed.is_empty() {
            form.new_array(computed.len());
            form.add_step(Step::Array { array, elements: computed });
        }
        Some(written)
    })
}
