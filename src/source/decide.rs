//! Both ways of a rule that branches.
//!
//! A rule asks a question, and goes on by the answer. It runs once for each way through it, and the results are joined
//! again by the questions on which the ways part. So the formula holds on both sides of every question.

use super::form::{Form, Operation, on_form};
use super::symbol::Symbol;
use crate::graph::questions::{Asked, Class};

/// Answers a question of a rule: as on the way that is being gone, and first with yes.
pub(super) fn decided(question: Symbol) -> bool {
    on_form(|form| {
        if let Operation::Answer(answer) = form.node(question.place()).operation {
            return answer;
        }
        let follows = |known: &(u32, bool)| follows(form, question.place(), *known);
        let path = form.path.as_ref().expect("only rules ask questions, and rules run in all ways");
        if let Some(answer) = path.iter().find_map(follows) {
            return answer;
        }
        form.path.get_or_insert_default().push((question.place(), true));
        true
    })
}

/// Returns the answer to a question that follows from another answer.
fn follows(form: &Form, question: u32, (known, answer): (u32, bool)) -> Option<bool> {
    if question == known {
        return Some(answer);
    }
    let [asked, known] = [question, known].map(|place| form.node(place));
    let is_normal = known.operation == Operation::Question(Asked::Class(Class::Normal)) && answer;
    let is_finite = Operation::Question(Asked::Class(Class::Finite));
    (is_normal && asked.operation == is_finite && asked.arguments() == known.arguments()).then_some(true)
}
/// Returns the result of a rule, for all answers to its questions.
pub(super) fn in_all_ways(rule: &dyn Fn() -> Symbol) -> Symbol {
    joined(rule, Vec::new())
}

/// Returns the result of a rule for all answers to the questions after those that `given` answers.
fn joined(rule: &dyn Fn() -> Symbol, given: Vec<(u32, bool)>) -> Symbol {
    let first_new = given.len();
    on_form(|form| form.path = Some(given));
    let mut result = rule();
    let path = on_form(|form| form.path.take()).expect("it was put there");
    for turn in (first_new..path.len()).rev() {
        let question = path[turn].0;
        let otherwise = path[..turn].iter().copied().chain([(question, false)]).collect();
        result = Symbol::select(Symbol::at(question), result, joined(rule, otherwise));
    }
    result
}
