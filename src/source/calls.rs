//! Calls of one kernel in a trace.
//!
//! A call is the group of nodes of a [fused](crate::fuse()) kernel. Calls with the same operations, questions and answers
//! are rows of one loop if all that they read is there before the first of them. Constants may differ from row to row.

use std::collections::HashMap;
use std::ops::Range;

use crate::graph::questions::{Asked, Question, Subject};
use crate::graph::{Graph, Role};

/// The fewest calls that become a loop.
const FEWEST: usize = 4;

/// An operand in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operand {
    /// A node of the call, counted from its first.
    Own(usize),
    /// One of the nodes from before the call.
    Input(usize),
    /// One of the constants of the call.
    Constant(usize),
}

/// What calls of a loop have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    /// The name of each operation with its operands; a constant has itself.
    pub(super) operations: Vec<(String, Vec<Operand>)>,
    pub(super) questions: Vec<(Asked, Vec<Operand>, bool)>,
    /// The nodes that others read, counted from the first.
    pub(super) outputs: Vec<usize>,
    /// The map that they are the elements of.
    pub(super) map: Option<u32>,
}

/// A call, and what it does not share with others.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) nodes: Range<usize>,
    pub(super) inputs: Vec<u32>,
    pub(super) constants: Vec<f64>,
}

/// Calls that are one loop.
pub(super) struct Rows {
    pub(super) pattern: Pattern,
    pub(super) calls: Vec<Call>,
}

/// Returns the loops of a trace, by the order of their first calls.
pub(super) fn loops(graph: &Graph, outputs: &[u32]) -> Vec<Rows> {
    let [of_nodes, of_questions] = graph.calls();
    let is_read = read_outside(graph, outputs, &of_nodes, &of_questions);
    let mut questions_of: HashMap<u32, Vec<&Question>> = HashMap::new();
    for (question, call) in graph.questions().iter().zip(&of_questions) {
        if let Some(call) = call {
            questions_of.entry(*call).or_default().push(question);
        }
    }
    let mut by_pattern: Vec<Rows> = Vec::new();
    let mut known: HashMap<Pattern, usize> = HashMap::new();
    let mut start = 0;
    for nodes in of_nodes.chunk_by(|a, b| a == b) {
        let range = start..start + nodes.len();
        start = range.end;
        let Some(call) = nodes[0] else { continue };
        let questions = questions_of.get(&call).map_or(&[][..], Vec::as_slice);
        let (mut pattern, own) = read(graph, range, questions, &is_read);
        pattern.map = graph.map_of(call);
        if pattern.outputs.is_empty() {
            continue;
        }
        let index = *known.entry(pattern.clone()).or_insert(by_pattern.len());
        if index == by_pattern.len() {
            by_pattern.push(Rows { pattern, calls: Vec::new() });
        }
        by_pattern[index].calls.push(own);
    }
    // The node before which each node is computed: the results of a loop are there after its first call.
    let mut computed_at: Vec<usize> = (0..graph.nodes().len()).collect();
    let mut loops = Vec::new();
    for Rows { pattern, calls } in by_pattern {
        let mut rest = calls.into_iter().peekable();
        while let Some(first) = rest.next() {
            let place = first.nodes.start;
            let is_there = |call: &Call| call.inputs.iter().all(|&input| computed_at[input as usize] < place);
            let mut calls = vec![first];
            while let Some(call) = rest.next_if(is_there) {
                calls.push(call);
            }
            if calls.len() >= FEWEST {
                calls.iter().for_each(|call| computed_at[call.nodes.clone()].fill(place));
                loops.push(Rows { pattern: pattern.clone(), calls });
            }
        }
    }
    loops.sort_by_key(|rows| rows.calls[0].nodes.start);
    loops
}

/// Returns, for each node, whether a node of another call, a question outside, or the caller reads it.
fn read_outside(graph: &Graph, outputs: &[u32], of_nodes: &[Option<u32>], of_questions: &[Option<u32>]) -> Vec<bool> {
    let mut is_read = vec![false; of_nodes.len()];
    outputs.iter().for_each(|&output| is_read[output as usize] = true);
    for (index, call) in of_nodes.iter().enumerate() {
        for argument in graph.arguments_of(index) {
            is_read[argument.node()] |= of_nodes[argument.node()] != *call;
        }
    }
    for (question, call) in graph.questions().iter().zip(of_questions) {
        for subject in question.about {
            if let Subject::Node(node) = subject {
                is_read[node as usize] |= of_nodes[node as usize] != *call;
            }
        }
    }
    is_read
}

/// Returns the pattern of a call, and what is its own.
fn read(graph: &Graph, nodes: Range<usize>, questions: &[&Question], is_read: &[bool]) -> (Pattern, Call) {
    let mut call = Call { nodes: nodes.clone(), inputs: Vec::new(), constants: Vec::new() };
    let operations = nodes
        .clone()
        .map(|index| {
            let node = &graph.nodes()[index];
            if node.role() == Role::Constant {
                call.constants.push(node.value());
                return (String::new(), vec![Operand::Constant(call.constants.len() - 1)]);
            }
            let operands = graph.arguments_of(index).iter().map(|argument| call.operand(argument.node()));
            (node.name().to_string(), operands.collect())
        })
        .collect();
    let questions = questions.iter().map(|question| {
        let subjects = &question.about[..question.subjects()];
        let operands = subjects.iter().map(|subject| match *subject {
            Subject::Node(node) => call.operand(node as usize),
            Subject::Constant(x) => {
                call.constants.push(x);
                Operand::Constant(call.constants.len() - 1)
            }
        });
        (question.asked, operands.collect(), question.answer)
    });
    let questions = questions.collect();
    let outputs = nodes.clone().filter(|&index| is_read[index]).map(|index| index - nodes.start).collect();
    (Pattern { operations, questions, outputs, map: None }, call)
}

impl Call {
    /// Returns a node as an operand; one from before the call becomes an input.
    fn operand(&mut self, node: usize) -> Operand {
        if self.nodes.contains(&node) {
            return Operand::Own(node - self.nodes.start);
        }
        let known = self.inputs.iter().position(|&input| input as usize == node);
        Operand::Input(known.unwrap_or_else(|| {
            self.inputs.push(node as u32);
            self.inputs.len() - 1
        }))
    }
}
