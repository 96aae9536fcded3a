//! What a function asked about its numbers while it was traced.
//!
//! A trace holds the operations of the branches that were taken. The answers say where it is valid: where every question
//! is answered as it was. A plain number that was read by [`value`](crate::Scalar::value) is noted too, because
//! nobody sees what became of it.

use std::panic::Location;

use num_traits::Float;

use super::recording::{Caller, here, on_recording};
use super::{Graph, Traced};
use crate::scalar::operators::Relation;
use crate::scalar::{Real, Scalar};

/// A class of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// Not a number.
    Nan,
    /// Neither infinite nor NaN.
    Finite,
    /// ∞ or −∞.
    Infinite,
    /// Finite, and neither 0 nor subnormal.
    Normal,
    /// With a negative sign, as −0 has.
    Negative,
}

impl Class {
    /// Returns whether the number is of this class.
    pub(crate) fn has<R: Real>(self, x: R) -> bool {
        match self {
            Class::Nan => Float::is_nan(x),
            Class::Finite => Float::is_finite(x),
            Class::Infinite => Float::is_infinite(x),
            Class::Normal => Float::is_normal(x),
            Class::Negative => Float::is_sign_negative(x),
        }
    }
}

/// The subject of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// How two numbers relate.
    Relation(Relation),
    /// Whether a number, the first of the two, is of a class.
    Class(Class),
}

/// A number in a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// A node of the graph.
    Node(u32),
    /// A number that is in no graph.
    Constant(f64),
}

/// A question with its answer, the number of nodes that were before it, and its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) asked: Asked,
    pub(crate) about: [Subject; 2],
    pub(crate) answer: bool,
    pub(crate) before: u32,
    group: u32,
}

impl Question {
    /// Returns the number of its subjects.
    pub(crate) fn subjects(&self) -> usize {
        if matches!(self.asked, Asked::Class(_)) { 1 } else { 2 }
    }
}

/// All that a function asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Questions {
    answered: Vec<Question>,
    /// The first place where a plain number was read.
    read: Option<Caller>,
}

impl Graph {
    /// Returns the questions in the order in which the function asked them.
    pub(crate) fn questions(&self) -> &[Question] {
        &self.questions.answered
    }

    /// Returns, for each node and each question, the call of a [fused](crate::fuse()) kernel that it belongs to. A kernel
    /// inside a kernel is part of it.
    pub(crate) fn calls(&self) -> [Vec<Option<u32>>; 2] {
        let mut outermost: Vec<Option<u32>> = vec![None; self.groups.len()];
        for (index, group) in (0..).zip(&self.groups) {
            outermost[index as usize] = outermost[group.parent as usize].or(group.call.and(Some(index)));
        }
        let of_nodes = self.nodes.iter().map(|node| outermost[node.group as usize]);
        let of_questions = self.questions().iter().map(|question| outermost[question.group as usize]);
        [of_nodes.collect(), of_questions.collect()]
    }

    /// Returns the number of the [map](crate::fuse_map) that a call is a part of.
    pub(crate) fn map_of(&self, call: u32) -> Option<u32> {
        self.groups[call as usize].call.and_then(|call| call.map)
    }

    /// Returns whether a plain number was read, and the first place where that happened, in debug builds.
    pub(crate) fn first_reading(&self) -> Option<Option<&'static Location<'static>>> {
        self.questions.read
    }
}

impl<T: Scalar> Traced<T> {
    /// Notes the answer to a question about this number and another one.
    pub(super) fn answered(self, asked: Asked, other: Self, answer: bool) -> bool {
        if !(self.is_constant() && other.is_constant()) {
            on_recording::<T, _>(|recording| {
                let belongs = |x: Self| x.is_constant() || x.stamp() == recording.stamp;
                if belongs(self) && belongs(other) {
                    let about = [self, other].map(|x| {
                        if x.is_constant() {
                            Subject::Constant(super::recording::plain(x.plain()))
                        } else {
                            Subject::Node(x.index())
                        }
                    });
                    let (before, group) = (recording.graph.nodes.len() as u32, recording.group);
                    recording.graph.questions.answered.push(Question { asked, about, answer, before, group });
                }
            });
        }
        answer
    }

    /// Notes whether this number is of a class.
    pub(super) fn is(self, class: Class) -> bool {
        self.answered(Asked::Class(class), self, class.has(self.plain()))
    }

    /// Notes that the plain number was read.
    #[track_caller]
    pub(super) fn read(self) -> T::Real {
        let place = here();
        if !self.is_constant() {
            on_recording::<T, _>(|recording| {
                if self.stamp() == recording.stamp {
                    recording.graph.questions.read.get_or_insert(place);
                }
            });
        }
        self.plain()
    }
}
