//! The text of loops.

use std::collections::BTreeMap;

use super::emit::{ARRAY_LINE, Names, Program, Writer, kernel_name};
use super::expression::{Binding, Expression};
use super::form::{Form, Operation, Run, Slot};
use super::results::Shape;
use super::rows::{Calls, Column, Step, Sums};

/// The longest arguments of a call on one line.
const CALL_LINE: usize = 60;

/// The names of what loops read and write.
pub(super) struct LoopNames {
    /// The arrays that loops write, and whether they are needed.
    arrays: Vec<(String, bool)>,
    /// The sums of outputs that are all that is needed of them, by the array that would have the output.
    totals: BTreeMap<u32, Total>,
    /// The array of the slopes of calls, by their first output.
    slopes: Vec<Option<String>>,
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
        let needed = form.needed_with_arrays(results.iter().copied()).1;
        let mut arrays: Vec<(String, bool)> = needed.into_iter().map(|needed| (String::new(), needed)).collect();
        let mut slopes = vec![None; arrays.len()];
        let mut tables: Vec<Vec<u32>> = Vec::new();
        let mut counts = [0; 5];
        let mut next = |kind: usize| {
            counts[kind] += 1;
            names.unique(format!("{}{}", ["given", "y", "slopes", "d", "sum"][kind], counts[kind] - 1))
        };
        let totals: BTreeMap<u32, (u32, Option<u32>)> = totals(form, results).collect();
        for (_, step) in form.steps() {
            let kind = match step {
                Step::Array { .. } => 0,
                Step::Calls(_) => 1,
                Step::Sums(_) => 2,
            };
            for array in step.arrays().into_iter().filter(|array| !totals.contains_key(array)) {
                arrays[array as usize].0 = next(kind);
            }
            if let Step::Sums(sums) = step {
                slopes[sums.calls as usize] = Some(next(3));
            }
            for column in step.columns() {
                if let Column::Of(_, indices) = column
                    && regular(indices).is_none()
                    && !tables.contains(indices)
                {
                    tables.push(indices.clone());
                }
            }
        }
        let named = |(array, (place, start))| (array, Total { name: next(4), place, start });
        LoopNames { arrays, totals: totals.into_iter().map(named).collect(), slopes, tables }
    }

    /// Returns the name of an operation that is a sum in the loop of its terms.
    pub(super) fn total_at(&self, place: u32) -> Option<&str> {
        self.totals.values().find(|total| total.place == place).map(|total| total.name.as_str())
    }
}

/// Returns the outputs of which only the sum over all rows is needed, where the loop goes from the first row to the last:
/// with each, the place of its sum, and of what stands there before.
fn totals(form: &Form, results: &[u32]) -> impl Iterator<Item = (u32, (u32, Option<u32>))> {
    let (needed, _) = form.needed_with_arrays(results.iter().copied());
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
        Step::Calls(calls) if !is_reversed(calls, form) => Some((*before, calls.outputs.clone())),
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

impl Writer<'_> {
    /// Returns the name of an array.
    pub(super) fn array(&self, slot: Slot) -> &str {
        match slot {
            Slot::Local(array) => &self.loops.arrays[array as usize].0,
            argument => argument.argument(),
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
    pub(super) fn whole_array(&self, elements: &[u32]) -> Option<String> {
        let base = self.base_of(elements)?;
        let is_own = |(index, &place): (usize, &u32)| self.expression(place).text == format!("{base}[{index}]");
        elements.iter().enumerate().all(is_own).then_some(base)
    }

    /// Returns the array of a loop that has most of these numbers at the same places, if there is one.
    pub(super) fn base_of(&self, elements: &[u32]) -> Option<String> {
        let form = self.program.form();
        let array = elements.iter().find_map(|&place| match form.element_at(place)? {
            (Slot::Local(array), _) if form.length_of(array) == elements.len() => Some(array),
            _ => None,
        })?;
        let is_own =
            |(index, place): &(usize, &u32)| form.element_at(**place) == Some((Slot::Local(array), *index as u32));
        let count = elements.iter().enumerate().filter(is_own).count();
        (2 * count > elements.len()).then(|| self.array(Slot::Local(array)).to_string())
    }

    /// Counts the operations of a loop.
    pub(super) fn operations_of(&self, step: &Step) -> usize {
        if let Step::Sums(sums) = step { 2 * self.products(sums).concat().len() } else { 0 }
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

    /// Returns the lines of the sweep that the loop of the calls has room for: there is nothing between, and it is one
    /// loop.
    fn sums_beside(&self, calls: &Calls) -> Option<(&Sums, Vec<String>)> {
        let sums = self.program.form().sums_beside(calls)?;
        let [lines] = <[_; 1]>::try_from(self.products(sums)).ok()?;
        Some((sums, lines))
    }

    /// Returns what is written of an output, if it is needed.
    fn output(&self, calls: &Calls, number: usize) -> Option<Output> {
        let array = calls.outputs[number];
        let y = if calls.outputs.len() == 1 { "y".to_string() } else { format!("y[{number}]") };
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
        let outputs: Vec<Output> = (0..calls.outputs.len()).filter_map(|number| self.output(calls, number)).collect();
        let beside = self.sums_beside(calls).map(|(sums, lines)| (sums.clone(), lines));
        let is_swept = |sums: &Sums| sums.calls == calls.outputs[0] && !self.products(sums).is_empty();
        let mut steps = self.program.form().steps().iter();
        let uses_slopes = steps.any(|(_, step)| matches!(step, Step::Sums(sums) if is_swept(sums)));
        let slopes = self.loops.slopes[calls.outputs[0] as usize].clone().filter(|_| uses_slopes);
        let kept = slopes.filter(|_| beside.is_none());

        outputs.iter().for_each(|output| self.line(1, &output.before));
        if let Some(kept) = &kept {
            let zeros = kernel.lowered.parts[1].shape.zeros();
            self.line(1, &format!("let mut {kept} = [{zeros}; {rows}];"));
        }
        let mut range = format!("0..{rows}");
        if let Some((sums, lines)) = &beside {
            self.write_sums_before(sums, lines);
            range = if is_reversed(calls, self.program.form()) { format!("({range}).rev()") } else { range };
        }
        let start = self.open_loop(&range);
        let value = if outputs.is_empty() { "_" } else { "y" };
        let pattern = match (kernel.lowered.parts.len(), uses_slopes) {
            (1, _) => value.to_string(),
            (_, true) => format!("({value}, d)"),
            (_, false) => format!("({value}, _)"),
        };
        let call = self.call(calls);
        if kernel.lowered.guards.is_empty() {
            self.line(2, &format!("let {pattern} = {call};"));
        } else {
            self.line(2, &format!("let Some({pattern}) = {call} else {{"));
            self.write_return(3);
            self.line(2, "};");
        }
        outputs.iter().for_each(|output| self.line(2, &output.in_row));
        kept.iter().for_each(|kept| self.line(2, &format!("{kept}[i] = d;")));
        beside.iter().flat_map(|(_, lines)| lines).for_each(|line| self.line(2, line));
        self.close_loop(start);
    }

    /// Returns the call of a kernel in row `i`. Arguments that are too long for a line are written before.
    fn call(&mut self, calls: &Calls) -> String {
        let name = kernel_name(self.kernels[calls.kernel]);
        let arguments = [("inputs", &calls.inputs), ("data", &calls.data)].map(|(name, columns)| {
            let numbers: Vec<String> = columns.iter().map(|column| self.in_row(column).text).collect();
            (name, numbers)
        });
        let is_argument = |(name, numbers): &(&str, Vec<String>)| *name == "inputs" || !numbers.is_empty();
        let arguments: Vec<_> = arguments.into_iter().filter(is_argument).collect();
        let texts: Vec<String> = arguments.iter().map(|(_, numbers)| format!("&[{}]", numbers.join(", "))).collect();
        let joined = texts.join(", ");
        if joined.len() <= CALL_LINE {
            return format!("{name}({joined})");
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
        format!("{name}({})", names.join(", "))
    }

    /// Returns the lines that add the products of slopes and adjoints in a row, for each loop, in the order of a tape. The
    /// calls of single kernels are swept from the last row and output to the first, and a map input by input.
    fn products(&self, sums: &Sums) -> Vec<Vec<String>> {
        let calls = self.calls_of(sums.calls);
        let outputs = 0..calls.outputs.len();
        let inputs = 0..calls.inputs.len();
        let line = |output: usize, input: usize| self.product(calls, sums, output, input);
        let loops: Vec<Vec<String>> = if !calls.is_map {
            vec![outputs.rev().flat_map(|output| inputs.clone().filter_map(move |input| line(output, input))).collect()]
        } else {
            let by_input = inputs.flat_map(|input| outputs.clone().map(move |output| (output, input)));
            let by_input = by_input.filter_map(|(output, input)| line(output, input));
            if calls.are_inputs_distinct() {
                vec![by_input.collect()]
            } else {
                by_input.map(|line| vec![line]).collect()
            }
        };
        loops.into_iter().filter(|lines| !lines.is_empty()).collect()
    }

    /// Returns the line that adds the slope of an output with respect to an input times its adjoint, if they are not 0.
    fn product(&self, calls: &Calls, sums: &Sums, output: usize, input: usize) -> Option<String> {
        let kernel = &self.program.kernels[calls.kernel];
        let adjoint = sums.adjoints[output].as_ref()?;
        let slope = kernel.lowered.parts[1].elements[output * calls.inputs.len() + input];
        if kernel.form().constant_at(slope) == Some(0.0) {
            return None;
        }
        let Column::Of(slot, indices) = &calls.inputs[input] else { unreachable!("inputs are elements of arrays") };
        let (_, array, _) = sums.sums.iter().find(|(read, ..)| read == slot).expect("it has adjoints");
        let sum = format!("{}[{}]", self.array(Slot::Local(*array)), self.index(indices));
        let of_output = if calls.outputs.len() == 1 { String::new() } else { format!("[{output}]") };
        let slope = Expression { text: format!("d{of_output}[{input}]"), binding: Binding::Atom };
        let product = match adjoint.same().and_then(|place| self.program.form().constant_at(place)) {
            Some(1.0) => slope.text,
            _ if self.program.zeros_win => format!("chained({}, {})", slope.text, self.in_row(adjoint).text),
            _ => self.program.language.binary(&slope, "*", &self.in_row(adjoint)).text,
        };
        Some(format!("{sum} += {product};"))
    }

    /// Writes the sweep through calls, unless it stands beside them.
    fn write_sums(&mut self, sums: &Sums) {
        if self.sums_beside(self.calls_of(sums.calls)).is_some() {
            return;
        }
        let loops = self.products(sums);
        self.write_sums_before(sums, &loops.concat());
        let calls = self.calls_of(sums.calls);
        let range = format!("0..{}", calls.rows);
        let range = if calls.is_map { range } else { format!("({range}).rev()") };
        let slopes = self.loops.slopes[sums.calls as usize].clone().expect("it was named");
        for lines in loops {
            let start = self.open_loop(&range);
            self.line(2, &format!("let d = {slopes}[i];"));
            lines.iter().for_each(|line| self.line(2, line));
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
    fn write_sums_before(&mut self, sums: &Sums, lines: &[String]) {
        for (_, array, before) in &sums.sums {
            let name = self.array(Slot::Local(*array)).to_string();
            let is_mutable = lines.iter().any(|line| line.starts_with(&format!("{name}[")));
            self.write_array(1, &name, &Shape::Array(before.len()), before, is_mutable);
        }
    }
}

/// Returns whether the loop of calls goes from the last row to the first, for the sums that stand beside them.
fn is_reversed(calls: &Calls, form: &Form) -> bool {
    let is_other = |sums: &Sums| !calls.is_map && !sums.are_in_any_order(calls, form);
    form.sums_beside(calls).is_some_and(is_other)
}
