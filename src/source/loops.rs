//! The text of loops.

use std::collections::{BTreeMap, BTreeSet};

use super::emit::{ARRAY_LINE, Names, Program, Writer, kernel_name};
use super::expression::Expression;
use super::form::{Form, Operation, Run, Slot};
use super::results::{Part, Shape};
use super::rows::{Calls, Column, Derivative, Step, Sums, Term};

/// The longest arguments of a call on one line.
const CALL_LINE: usize = 60;
/// The longest line in a loop.
const LINE: usize = 90;

/// The names of what loops read and write.
pub(super) struct LoopNames {
    /// The arrays that loops write, and whether they are needed.
    arrays: Vec<(String, bool)>,
    /// The sums of outputs that are all that is needed of them, by the array that would have the output.
    totals: BTreeMap<u32, Total>,
    /// The array of the derivatives of calls, by their first output.
    derivatives: BTreeMap<(u32, Derivative), String>,
    /// The shapes of the arrays that are results.
    shapes: BTreeMap<u32, Shape>,
    /// Lists of indices that are not at regular distances.
    tables: Vec<Vec<u32>>,
}

/// A sum of an output over all rows.
struct Total {
    name: String,
    place: u32,
    /// What stands there before; without it the sum starts with the first row.
    start: Option<u32>,
}

impl LoopNames {
    /// Names the arrays of a program with these results.
    pub(super) fn of(program: &Program<'_>, results: &[u32], names: &mut Names) -> Self {
        let form = program.form();
        let needed = form.needed_with_arrays::<true>(results.iter().copied()).1;
        let mut arrays: Vec<(String, bool)> = needed.into_iter().map(|needed| (String::new(), needed)).collect();
        let mut derivatives = BTreeMap::new();
        let mut shapes = BTreeMap::new();
        let mut tables: Vec<Vec<u32>> = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut next = |kind: &'static str| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            names.unique(format!("{kind}{}", *count - 1))
        };
        let totals: BTreeMap<u32, (u32, Option<u32>)> = totals(form, results).collect();
        for (_, step) in form.steps() {
            let kind = |array: u32| match step {
                Step::Array { .. } => "given",
                Step::Calls(calls) if calls.outputs.contains(&array) => "y",
                Step::Calls(_) => Derivative::Tangent.in_row(),
                Step::Sums(sums) => sums.name,
            };
            for array in step.arrays().into_iter().filter(|array| !totals.contains_key(array)) {
                arrays[array as usize].0 = next(kind(array));
            }
            if let Step::Sums(sums) = step {
                shapes.extend(
                    sums.shape.iter().flat_map(|shape| sums.sums.iter().map(|(array, _)| (*array, shape.clone()))),
                );
                for (derivative, ..) in sums.terms.iter().flat_map(|term| &term.products) {
                    derivatives.entry((sums.calls, *derivative)).or_insert_with(|| next(derivative.in_row()));
                }
            }
            for indices in step.indices() {
                if regular(&indices).is_none() && !tables.contains(&indices) {
                    tables.push(indices);
                }
            }
        }
        let named = |(array, (place, start))| (array, Total { name: next("sum"), place, start });
        LoopNames { arrays, totals: totals.into_iter().map(named).collect(), derivatives, shapes, tables }
    }

    fn is_needed(&self, array: u32) -> bool {
        self.arrays[array as usize].1
    }

    /// Returns the name of an operation that is a sum in the loop of its terms.
    pub(super) fn total_at(&self, place: u32) -> Option<&str> {
        self.totals.values().find(|total| total.place == place).map(|total| total.name.as_str())
    }
}

/// Returns the outputs of which only the sum over all rows is needed, where the loop goes from the first row to the last:
/// with each, the place of its sum, and of what stands there before.
fn totals(form: &Form, results: &[u32]) -> impl Iterator<Item = (u32, (u32, Option<u32>))> {
    let (needed, _) = form.needed_with_arrays::<true>(results.iter().copied());
    let nodes = || (0..form.len() as u32).filter(|&place| needed[place as usize]);
    // How often something reads each array, or an element of it.
    let mut reads: BTreeMap<Slot, usize> = BTreeMap::new();
    let arguments = nodes().flat_map(|place| form.node(place).arguments().to_vec());
    let elements = arguments.chain(results.iter().copied()).filter_map(|place| form.element_at(place));
    let of_columns = form.steps().iter().flat_map(|(_, step)| step.columns()).filter_map(Column::slot);
    let of_sums = nodes().filter_map(|place| match form.node(place).operation {
        Operation::Total(run) => Some(run.slot),
        _ => None,
    });
    let all = elements.map(|(slot, _)| slot).chain(of_columns).chain(of_sums);
    all.for_each(|slot| *reads.entry(slot).or_default() += 1);

    let outputs = form.steps().iter().filter_map(|(before, step)| match step {
        Step::Calls(calls) if !is_reversed(calls, form) => Some((*before, step.arrays())),
        _ => None,
    });
    let before_calls: BTreeMap<Slot, u32> = outputs
        .flat_map(|(before, outputs)| outputs.into_iter().map(move |output| (Slot::Local(output), before)))
        .collect();
    let totals: Vec<_> = nodes()
        .filter_map(|place| {
            let node = form.node(place);
            let Operation::Total(run) = node.operation else { return None };
            let (Slot::Local(array), start) = (run.slot, node.arguments()[0]) else { return None };
            let (before, rows) = (*before_calls.get(&run.slot)?, form.length_of(array) as u32);
            let is_there = start < before || form.constant_at(start).is_some();
            let start = match (run.first, rows - run.count) {
                (1, 1) if form.element_at(start) == Some((run.slot, 0)) && reads[&run.slot] == 2 => None,
                (0, 0) if is_there && reads[&run.slot] == 1 => Some(start),
                _ => return None,
            };
            (run.step == 1).then_some((array, (place, start)))
        })
        .collect();
    totals.into_iter()
}

/// Returns the first index and the distance of indices at regular distances.
fn regular(indices: &[u32]) -> Option<(i64, i64)> {
    let number = |row: usize| i64::from(indices[row]);
    let step = number(1) - number(0);
    (1..indices.len()).all(|row| number(row) - number(row - 1) == step).then(|| (number(0), step))
}

/// Returns `first + step·i` as an index.
fn affine(first: i64, step: i64) -> String {
    let product = match step.abs() {
        1 => "i".to_string(),
        step => format!("{step} * i"),
    };
    match (first, step) {
        (first, 0) => first.to_string(),
        (0, 1..) => product,
        (first, 1..) => format!("{product} + {first}"),
        (first, _) => format!("{first} - {product}"),
    }
}

/// The lines of an output: before the loop, and in a row.
struct Output {
    before: String,
    in_row: String,
}

/// A line that adds derivatives in a row.
#[derive(Clone)]
struct Line {
    text: String,
    reads: BTreeSet<Derivative>,
}

impl Writer<'_> {
    /// Returns the name of an array.
    pub(super) fn array(&self, slot: Slot) -> &str {
        match slot {
            Slot::Local(array) => &self.loops.arrays[array as usize].0,
            argument => argument.argument(),
        }
    }

    /// Returns the shape of an array.
    pub(super) fn shape_of(&self, slot: Slot) -> Shape {
        match slot {
            Slot::Local(array) => {
                let length = self.program.form().length_of(array);
                self.loops.shapes.get(&array).cloned().unwrap_or(Shape::Array(length))
            }
            _ => Shape::Array(0),
        }
    }

    /// Returns the number of a column in row `i`.
    fn in_row(&self, column: &Column) -> Expression {
        match column {
            Column::Same(place) => self.expression(*place).clone(),
            Column::Of(slot, indices) => Expression::atom(format!("{}[{}]", self.array(*slot), self.index(indices))),
        }
    }

    /// Returns the index of row `i`.
    fn index(&self, indices: &[u32]) -> String {
        match regular(indices) {
            Some((first, step)) => affine(first, step),
            None => {
                let table = self.loops.tables.iter().position(|table| table == indices).expect("it was listed");
                format!("AT_{table}[i]")
            }
        }
    }

    /// Writes the indices that are not at regular distances.
    pub(super) fn write_tables(&mut self) {
        for (number, table) in self.loops.tables.clone().iter().enumerate() {
            let indices: Vec<usize> = table.iter().map(|&index| index as usize).collect();
            self.write_places_of(1, &format!("static AT_{number}"), &indices);
        }
    }

    /// Returns a number with the elements of an array added to it.
    pub(super) fn total(&self, run: Run, start: &Expression) -> Expression {
        let (array, count, first) = (self.array(run.slot), run.count, run.first);
        let (range, index) = match run.step {
            1 => (format!("{first}..{}", first + count), "i".to_string()),
            step => (format!("0..{count}"), affine(first.into(), step.into())),
        };
        Expression::atom(format!("({range}).fold({}, |sum, i| sum + {array}[{index}])", start.text))
    }

    /// Returns the array whose elements these are, in order, if there is one.
    pub(super) fn whole_array(&self, shape: &Shape, elements: &[u32]) -> Option<String> {
        let base = self.base_of(shape, elements)?;
        let element = |index: usize| format!("{base}{}", shape.index(index));
        let is_own = |(index, &place): (usize, &u32)| self.expression(place).text == element(index);
        elements.iter().enumerate().all(is_own).then_some(base)
    }

    /// Returns the array of a loop of this shape that has most of these numbers at the same places, if there is one.
    pub(super) fn base_of(&self, shape: &Shape, elements: &[u32]) -> Option<String> {
        let form = self.program.form();
        let number = self.program.language.number();
        let array = elements.iter().find_map(|&place| match form.element_at(place)? {
            (Slot::Local(array), _) if self.shape_of(Slot::Local(array)).of(number) == shape.of(number) => Some(array),
            _ => None,
        })?;
        let is_own =
            |(index, place): &(usize, &u32)| form.element_at(**place) == Some((Slot::Local(array), *index as u32));
        let count = elements.iter().enumerate().filter(is_own).count();
        (2 * count > elements.len()).then(|| self.array(Slot::Local(array)).to_string())
    }

    /// Counts the operations of a loop.
    pub(super) fn operations_of(&self, step: &Step) -> usize {
        if let Step::Sums(sums) = step { 2 * self.lines_of(sums).concat().len() } else { 0 }
    }

    /// Returns whether a loop multiplies by the rule "a zero beats an infinity".
    pub(super) fn chains(&self, step: &Step) -> bool {
        let Step::Sums(sums) = step else { return false };
        self.lines_of(sums).concat().iter().any(|line| line.text.contains("chained("))
    }

    pub(super) fn write_step(&mut self, step: &Step) {
        match step {
            Step::Array { array, elements } => self.write_given(*array, elements),
            Step::Calls(calls) => self.write_calls(calls),
            Step::Sums(sums) => self.write_sums(sums),
        }
    }

    /// Writes numbers into an array. Constants are static, and need no memory on the stack.
    fn write_given(&mut self, array: u32, elements: &[u32]) {
        let name = self.array(Slot::Local(array)).to_string();
        if elements.iter().any(|&place| self.program.form().constant_at(place).is_none()) {
            return self.write_array(1, &name, &Shape::Array(elements.len()), elements, false);
        }
        let number = self.program.language.number();
        let values: Vec<String> = elements.iter().map(|&place| self.expression(place).text.clone()).collect();
        self.line(1, "#[rustfmt::skip]");
        self.line(1, &format!("let {name}: &'static [{number}; {}] = &[", values.len()));
        self.write_packed(2, &values);
        self.line(1, "];");
    }

    /// Returns the calls with this first output.
    fn calls_of(&self, output: u32) -> &Calls {
        let calls = self.program.form().steps().iter().find_map(|(_, step)| match step {
            Step::Calls(calls) if calls.outputs[0] == output => Some(calls),
            _ => None,
        });
        calls.expect("its sums stand after it")
    }

    /// Returns the sums that the loop of the calls has room for, with their lines: there is nothing between, and they are
    /// one loop.
    fn sums_beside(&self, calls: &Calls) -> Vec<(Sums, Vec<Line>)> {
        let lines = |sums: &Sums| <[_; 1]>::try_from(self.lines_of(sums)).ok();
        let sums = self.program.form().sums_beside(calls);
        sums.filter_map(|sums| lines(sums).map(|[lines]| (sums.clone(), lines))).collect()
    }

    /// Returns what is written of the outputs in these arrays that are needed.
    fn outputs(&self, calls: &Calls, arrays: &[u32], variable: &str) -> Vec<Output> {
        let in_row =
            |number: usize| if arrays.len() == 1 { variable.to_string() } else { format!("{variable}[{number}]") };
        arrays.iter().enumerate().filter_map(|(number, &array)| self.output(calls, array, &in_row(number))).collect()
    }

    fn output(&self, calls: &Calls, array: u32, y: &str) -> Option<Output> {
        if let Some(Total { name, start, .. }) = self.loops.totals.get(&array) {
            // −0 + y is y.
            let start = start.map_or("-0.0", |start| &self.expression(start).text);
            return Some(Output { before: format!("let mut {name} = {start};"), in_row: format!("{name} += {y};") });
        }
        let (name, is_needed) = &self.loops.arrays[array as usize];
        let before = format!("let mut {name} = [0.0; {}];", calls.rows);
        is_needed.then(|| Output { before, in_row: format!("{name}[i] = {y};") })
    }

    fn write_calls(&mut self, calls: &Calls) {
        let (rows, kernel) = (calls.rows, &self.program.kernels[calls.kernel]);
        let values = self.outputs(calls, &calls.outputs, "y");
        let tangents = self.outputs(calls, &calls.tangents, Derivative::Tangent.in_row());
        let beside = self.sums_beside(calls);
        let later = self.program.form().sums_of(calls).filter(|sums| beside.iter().all(|(own, _)| !own.is(sums)));
        let kept: BTreeSet<Derivative> =
            later.flat_map(|sums| self.lines_of(sums).concat()).flat_map(|line| line.reads).collect();
        let mut used = kept.clone();
        used.extend(beside.iter().flat_map(|(_, lines)| lines).flat_map(|line| &line.reads));
        used.extend((!tangents.is_empty()).then_some(Derivative::Tangent));
        let parts = Derivative::ALL.into_iter().filter(|&part| kernel.lowered.part(part).is_some());
        let mut variables = vec![if values.is_empty() { "_" } else { "y" }];
        variables.extend(parts.map(|part| if used.contains(&part) { part.in_row() } else { "_" }));

        values.iter().chain(&tangents).for_each(|output| self.line(1, &output.before));
        for &derivative in &kept {
            let (array, zeros) = (self.kept(calls, derivative), self.part(calls, derivative).shape.zeros());
            self.line(1, &format!("let mut {array} = [{zeros}; {rows}];"));
        }
        let mut range = format!("0..{rows}");
        beside.iter().for_each(|(sums, lines)| self.write_sums_before(sums, lines));
        if !beside.is_empty() {
            range = if is_reversed(calls, self.program.form()) { format!("({range}).rev()") } else { range };
        }
        let start = self.open_loop(&range);
        self.write_call(calls, &variables);
        values.iter().chain(&tangents).for_each(|output| self.line(2, &output.in_row));
        kept.iter().for_each(|&own| self.line(2, &format!("{}[i] = {};", self.kept(calls, own), own.in_row())));
        beside.iter().flat_map(|(_, lines)| lines).for_each(|line| self.line(2, &line.text));
        self.close_loop(start);
    }

    /// Writes the call of a kernel in row `i`. Arguments that are too long for a line are written before.
    fn write_call(&mut self, calls: &Calls, variables: &[&str]) {
        let name = kernel_name(self.kernels[calls.kernel]);
        let pattern = if let [single] = variables { single.to_string() } else { format!("({})", variables.join(", ")) };
        let (start, end) = match self.program.kernels[calls.kernel].lowered.guards.is_empty() {
            true => (format!("let {pattern} = {name}("), ");"),
            false => (format!("let Some({pattern}) = {name}("), ") else {"),
        };
        let arguments = [("inputs", &calls.inputs), ("data", &calls.data), ("along", &calls.along)];
        let arguments = arguments.map(|(name, columns)| {
            let numbers: Vec<String> = columns.iter().map(|column| self.in_row(column).text).collect();
            (name, numbers)
        });
        let is_argument = |(name, numbers): &(&str, Vec<String>)| *name == "inputs" || !numbers.is_empty();
        let arguments: Vec<_> = arguments.into_iter().filter(is_argument).collect();
        let texts: Vec<String> = arguments.iter().map(|(_, numbers)| format!("&[{}]", numbers.join(", "))).collect();
        let joined = texts.join(", ");
        if joined.len() <= CALL_LINE && start.len() + joined.len() + end.len() <= LINE {
            return self.write_called(&format!("{start}{joined}{end}"));
        }
        for (name, numbers) in &arguments {
            let joined = numbers.join(", ");
            if joined.len() + 2 <= ARRAY_LINE {
                self.line(2, &format!("let {name} = [{joined}];"));
                continue;
            }
            self.line(2, &format!("let mut {name} = [0.0; {}];", numbers.len()));
            for (index, number) in numbers.iter().enumerate() {
                self.line(2, &format!("{name}[{index}] = {number};"));
            }
        }
        let names: Vec<String> = arguments.iter().map(|(name, _)| format!("&{name}")).collect();
        self.write_called(&format!("{start}{}{end}", names.join(", ")));
    }

    /// Writes the line of a call, and the return where a branch of the kernel goes otherwise.
    fn write_called(&mut self, line: &str) {
        self.line(2, line);
        if line.ends_with('{') {
            self.write_return(3);
            self.line(2, "};");
        }
    }

    /// Returns the lines that a row adds, for each loop. A map whose inputs are numbers of several rows has a loop for each
    /// input and output.
    fn lines_of(&self, sums: &Sums) -> Vec<Vec<Line>> {
        let calls = self.calls_of(sums.calls);
        let lines: Vec<Line> = sums.terms.iter().filter_map(|term| self.line_of(calls, term)).collect();
        if sums.are_apart {
            return lines.into_iter().map(|line| vec![line]).collect();
        }
        if lines.is_empty() { Vec::new() } else { vec![lines] }
    }

    /// Returns the line that adds a term, if it is needed and not 0.
    fn line_of(&self, calls: &Calls, term: &Term) -> Option<Line> {
        if !self.loops.is_needed(term.array) {
            return None;
        }
        let (form, language) = (self.program.form(), self.program.language);
        let mut sum: Option<Expression> = None;
        let mut reads = BTreeSet::new();
        for (derivative, number, factor) in &term.products {
            let part = self.part(calls, *derivative);
            if self.program.kernels[calls.kernel].form().constant_at(part.elements[*number]) == Some(0.0) {
                continue;
            }
            reads.insert(*derivative);
            let own = Expression::atom(format!("{}{}", derivative.in_row(), part.shape.index(*number)));
            let product = match factor.same().and_then(|place| form.constant_at(place)) {
                Some(1.0) => own,
                _ if self.program.zeros_win => {
                    Expression::atom(format!("chained({}, {})", own.text, self.in_row(factor).text))
                }
                _ => language.binary(&own, "*", &self.in_row(factor)),
            };
            sum = Some(sum.map_or(product.clone(), |sum| language.binary(&sum, "+", &product)));
        }
        let array = self.array(Slot::Local(term.array));
        let places = self.shape_of(Slot::Local(term.array)).split(&term.indices);
        let index: String = places.iter().map(|indices| format!("[{}]", self.index(indices))).collect();
        let line = |sum: Expression| {
            let text = format!("{array}{index} += {};", sum.text);
            if text.len() <= LINE { text } else { text.replacen("+= ", "+=\n            ", 1) }
        };
        sum.map(|sum| Line { text: line(sum), reads })
    }

    /// Returns a result of the kernel of calls.
    fn part(&self, calls: &Calls, derivative: Derivative) -> &Part {
        self.program.kernels[calls.kernel].lowered.part(derivative).expect("it was asked for")
    }

    /// Returns the name of the array of a derivative of calls that is used later.
    fn kept(&self, calls: &Calls, derivative: Derivative) -> &str {
        &self.loops.derivatives[&(calls.outputs[0], derivative)]
    }

    /// Writes sums, unless they stand beside their calls.
    fn write_sums(&mut self, sums: &Sums) {
        let calls = self.calls_of(sums.calls).clone();
        if self.sums_beside(&calls).iter().any(|(beside, _)| beside.is(sums)) {
            return;
        }
        let loops = self.lines_of(sums);
        self.write_sums_before(sums, &loops.concat());
        let range = format!("0..{}", calls.rows);
        let range = if calls.is_map { range } else { format!("({range}).rev()") };
        for lines in loops {
            let start = self.open_loop(&range);
            let reads: BTreeSet<Derivative> = lines.iter().flat_map(|line| &line.reads).copied().collect();
            for own in reads {
                self.line(2, &format!("let {} = {}[i];", own.in_row(), self.kept(&calls, own)));
            }
            lines.iter().for_each(|line| self.line(2, &line.text));
            self.close_loop(start);
        }
    }

    /// Begins a loop over rows, and returns where it stands in the text.
    fn open_loop(&mut self, range: &str) -> usize {
        let start = self.text.len();
        self.line(1, &format!("for i in {range} {{"));
        start
    }

    /// Ends the loop that begins here. Where all rows are the same, the row needs no name.
    fn close_loop(&mut self, start: usize) {
        let mut words =
            self.text[start..].split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| *word == "i");
        if words.nth(1).is_none() {
            let own = self.text.split_off(start).replacen("for i in", "for _ in", 1);
            self.text.push_str(&own);
        }
        self.line(1, "}");
    }

    /// Writes the adjoints to which the lines of a sweep add.
    fn write_sums_before(&mut self, sums: &Sums, lines: &[Line]) {
        for (array, before) in &sums.sums {
            if self.loops.is_needed(*array) {
                let name = self.array(Slot::Local(*array)).to_string();
                let is_mutable = lines.iter().any(|line| line.text.starts_with(&format!("{name}[")));
                self.write_array(1, &name, &self.shape_of(Slot::Local(*array)), before, is_mutable);
            }
        }
    }
}

/// Returns whether the loop of calls goes from the last row to the first, for the sums that stand beside them.
fn is_reversed(calls: &Calls, form: &Form) -> bool {
    !calls.is_map && form.sums_beside(calls).any(|sums| !sums.are_in_any_order(form))
}
