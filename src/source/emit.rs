//! The generated function as text, formatted as rustfmt formats it.
//!
//! Every operation is a `let`, or stands in the expression of its only user if it is short. Lines stay so short that
//! rustfmt has nothing to break: below 60 characters of an expression, and 50 of an `if` on one line.

use std::collections::{BTreeMap, HashSet};

use super::blocks::{BODY, Blocks};
use super::expression::{Binding, Expression, Language};
use super::form::{Form, Operation, Slot};
use super::loops::LoopNames;
use super::lower::Lowered;
use super::refusal::Refusal;
use super::results::Shape;
use super::rows::{Column, Derivative, Step};
use super::special::{self, items_of};

/// The longest expression that stands within another one.
const SHORT: usize = 22;
/// The longest name of an operation.
const NAME: usize = 16;
/// The longest `if` on one line.
const IF_LINE: usize = 50;
/// The longest array on one line.
pub(super) const ARRAY_LINE: usize = 60;
/// The longest numbers of a result on one line, with room for the names of two arrays.
const NUMBERS_LINE: usize = 36;
/// The fewest elements of an array that are copied as a slice.
const FEWEST_COPIED: usize = 8;
/// The longest values of an `if` on one line.
const TUPLE_LINE: usize = 60;
/// The longest line.
const WIDTH: usize = 100;

/// All that makes the generated function.
pub(super) struct Program<'a> {
    pub(super) lowered: &'a Lowered,
    pub(super) function: &'a str,
    /// The function to call where a guard fails; without one the code returns `None`.
    pub(super) fallback: Option<&'a str>,
    /// Whether a zero beats an infinity in products of slopes.
    pub(super) zeros_win: bool,
    pub(super) language: &'a Language,
    /// The first line of the documentation.
    pub(super) returns: &'a str,
    /// The number of operations of the function, and with those that its derivatives ask for.
    pub(super) operations: [usize; 2],
    /// The kernels that loops call.
    pub(super) kernels: Vec<Program<'a>>,
}

impl<'a> Program<'a> {
    pub(super) fn form(&self) -> &'a Form {
        &self.lowered.form
    }

    /// Returns whether the code checks branches, its own or those of kernels.
    fn has_guards(&self) -> bool {
        !self.lowered.guards.is_empty() || self.kernels.iter().any(|kernel| kernel.has_guards())
    }
}

impl Slot {
    /// Returns the name of the argument of the generated function.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Slot::Local(_) => unreachable!("it is no argument"),
            Slot::X => "x",
            Slot::P => "p",
            Slot::V => "v",
            Slot::W => "w",
        }
    }
}

/// The most operations of a generated function.
///
/// NOTE(perf): rustc with `-C opt-level=2` takes 0.2 s for 1,100 operations, 4 s for 11,000, 15 s for 25,000 and 60 s for
/// 49,000; without optimization 8 s for 49,000. These are gradients of a sum of terms with a sine, compiled one after the
/// other on one core.
const MOST_OPERATIONS: usize = 50_000;

/// Returns the text of the program.
pub(super) fn emitted(program: &Program<'_>) -> Result<String, Refusal> {
    let mut kernels = Kernels::default();
    for (index, kernel) in program.kernels.iter().enumerate() {
        let steps = program.form().steps();
        let is_called = steps.iter().any(|(_, step)| matches!(step, Step::Calls(calls) if calls.kernel == index));
        kernels.add(kernel, is_called)?;
    }
    let mut writer = Writer::of(program, 0, kernels.numbers)?;
    let operations = kernels.operations + writer.count();
    if operations > MOST_OPERATIONS {
        return Err(Refusal::Large { operations, most: MOST_OPERATIONS });
    }
    writer.write_places();
    writer.write_documentation(operations);
    writer.write_function(&kernels.texts);
    Ok(writer.text)
}

/// The text of all kernels. Equal ones are written once.
#[derive(Default)]
struct Kernels {
    texts: Vec<String>,
    /// The number of the text of each kernel.
    numbers: Vec<usize>,
    operations: usize,
}

impl Kernels {
    /// Adds the text of a kernel, if there is no equal one and it is called.
    fn add(&mut self, kernel: &Program<'_>, is_called: bool) -> Result<(), Refusal> {
        let mut writer = Writer::of(kernel, 1, Vec::new())?;
        writer.write_kernel(self.texts.len());
        let with_number = |text: &str, number: usize| text.replacen(&kernel_name(number), "kernel", 1);
        let own = with_number(&writer.text, self.texts.len());
        let known = (0..self.texts.len()).find(|&number| with_number(&self.texts[number], number) == own);
        self.numbers.push(known.unwrap_or(self.texts.len()));
        if known.is_none() && is_called {
            self.operations += writer.count();
            self.texts.push(writer.text);
        }
        Ok(())
    }
}

/// Returns the name of a kernel.
pub(super) fn kernel_name(number: usize) -> String {
    if number == 0 { "kernel".to_string() } else { format!("kernel_{}", number + 1) }
}

pub(super) struct Writer<'a> {
    pub(super) program: &'a Program<'a>,
    /// The number of the text of each kernel.
    pub(super) kernels: Vec<usize>,
    /// The names of what loops read and write.
    pub(super) loops: LoopNames,
    /// How deep the function stands in others.
    depth: usize,
    blocks: Blocks,
    /// The units of each block.
    listed: Vec<Vec<usize>>,
    /// What users of each operation write: its name, or an expression.
    expressions: Vec<Option<Expression>>,
    /// Whether an operation is a `let`.
    is_named: Vec<bool>,
    /// The functions that are written along.
    helpers: Vec<&'static str>,
    pub(super) text: String,
}

impl<'a> Writer<'a> {
    /// Returns the writer of a program, when it knows which operations have names.
    fn of(program: &'a Program<'a>, depth: usize, kernels: Vec<usize>) -> Result<Self, Refusal> {
        let mut results: Vec<u32> =
            program.lowered.parts.iter().flat_map(|part| part.elements.iter().copied()).collect();
        results.extend(program.lowered.guards.iter().map(|&(question, _)| question));
        results.extend(program.form().steps().iter().flat_map(|(_, step)| step.places()));
        let labelled: HashSet<u32> = program.lowered.names.iter().map(|&(place, _)| place).collect();
        let blocks = Blocks::of(program.form(), &results, |place| labelled.contains(&place));
        let mut names = Names::new(program);
        let mut writer = Writer {
            program,
            kernels,
            loops: LoopNames::of(program, &results, &mut names),
            depth,
            listed: blocks.listed(),
            blocks,
            expressions: vec![None; program.form().len()],
            is_named: vec![false; program.form().len()],
            helpers: Vec::new(),
            text: String::new(),
        };
        writer.name_operations(names)?;
        Ok(writer)
    }

    /// Counts the operations of the code.
    fn count(&self) -> usize {
        let counts = |place: &u32| {
            !matches!(
                self.program.form().node(*place).operation,
                Operation::Input(..) | Operation::Constant(_) | Operation::Answer(_)
            )
        };
        let in_loops: usize = self.program.form().steps().iter().map(|(_, step)| self.operations_of(step)).sum();
        in_loops + self.blocks.units().iter().flatten().filter(|place| counts(place)).count()
    }

    pub(super) fn expression(&self, place: u32) -> &Expression {
        self.expressions[place as usize].as_ref().expect("arguments stand before results")
    }

    /// Decides for each operation whether it is a `let`, and what its users write.
    fn name_operations(&mut self, mut names: Names) -> Result<(), Refusal> {
        let guards: HashSet<u32> = self.program.lowered.guards.iter().map(|&(question, _)| question).collect();
        let in_calls = self.arguments_of_calls();
        let labels: BTreeMap<u32, &str> =
            self.program.lowered.names.iter().rev().map(|(place, name)| (*place, name.as_str())).collect();
        for place in self.blocks.units().concat() {
            let operation = self.program.form().node(place).operation;
            let label = labels.get(&place).copied();
            let own = self.own_expression(place)?;
            if let Some(total) = self.loops.total_at(place) {
                self.expressions[place as usize] = Some(Expression::atom(total));
                continue;
            }
            let is_inline = match operation {
                Operation::Constant(_) | Operation::Answer(_) => true,
                Operation::Input(..) => label.is_none(),
                Operation::Select => false,
                Operation::Question(_) => {
                    !guards.contains(&place) && self.blocks.uses_of(place) == 1 && own.text.len() <= 40
                }
                _ => {
                    let is_short =
                        own.text.len() <= SHORT && own.binding != Binding::Cast && !in_calls.contains(&place);
                    label.is_none() && self.blocks.uses_of(place) == 1 && is_short
                }
            };
            self.is_named[place as usize] = !is_inline;
            self.expressions[place as usize] = Some(if is_inline {
                own
            } else {
                Expression::atom(match (label, operation) {
                    (Some(label), _) => names.of_label(label),
                    (None, Operation::Question(_)) => names.next("c"),
                    (None, _) => names.next("t"),
                })
            });
        }
        Ok(())
    }

    /// Returns the operations whose results are among several arguments of a call, which would be a long line, or are read
    /// in a loop.
    fn arguments_of_calls(&self) -> HashSet<u32> {
        let form = self.program.form();
        let nodes = (0..form.len() as u32).map(|place| form.node(place));
        let calls = nodes.filter(|node| matches!(node.operation, Operation::MulAdd | Operation::Total(_)));
        let in_loops = form.steps().iter().flat_map(|(_, step)| step.columns()).filter_map(Column::same);
        calls.flat_map(|node| node.arguments().to_vec()).chain(in_loops).collect()
    }

    /// Returns the expression of an operation over the expressions of its arguments. The expression of a choice is
    /// written in lines of its own.
    fn own_expression(&mut self, place: u32) -> Result<Expression, Refusal> {
        let node = self.program.form().node(place);
        let x: Vec<Expression> = match node.operation {
            Operation::Select => Vec::new(),
            _ => node.arguments().iter().map(|&argument| self.expression(argument).clone()).collect(),
        };
        let language = self.program.language;
        Ok(match node.operation {
            Operation::Input(slot, index) => {
                Expression::atom(format!("{}{}", self.array(slot), self.shape_of(slot).index(index as usize)))
            }
            Operation::Constant(bits) => language.constant(f64::from_bits(bits)),
            Operation::Answer(answer) => Expression::atom(answer.to_string()),
            Operation::Negative => language.negative(&x[0]),
            // A constant factor stands first, and a constant term last.
            Operation::Sum if self.is_constant(node.arguments()[0]) => language.binary(&x[1], "+", &x[0]),
            Operation::Sum => language.binary(&x[0], "+", &x[1]),
            Operation::Difference => language.binary(&x[0], "-", &x[1]),
            Operation::Chained if self.program.zeros_win => {
                Expression::atom(format!("chained({}, {})", x[0].text, x[1].text))
            }
            Operation::Product | Operation::Chained if self.is_constant(node.arguments()[1]) => {
                language.binary(&x[1], "*", &x[0])
            }
            Operation::Product | Operation::Chained => language.binary(&x[0], "*", &x[1]),
            Operation::Quotient => language.binary(&x[0], "/", &x[1]),
            Operation::Remainder => language.binary(&x[0], "%", &x[1]),
            Operation::MulAdd => language.mul_add(&x[0], &x[1], &x[2]),
            Operation::Question(asked) => language.question(asked, &x[0], x.get(1)),
            Operation::Function(function) => {
                let expression = language.function(&function, &x, &mut self.helpers);
                expression.ok_or_else(|| Refusal::Special {
                    name: function.name.to_string(),
                    no_std: !language.libraries.std,
                })?
            }
            Operation::Total(run) => self.total(run, &x[0]),
            Operation::Select => Expression::atom(String::new()),
            Operation::Plain => unreachable!("it was lowered"),
        })
    }

    fn is_constant(&self, place: u32) -> bool {
        self.program.form().constant_at(place).is_some()
    }

    fn write_documentation(&mut self, here: usize) {
        let program = self.program;
        self.line(0, &format!("/// {}", program.returns));
        self.line(0, "///");
        if program.has_guards() {
            let other = match program.fallback {
                None => "Returns `None`".to_string(),
                Some(fallback) => format!("Calls `{fallback}`"),
            };
            self.line(0, &format!("/// {other} where a branch goes otherwise than at the point of the trace."));
            self.line(0, "///");
        }
        let [own, asked] = program.operations;
        let counts = format!("{own} operations of the function, {asked} with derivatives, {here} here");
        self.line(0, &format!("/// Generated by dualtape: {counts}."));
    }

    fn write_function(&mut self, kernels: &[String]) {
        self.line(0, "#[allow(clippy::all)]");
        self.write_signature("pub ");
        self.write_helpers();
        kernels.iter().for_each(|kernel| self.text.push_str(kernel));
        self.write_tables();
        self.write_body();
    }

    /// Writes a kernel as a function in a function.
    fn write_kernel(&mut self, number: usize) {
        let has = |derivative: Derivative| self.program.lowered.part(derivative).is_some();
        let of_value = match (has(Derivative::Slopes), has(Derivative::Tangent), has(Derivative::SlopesAlong)) {
            (false, false, _) => "",
            (false, true, _) => ", and its derivative along `v`",
            (true, false, false) => ", and its slopes",
            (true, true, false) => ", its slopes, and its derivative along `v`",
            (true, false, true) => ", its slopes, and their derivatives along `v`",
            (true, true, true) => ", its slopes, and the derivatives of all along `v`",
        };
        let of_value = if has(Derivative::Curvatures) { ", its slopes, and its second derivatives" } else { of_value };
        self.line(0, &format!("/// Returns the value of a row{of_value}."));
        self.write_signature_of(&kernel_name(number), "");
        self.write_helpers();
        self.write_body();
    }

    fn write_body(&mut self) {
        self.write_block(BODY, None, 1);
        self.write_results();
        self.line(0, "}");
    }

    /// Writes the line with an indent of four spaces for each level.
    pub(super) fn line(&mut self, level: usize, line: &str) {
        (0..self.depth + level).for_each(|_| self.text.push_str("    "));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes the places of the entries of sparse matrices.
    fn write_places(&mut self) {
        let name = self.program.function.to_uppercase();
        let program = self.program;
        for part in &program.lowered.parts {
            if let Shape::Sparse { row_starts, columns, .. } = &part.shape {
                self.line(
                    0,
                    &format!("/// The place of the first entry of each row of the {}, and the end.", part.name),
                );
                self.write_places_of(0, &format!("pub const {name}_ROW_STARTS"), row_starts);
                self.line(0, &format!("/// The column of each entry of the {}.", part.name));
                self.write_places_of(0, &format!("pub const {name}_COLUMNS"), columns);
            }
        }
    }

    /// Writes a constant array, as many numbers on a line as there is room for.
    pub(super) fn write_places_of(&mut self, level: usize, declared: &str, values: &[usize]) {
        let head = format!("{declared}: [usize; {}] =", values.len());
        let values: Vec<String> = values.iter().map(usize::to_string).collect();
        let joined = format!("[{}];", values.join(", "));
        let space = if level == 0 { "\n" } else { "" };
        if joined.len() <= ARRAY_LINE + 3 {
            if 4 * level + head.len() + 1 + joined.len() <= WIDTH {
                return self.line(level, &format!("{head} {joined}{space}"));
            }
            self.line(level, &head);
            return self.line(level + 1, &format!("{joined}{space}"));
        }
        self.line(level, &format!("{head} ["));
        self.write_packed(level + 1, &values);
        self.line(level, &format!("];{space}"));
    }

    /// Writes the elements of an array, as many on a line as there is room for.
    pub(super) fn write_packed(&mut self, level: usize, values: &[String]) {
        let mut line = String::new();
        for value in values {
            if 4 * level - 1 + line.len() + value.len() + 2 >= WIDTH {
                self.line(level, line.trim_start());
                line.clear();
            }
            line += &format!(" {value},");
        }
        self.line(level, line.trim_start());
    }

    fn write_signature(&mut self, visibility: &str) {
        self.write_signature_of(self.program.function, visibility);
    }

    fn write_signature_of(&mut self, name: &str, visibility: &str) {
        let number = self.program.language.number();
        let is_used = |slot: Slot, form: &Form, blocks: &Blocks| {
            form.steps().iter().any(|(_, step)| step.slots().contains(&slot))
                || (0..form.len() as u32).any(|place| {
                    matches!(form.node(place).operation, Operation::Input(own, _) if own == slot)
                        && blocks.unit_of(place).is_some()
                })
        };
        let arguments: Vec<String> = self
            .program
            .lowered
            .arguments
            .iter()
            .map(|&(slot, length)| {
                let unused = if is_used(slot, self.program.form(), &self.blocks) { "" } else { "_" };
                format!("{unused}{}: &[{number}; {length}]", slot.argument())
            })
            .collect();
        let types: Vec<String> = self.program.lowered.parts.iter().map(|part| part.shape.of(number)).collect();
        let all = if types.len() == 1 { types[0].clone() } else { format!("({})", types.join(", ")) };
        let returned = if self.is_partial() { format!("Option<{all}>") } else { all };
        let line = format!("{visibility}fn {name}({}) -> {returned} {{", arguments.join(", "));
        if 4 * self.depth + line.len() <= WIDTH {
            self.line(0, &line);
            return;
        }
        self.line(0, &format!("{visibility}fn {name}("));
        arguments.iter().for_each(|argument| self.line(1, &format!("{argument},")));
        self.line(0, &format!(") -> {returned} {{"));
    }

    /// Returns whether the function returns `None` where a guard fails.
    fn is_partial(&self) -> bool {
        self.program.has_guards() && self.program.fallback.is_none()
    }

    /// Writes the functions that std does not have.
    fn write_helpers(&mut self) {
        let chains = |place: u32| {
            self.blocks.unit_of(place).is_some() && self.program.form().node(place).operation == Operation::Chained
        };
        let sweeps = self.program.form().steps().iter().any(|(_, step)| self.chains(step));
        if self.program.zeros_win && (sweeps || (0..self.program.form().len() as u32).any(chains)) {
            let number = self.program.language.number();
            self.line(1, "/// A slope times a derivative; a zero beats an infinity.");
            self.line(1, &format!("fn chained(a: {number}, b: {number}) -> {number} {{"));
            self.line(2, "if a == 0.0 || b == 0.0 { 0.0 } else { a * b }");
            self.line(1, "}");
        }
        let libraries = self.program.language.libraries;
        let mut items = BTreeMap::new();
        for name in &self.helpers {
            items.extend(items_of(name, libraries).expect("it was there before"));
        }
        for item in items.values() {
            self.line(1, "#[rustfmt::skip]");
            item.lines().for_each(|line| self.line(if line.is_empty() { 0 } else { 1 }, line));
        }
    }

    /// Writes the `let`s of a block, with the guards in the body. The unit `tail` is the value of the block.
    fn write_block(&mut self, block: usize, tail: Option<usize>, level: usize) {
        let steps = self.program.form().steps();
        let mut steps = if block == BODY { steps } else { &[] }.iter().peekable();
        for unit in self.lets_of(block) {
            let first = self.blocks.units()[unit][0];
            while let Some((_, step)) = steps.next_if(|(before, _)| *before <= first) {
                self.write_step(step);
            }
            if tail == Some(unit) {
                self.write_unit(unit, "", "", level);
                continue;
            }
            let places = self.blocks.units()[unit].clone();
            let names = self.tuple(&places);
            self.write_unit(unit, &format!("let {names} = "), ";", level);
            if let Some(&(_, answer)) =
                self.program.lowered.guards.iter().find(|(question, _)| places.contains(question))
            {
                self.write_guard(&names, answer, level);
            }
        }
        steps.for_each(|(_, step)| self.write_step(step));
    }

    /// Writes the end of the function where a question is not answered as in the trace.
    fn write_guard(&mut self, question: &str, answer: bool, level: usize) {
        let sign = if answer { "!" } else { "" };
        self.line(level, &format!("if {sign}{question} {{"));
        self.write_return(level + 1);
        self.line(level, "}");
    }

    /// Writes the return where the function goes otherwise than in the trace.
    pub(super) fn write_return(&mut self, level: usize) {
        let other = match self.program.fallback {
            None => "None".to_string(),
            Some(fallback) => {
                let names: Vec<&str> = self.program.lowered.arguments.iter().map(|(slot, _)| slot.argument()).collect();
                format!("{fallback}({})", names.join(", "))
            }
        };
        self.line(level, &format!("return {other};"));
    }

    /// Returns one expression, or several in parentheses.
    fn tuple(&self, places: &[u32]) -> String {
        let texts: Vec<&str> = places.iter().map(|&place| self.expression(place).text.as_str()).collect();
        if let [single] = texts[..] { single.to_string() } else { format!("({})", texts.join(", ")) }
    }

    /// Returns the units of a block that are `let`s.
    fn lets_of(&self, block: usize) -> Vec<usize> {
        let is_let = |unit: &usize| self.blocks.units()[*unit].iter().any(|&place| self.is_named[place as usize]);
        self.listed[block].iter().copied().filter(is_let).collect()
    }

    /// Returns the question of a unit of choices, and the values on both sides.
    fn choice(&self, unit: usize) -> (u32, [Vec<u32>; 2]) {
        let node = |place: &u32| self.program.form().node(*place);
        let places = &self.blocks.units()[unit];
        let side = |side: usize| places.iter().map(|place| node(place).arguments()[side]).collect();
        (node(&places[0]).arguments()[0], [side(1), side(2)])
    }

    /// Returns the last unit of a block if its results are the values of the block and nothing else needs them: it needs
    /// no name.
    fn tail_of(&self, side: usize, values: &[u32]) -> Option<usize> {
        let last = *self.lets_of(side).last()?;
        let is_value =
            self.blocks.units()[last] == values && values.iter().all(|&value| self.blocks.uses_of(value) == 1);
        is_value.then_some(last)
    }

    /// Writes one unit, between `before` and `after`.
    fn write_unit(&mut self, unit: usize, before: &str, after: &str, level: usize) {
        let Some(sides) = self.blocks.sides_of(unit) else {
            let own = self.own_expression(self.blocks.units()[unit][0]).expect("it was written before").text;
            return self.line(level, &format!("{before}{own}{after}"));
        };
        if let Some(line) = self.one_line(unit) {
            return self.line(level, &format!("{before}{line}{after}"));
        }
        let (question, [holds, fails]) = self.choice(unit);
        let question = self.expression(question).text.clone();
        self.line(level, &format!("{before}if {question} {{"));
        self.write_side(sides[0], &holds, level + 1);
        self.write_else(sides[1], &fails, after, level);
    }

    /// Returns a choice that fits on one line. Its first value may be such a choice too.
    fn one_line(&mut self, unit: usize) -> Option<String> {
        let sides = self.blocks.sides_of(unit)?;
        let (question, [holds, fails]) = self.choice(unit);
        if self.tail_of(sides[1], &fails).is_some_and(|tail| self.blocks.sides_of(tail).is_some()) {
            return None;
        }
        let [holds, fails] = [self.value_on_one_line(sides[0], &holds)?, self.value_on_one_line(sides[1], &fails)?];
        let line = format!("if {} {{ {holds} }} else {{ {fails} }}", self.expression(question).text);
        (line.len() <= IF_LINE).then_some(line)
    }

    /// Returns the value of a block, if that is all there is in it.
    fn value_on_one_line(&mut self, side: usize, values: &[u32]) -> Option<String> {
        match (&self.lets_of(side)[..], self.tail_of(side, values)) {
            ([], _) => Some(self.tuple(values)),
            ([_], Some(tail)) => match self.blocks.sides_of(tail) {
                Some(_) => self.one_line(tail),
                None => Some(self.own_expression(values[0]).expect("it was written before").text),
            },
            _ => None,
        }
    }

    /// Writes the last part of an `if`, which may be another one.
    fn write_else(&mut self, side: usize, values: &[u32], after: &str, level: usize) {
        let tail = self.tail_of(side, values).filter(|_| self.lets_of(side).len() == 1);
        if let Some((tail, sides)) = tail.and_then(|tail| Some((tail, self.blocks.sides_of(tail)?))) {
            let (question, [holds, fails]) = self.choice(tail);
            let question = self.expression(question).text.clone();
            self.line(level, &format!("}} else if {question} {{"));
            self.write_side(sides[0], &holds, level + 1);
            return self.write_else(sides[1], &fails, after, level);
        }
        self.line(level, "} else {");
        self.write_side(side, values, level + 1);
        self.line(level, &format!("}}{after}"));
    }

    /// Writes one side of an `if`, with its values at the end.
    fn write_side(&mut self, side: usize, values: &[u32], level: usize) {
        let tail = self.tail_of(side, values);
        self.write_block(side, tail, level);
        if tail.is_some() {
            return;
        }
        let tuple = self.tuple(values);
        if values.len() == 1 || tuple.len() - 2 <= TUPLE_LINE {
            return self.line(level, &tuple);
        }
        self.line(level, "(");
        for &value in values {
            let value = self.expression(value).text.clone();
            self.line(level + 1, &format!("{value},"));
        }
        self.line(level, ")");
    }

    fn write_results(&mut self) {
        let mut returned = Vec::new();
        let program = self.program;
        let numbers = program.lowered.parts.iter().filter(|part| part.shape == Shape::Number);
        let lengths: Vec<usize> = numbers.map(|part| self.expression(part.elements[0]).text.len()).collect();
        let are_short = lengths.len() == 1 || lengths.iter().sum::<usize>() <= NUMBERS_LINE;
        for part in &program.lowered.parts {
            returned.push(match self.whole_array(&part.shape, &part.elements) {
                _ if part.shape == Shape::Number => {
                    let number = self.expression(part.elements[0]).text.clone();
                    if are_short {
                        number
                    } else {
                        self.line(1, &format!("let {} = {number};", part.name));
                        part.name.to_string()
                    }
                }
                Some(array) => array,
                None => {
                    self.write_array(1, part.name, &part.shape, &part.elements, false);
                    part.name.to_string()
                }
            });
        }
        let all = if returned.len() == 1 { returned.remove(0) } else { format!("({})", returned.join(", ")) };
        let all = if self.is_partial() { format!("Some({})", all) } else { all };
        self.line(1, &all);
    }

    /// Writes an array of numbers of the form.
    pub(super) fn write_array(&mut self, level: usize, name: &str, shape: &Shape, elements: &[u32], is_mutable: bool) {
        let base = self.base_of(shape, elements);
        let texts: Vec<String> = elements.iter().map(|&place| self.expression(place).text.clone()).collect();
        let joined = texts.join(", ");
        let is_zero = is_mutable && texts.iter().all(|text| text == "0.0");
        let is_short = !matches!(shape, Shape::Matrix(..)) && joined.len() + 2 <= ARRAY_LINE;
        if base.is_none() && is_short && !is_zero {
            let mutable = if is_mutable { "mut " } else { "" };
            return self.line(level, &format!("let {mutable}{name} = [{joined}];"));
        }
        let is_there = |index: usize, text: &str| match &base {
            Some(base) => text == format!("{base}{}", shape.index(index)),
            None => text == "0.0",
        };
        let other: Vec<usize> = (0..texts.len()).filter(|&index| !is_there(index, &texts[index])).collect();
        let mutable = if is_mutable || !other.is_empty() { "mut " } else { "" };
        let start = base.clone().unwrap_or_else(|| shape.zeros());
        self.line(level, &format!("let {mutable}{name} = {start};"));
        let is_next = |&a: &usize, &b: &usize| b == a + 1 && self.are_neighbours(elements[a], elements[b]);
        let runs: Vec<Vec<usize>> = other.chunk_by(is_next).map(<[usize]>::to_vec).collect();
        for run in runs {
            if run.len() >= FEWEST_COPIED && !matches!(shape, Shape::Matrix(..)) {
                let (slot, from) = self.program.form().element_at(elements[run[0]]).expect("it has a neighbour");
                let (to, from) = (run[0]..run[0] + run.len(), from as usize..from as usize + run.len());
                self.line(level, &format!("{name}[{to:?}].copy_from_slice(&{}[{from:?}]);", self.array(slot)));
                continue;
            }
            run.iter()
                .for_each(|&index| self.line(level, &format!("{name}{} = {};", shape.index(index), texts[index])));
        }
    }

    /// Returns whether these are neighbours in an array.
    fn are_neighbours(&self, a: u32, b: u32) -> bool {
        let form = self.program.form();
        form.element_at(a).zip(form.element_at(b)).is_some_and(|((a, index), (b, other))| {
            (b, other) == (a, index + 1) && !matches!(self.shape_of(a), Shape::Matrix(..))
        })
    }
}

/// The names of operations, each given once.
pub(super) struct Names {
    taken: HashSet<String>,
    next: usize,
}

impl Names {
    fn new(program: &Program<'_>) -> Self {
        let mut taken: HashSet<String> = ["x", "p", "v", "w", "chained", program.function].map(str::to_string).into();
        taken.extend(program.lowered.parts.iter().map(|part| part.name).chain(special::names()).map(str::to_string));
        if !program.form().steps().is_empty() {
            taken.extend(["i", "y", "y_v", "d", "d_v", "h", "inputs", "data", "along", "sum"].map(str::to_string));
            taken.extend((0..program.kernels.len()).map(kernel_name));
        }
        Names { taken, next: 0 }
    }

    /// Returns this name, or a longer one where it is taken.
    pub(super) fn unique(&mut self, name: String) -> String {
        let mut unique = name.clone();
        let mut count = 2;
        while !self.taken.insert(unique.clone()) {
            unique = format!("{name}_{count}");
            count += 1;
        }
        unique
    }

    /// Returns the next name that begins with this letter.
    fn next(&mut self, letter: &str) -> String {
        loop {
            let name = format!("{letter}{}", self.next);
            self.next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// Returns a label as a name of Rust.
    fn of_label(&mut self, label: &str) -> String {
        let mut name = String::new();
        for c in label.chars().take(NAME) {
            if c.is_ascii_alphanumeric() {
                name.push(c.to_ascii_lowercase());
            } else if !name.ends_with('_') && !name.is_empty() {
                name.push('_');
            }
        }
        let name = name.trim_matches('_').to_string();
        let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !KEYWORDS.contains(&name.as_str());
        self.unique(if is_word { name } else { format!("the_{name}") })
    }
}

/// The words that are no names.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];
