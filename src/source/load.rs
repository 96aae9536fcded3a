//! The form of a traced function.

use std::collections::{BTreeSet, HashSet};

use num_traits::Float;

use super::calls::{Call, Operand, Rows, loops};
use super::chain::Slopes;
use super::elementary::Elementary;
use super::form::{Form, Operation, Slot, on_form};
use super::refusal::Refusal;
use super::results::{Part, value};
use super::rows::{Calls, Column, Derivative, Step, column, input_columns};
use super::symbol::Symbol;
use crate::graph::questions::{Question, Subject};
use crate::graph::{Graph, Node, Role};

/// What becomes of the calls of a kernel, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernels {
    /// Their operations stand one after the other.
    Unrolled,
    /// A loop that calls the kernel.
    Called,
    /// A loop that calls the kernel with its slopes.
    WithSlopes(Slopes),
}

/// A function in the form that is written.
#[derive(Default)]
pub(super) struct Loaded {
    /// The inputs that are differentiated by.
    pub(super) inputs: Vec<Symbol>,
    /// The number of parameters that the generated function takes.
    pub(super) parameters: usize,
    /// The number of elements of its direction, or 0 without one.
    pub(super) along: usize,
    /// The number of its weights of outputs, or 0 without them.
    pub(super) weights: usize,
    pub(super) outputs: Vec<Symbol>,
    /// The questions that the function asked, with the answers that it got.
    pub(super) guards: Vec<(Symbol, bool)>,
    /// The labels of numbers.
    pub(super) labels: Vec<(Symbol, String)>,
    /// The number of operations in the trace.
    pub(super) operations: usize,
    pub(super) kernels: Vec<Kernel>,
}

/// A kernel that is called in a loop, in a form of its own.
pub(super) struct Kernel {
    pub(super) form: Form,
    pub(super) loaded: Loaded,
    /// The outputs, and their slopes if they are asked for.
    pub(super) parts: Vec<Part>,
    pub(super) rows: usize,
}

/// Writes the operations of a trace into the form. Parameters become constants if they are `fixed`.
///
/// Without `LOOPS` all kernels are unrolled, and a program that writes formulas alone has no code for loops.
pub(super) fn load<const LOOPS: bool>(
    graph: &Graph,
    outputs: &[u32],
    fixed: bool,
    kernels: Kernels,
) -> Result<Loaded, Refusal> {
    let mut loader = Loader {
        graph,
        kernels,
        depends: depending_on_inputs(graph),
        symbols: vec![None; graph.nodes().len()],
        is_in_loop: vec![false; graph.nodes().len()],
        loaded: Loaded::default(),
    };
    let loops = if LOOPS && kernels != Kernels::Unrolled { loops(graph, outputs) } else { Vec::new() };
    let mut loops = loops.into_iter().peekable();
    let [of_nodes, of_questions] =
        if LOOPS { graph.calls() } else { [Vec::new(), vec![None; graph.questions().len()]] };
    let mut called: HashSet<u32> = HashSet::new();
    let mut questions = graph.questions().iter().zip(of_questions).peekable();
    on_form(|form| form.keeps_operations = true);
    for index in 0..graph.nodes().len() {
        if LOOPS
            && let Some(rows) = loops.next_if(|rows| rows.calls[0].nodes.start == index)
            && loader.take_loop(&rows)?
        {
            called.extend(rows.calls.iter().filter_map(|call| of_nodes[call.nodes.start]));
        }
        while let Some((question, call)) = questions.next_if(|(question, _)| question.before as usize <= index) {
            if !LOOPS || call.is_none_or(|call| !called.contains(&call)) {
                loader.take_question(question);
            }
        }
        loader.take_node(index, fixed)?;
    }
    let outside = questions.filter(|(_, call)| !LOOPS || call.is_none_or(|call| !called.contains(&call)));
    outside.for_each(|(question, _)| loader.take_question(question));
    let mut loaded = loader.loaded;
    loaded.settle();
    loaded.outputs = outputs.iter().map(|&output| loader.symbols[output as usize].expect("it was taken")).collect();
    Ok(loaded)
}

impl Kernel {
    /// Returns whether a derivative is 0 in all rows.
    pub(super) fn is_zero(&self, derivative: Derivative, number: usize) -> bool {
        let part = self.parts.iter().find(|part| part.name == derivative.name()).expect("it was asked for");
        self.form.constant_at(part.elements[number]) == Some(0.0)
    }
}

impl Loaded {
    /// Returns the places of all that the generated function computes: its results, its questions, and what has a name.
    pub(super) fn results(&self, parts: &[Part]) -> Vec<u32> {
        let elements = parts.iter().flat_map(|part| part.elements.iter().copied());
        let questions = self.guards.iter().map(|(question, _)| question.place());
        let labelled = self.labels.iter().map(|(symbol, _)| symbol.place());
        elements.chain(questions).chain(labelled).collect()
    }

    /// Computes derivatives in each kernel beside those that it has, by its number.
    pub(super) fn differentiate_kernels(
        &mut self,
        mut asked: impl FnMut(usize) -> BTreeSet<Derivative>,
        slopes: Slopes,
    ) {
        let kernels = std::mem::take(&mut self.kernels).into_iter().enumerate();
        self.kernels = kernels.map(|(number, kernel)| kernel.with(&asked(number), slopes)).collect();
    }

    /// Moves these to their places in another form.
    pub(super) fn moved(&mut self, parts: &mut [Part], places: Vec<u32>) {
        let mut places = places.into_iter();
        let mut place = || places.next().expect("as many");
        parts.iter_mut().flat_map(|part| &mut part.elements).for_each(|element| *element = place());
        self.guards.iter_mut().for_each(|(question, _)| *question = Symbol::at(place()));
        self.labels.iter_mut().for_each(|(symbol, _)| *symbol = Symbol::at(place()));
    }

    /// Leaves out guards that are known to hold, or that are there already. Operations are simplified from here on.
    fn settle(&mut self) {
        on_form(|form| {
            let mut known = vec![false; form.len()];
            self.guards.retain(|(question, _)| {
                let is_known = std::mem::replace(&mut known[question.place() as usize], true);
                !is_known && !matches!(form.node(question.place()).operation, Operation::Answer(_))
            });
            form.keeps_operations = false;
        });
    }
}

struct Loader<'a> {
    graph: &'a Graph,
    kernels: Kernels,
    /// Whether each node depends on inputs.
    depends: Vec<bool>,
    /// The nodes that are in the form.
    symbols: Vec<Option<Symbol>>,
    /// Whether a loop computes each node.
    is_in_loop: Vec<bool>,
    loaded: Loaded,
}

impl Loader<'_> {
    fn symbol(&self, node: usize) -> Symbol {
        self.symbols[node].expect("arguments stand before results")
    }

    fn take_node(&mut self, index: usize, fixed: bool) -> Result<(), Refusal> {
        let (node, loaded) = (&self.graph.nodes()[index], &mut self.loaded);
        loaded.operations += usize::from(node.role() == Role::Operation);
        if self.is_in_loop[index] {
            return Ok(());
        }
        let symbol = match node.role() {
            Role::Input => {
                let input = Symbol::of(Operation::Input(Slot::X, loaded.inputs.len() as u32), &[]);
                loaded.inputs.push(input);
                input
            }
            Role::Parameter if !fixed => {
                loaded.parameters += 1;
                Symbol::of(Operation::Input(Slot::P, loaded.parameters as u32 - 1), &[])
            }
            Role::Parameter | Role::Constant => Symbol::constant(node.value()),
            Role::Operation => {
                let arguments = self.graph.arguments_of(index).iter();
                let arguments: Vec<Symbol> = arguments.map(|argument| self.symbol(argument.node())).collect();
                Symbol::of(operation_of(node)?, &arguments)
            }
        };
        if let Some(label) = node.label() {
            self.loaded.labels.push((symbol, label.to_string()));
        }
        self.symbols[index] = Some(symbol);
        Ok(())
    }

    fn take_question(&mut self, question: &Question) {
        let about = question.about.map(|subject| match subject {
            Subject::Node(index) => self.symbol(index as usize),
            Subject::Constant(x) => Symbol::constant(x),
        });
        let asked = Symbol::of(Operation::Question(question.asked), &about[..question.subjects()]);
        self.loaded.guards.push((asked, question.answer));
    }

    /// Takes calls as a loop. Returns whether that can be.
    fn take_loop(&mut self, rows: &Rows) -> Result<bool, Refusal> {
        let (first, calls) = (&rows.calls[0], &rows.calls);
        let mut places = Vec::new();
        for input in 0..first.inputs.len() {
            let of_call = |call: &Call| self.symbols[call.inputs[input] as usize].map(|symbol| symbol.place());
            let Some(column) = calls.iter().map(of_call).collect::<Option<Vec<u32>>>() else { return Ok(false) };
            places.push(column);
        }
        let is_input = |input: usize| calls.iter().any(|call| self.depends[call.inputs[input] as usize]);
        let (inputs, others): (Vec<usize>, Vec<usize>) = (0..places.len()).partition(|&input| is_input(input));
        let of_inputs: Vec<Vec<u32>> = inputs.iter().map(|&input| places[input].clone()).collect();
        let Some(input_columns) = input_columns(&of_inputs) else { return Ok(false) };
        let mut data: Vec<Vec<u32>> = others.iter().map(|&other| places[other].clone()).collect();
        // The constants of the kernel: the same in all rows, or a column of the data.
        let constants = (0..first.constants.len()).map(|number| {
            let bits = first.constants[number].to_bits();
            if calls.iter().all(|call| call.constants[number].to_bits() == bits) {
                return Source::Known(first.constants[number]);
            }
            let column: Vec<u32> = calls.iter().map(|call| Symbol::constant(call.constants[number]).place()).collect();
            Source::Data(data.iter().position(|known| *known == column).unwrap_or_else(|| {
                data.push(column);
                data.len() - 1
            }))
        });
        let constants = constants.collect();
        let place_in = |list: &[usize], input: usize| list.iter().position(|&other| other == input);
        let of_input = |input: usize| match place_in(&inputs, input) {
            Some(place) => Source::Input(place),
            None => Source::Data(place_in(&others, input).expect("it is one or the other")),
        };
        let sources = Sources { inputs: (0..places.len()).map(of_input).collect(), constants };
        let kernel = self.kernel(rows, &sources, [inputs.len(), data.len()])?;
        let data: Vec<Column> = data.iter().map(|places| column(places)).collect();
        let elements = on_form(|form| {
            let outputs: Vec<u32> = rows.pattern.outputs.iter().map(|_| form.new_array(calls.len())).collect();
            let is_guarded = !kernel.loaded.guards.is_empty();
            form.add_step(Step::Calls(Calls {
                kernel: self.loaded.kernels.len(),
                rows: calls.len(),
                inputs: input_columns,
                data,
                along: Vec::new(),
                outputs: outputs.clone(),
                tangents: Vec::new(),
                is_guarded,
                is_map: rows.pattern.map.is_some(),
            }));
            outputs.iter().map(|&output| form.elements(Slot::Local(output), calls.len())).collect::<Vec<_>>()
        });
        self.loaded.kernels.push(kernel);
        for (row, call) in calls.iter().enumerate() {
            self.is_in_loop[call.nodes.clone()].fill(true);
            for (&output, elements) in rows.pattern.outputs.iter().zip(&elements) {
                self.symbols[call.nodes.start + output] = Some(Symbol::at(elements[row]));
            }
        }
        Ok(true)
    }

    /// Returns the kernel of a loop, with as many inputs and data.
    fn kernel(&self, rows: &Rows, sources: &Sources, [inputs, data]: [usize; 2]) -> Result<Kernel, Refusal> {
        let plain = on_form(|form| form.plain);
        let (form, written) = Form::written(plain, || {
            let arguments = |slot: Slot, count: usize| {
                (0..count as u32).map(move |index| Symbol::of(Operation::Input(slot, index), &[])).collect()
            };
            let (x, p): (Vec<Symbol>, Vec<Symbol>) = (arguments(Slot::X, inputs), arguments(Slot::P, data));
            let of_source = |source: Source| match source {
                Source::Input(index) => x[index],
                Source::Data(index) => p[index],
                Source::Known(number) => Symbol::constant(number),
            };
            let mut own: Vec<Symbol> = Vec::new();
            let symbol = |own: &[Symbol], operand: Operand| match operand {
                Operand::Own(index) => own[index],
                Operand::Input(input) => of_source(sources.inputs[input]),
                Operand::Constant(constant) => of_source(sources.constants[constant]),
            };
            let mut loaded = Loaded { inputs: x.clone(), parameters: data, ..Loaded::default() };
            on_form(|form| form.keeps_operations = true);
            let nodes = &self.graph.nodes()[rows.calls[0].nodes.clone()];
            for ((_, operands), node) in rows.pattern.operations.iter().zip(nodes) {
                let arguments: Vec<Symbol> = operands.iter().map(|&operand| symbol(&own, operand)).collect();
                own.push(match node.role() {
                    Role::Operation => Symbol::of(operation_of(node)?, &arguments),
                    _ => arguments[0],
                });
                if let Some(label) = node.label() {
                    loaded.labels.push((own[own.len() - 1], label.to_string()));
                }
            }
            for (asked, operands, answer) in &rows.pattern.questions {
                let about: Vec<Symbol> = operands.iter().map(|&operand| symbol(&own, operand)).collect();
                loaded.guards.push((Symbol::of(Operation::Question(*asked), &about), *answer));
            }
            loaded.settle();
            loaded.outputs = rows.pattern.outputs.iter().map(|&output| own[output]).collect();
            let mut parts = vec![value(&loaded.outputs)];
            if let Kernels::WithSlopes(slopes) = self.kernels
                && inputs > 0
            {
                parts.push(loaded.derivative(Derivative::Slopes, &parts, slopes));
            }
            Ok((loaded, parts))
        });
        let (loaded, parts) = written?;
        Ok(Kernel { form, loaded, parts, rows: rows.calls.len() })
    }
}

/// The part of a kernel's arguments that an operand is.
#[derive(Clone, Copy)]
enum Source {
    Input(usize),
    Data(usize),
    /// A constant of the kernel.
    Known(f64),
}

/// The operands of the calls as arguments of the kernel.
struct Sources {
    inputs: Vec<Source>,
    constants: Vec<Source>,
}

/// Returns, for each node, whether it depends on inputs.
fn depending_on_inputs(graph: &Graph) -> Vec<bool> {
    let mut depends: Vec<bool> = Vec::new();
    for (index, node) in graph.nodes().iter().enumerate() {
        let own = graph.arguments_of(index).iter().any(|argument| depends[argument.node()]);
        depends.push(own || node.role() == Role::Input);
    }
    depends
}

/// Returns the operation of a node by its name, which has its parameters: `powi(3)`.
fn operation_of(node: &Node) -> Result<Operation, Refusal> {
    if node.is_custom() {
        return Err(Refusal::Custom { name: node.name().to_string(), location: node.location() });
    }
    let (name, parameters) = node.name().split_once('(').unwrap_or((node.name(), ""));
    Ok(match name {
        "neg" => Operation::Negative,
        "+" => Operation::Sum,
        "-" => Operation::Difference,
        "*" => Operation::Product,
        "/" => Operation::Quotient,
        "%" => Operation::Remainder,
        "mul_add" => Operation::MulAdd,
        _ => {
            let parameters = parameters.trim_end_matches(')').split(", ").filter(|text| !text.is_empty());
            let numbers: Vec<f64> = parameters.map(|text| text.parse().unwrap_or(Float::nan())).collect();
            let function = Elementary::of(name, &numbers);
            Operation::Function(
                function
                    .ok_or_else(|| Refusal::Unknown { name: node.name().to_string(), location: node.location() })?,
            )
        }
    })
}
