//! The form of a traced function.

use num_traits::Float;

use super::elementary::Elementary;
use super::form::{Operation, Slot, on_form};
use super::refusal::Refusal;
use super::symbol::Symbol;
use crate::graph::questions::{Asked, Question, Subject};
use crate::graph::{Graph, Node, Role};

/// A function in the form that is written.
pub(super) struct Loaded {
    /// The inputs that are differentiated by.
    pub(super) inputs: Vec<Symbol>,
    /// The number of parameters that the generated function takes.
    pub(super) parameters: usize,
    pub(super) outputs: Vec<Symbol>,
    /// The questions that the function asked, with the answers that it got.
    pub(super) guards: Vec<(Symbol, bool)>,
    /// The labels of numbers.
    pub(super) labels: Vec<(Symbol, String)>,
    /// The number of operations in the trace.
    pub(super) operations: usize,
}

/// Writes the operations of a trace into the form. Parameters become constants if they are `fixed`.
pub(super) fn load(graph: &Graph, outputs: &[u32], fixed: bool) -> Result<Loaded, Refusal> {
    let mut loaded = Loaded {
        inputs: Vec::new(),
        parameters: 0,
        outputs: Vec::new(),
        guards: Vec::new(),
        labels: Vec::new(),
        operations: 0,
    };
    on_form(|form| form.keeps_operations = true);
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut questions = graph.questions().iter().peekable();
    for (index, node) in graph.nodes().iter().enumerate() {
        while let Some(question) = questions.next_if(|question| question.before as usize <= index) {
            loaded.guards.push(guard(question, &symbols));
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
                loaded.operations += 1;
                let arguments: Vec<Symbol> =
                    graph.arguments_of(index).iter().map(|argument| symbols[argument.node()]).collect();
                Symbol::of(operation_of(node)?, &arguments)
            }
        };
        if let Some(label) = node.label() {
            loaded.labels.push((symbol, label.to_string()));
        }
        symbols.push(symbol);
    }
    loaded.guards.extend(questions.map(|question| guard(question, &symbols)));
    loaded
        .guards
        .retain(|(question, _)| on_form(|form| !matches!(form.node(question.place()).operation, Operation::Answer(_))));
    let mut known = vec![false; on_form(|form| form.len())];
    loaded.guards.retain(|(question, _)| !std::mem::replace(&mut known[question.place() as usize], true));
    on_form(|form| form.keeps_operations = false);
    loaded.outputs = outputs.iter().map(|&output| symbols[output as usize]).collect();
    Ok(loaded)
}

/// Returns the question of the function in the form, and its answer.
fn guard(question: &Question, symbols: &[Symbol]) -> (Symbol, bool) {
    let about = question.about.map(|subject| match subject {
        Subject::Node(index) => symbols[index as usize],
        Subject::Constant(x) => Symbol::constant(x),
    });
    let count = if matches!(question.asked, Asked::Class(_)) { 1 } else { 2 };
    (Symbol::of(Operation::Question(question.asked), &about[..count]), question.answer)
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
