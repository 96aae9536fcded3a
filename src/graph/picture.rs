//! The drawn part of a graph: the nodes that the output depends on, with each folded group as one node.

use std::collections::{BTreeMap, HashMap};
use std::panic::Location;

use super::fold::TooLarge;
use super::rule::rule_of;
use super::{Argument, Graph, Group, Role};

/// The nodes to draw, each after its arguments.
pub(super) struct Picture {
    pub(super) nodes: Vec<Shown>,
    /// The groups that are not folded, each after the group around it. The first is around all.
    pub(super) frames: Vec<Frame>,
    pub(super) output: usize,
}

/// A node, or a folded group.
pub(super) struct Shown {
    /// The operation, or the name of the group.
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) role: Role,
    /// The contents of a folded group.
    pub(super) folded: Option<Folded>,
    /// The values and gradients: several for a group of several results.
    pub(super) results: Vec<(f64, f64)>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) frame: usize,
    pub(super) location: Option<&'static Location<'static>>,
}

#[derive(Clone, Copy)]
pub(super) struct Folded {
    pub(super) operations: usize,
    pub(super) parameters: usize,
}

/// An arrow from an argument to its operation.
pub(super) struct Arrow {
    pub(super) from: usize,
    /// The local derivative, if it is one number.
    pub(super) slope: Option<f64>,
    /// The term that the reverse sweep adds to the gradient of the argument.
    pub(super) contribution: f64,
}

pub(super) struct Frame {
    pub(super) name: String,
    pub(super) parent: usize,
}

impl Shown {
    /// Returns the label, or the name.
    pub(super) fn title(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Returns `o = tanh` for an operation, and the title for others.
    pub(super) fn equation(&self) -> String {
        match &self.label {
            Some(label) if self.role == Role::Operation => format!("{label} = {}", self.name),
            _ => self.title().to_string(),
        }
    }

    /// Returns the formula of its derivative, if it is an operation of the crate.
    pub(super) fn rule(&self) -> Option<&'static str> {
        rule_of(&self.name).filter(|_| self.role == Role::Operation && self.folded.is_none())
    }

    /// Returns the contents of a folded group: `20 parameters, 40 operations`.
    pub(super) fn contents(&self) -> Option<String> {
        let counted = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
        let Folded { operations, parameters } = self.folded?;
        let parts = [counted(parameters, "parameter"), counted(operations, "operation")];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Graph {
    pub(super) fn picture(&self) -> Result<Picture, TooLarge> {
        let needed = self.needed();
        let homes = self.homes(&needed);
        let outermost = self.outermost_folded();
        let folded_in = |index: usize| outermost[homes[index] as usize];
        let indices = || (0..self.nodes.len()).filter(|&index| needed[index]);

        // A folded group is shown at its last node, after all its arguments.
        let last: HashMap<u32, usize> = indices().filter_map(|index| Some((folded_in(index)?, index))).collect();
        let shown = || indices().filter(|&index| folded_in(index).is_none_or(|group| last[&group] == index));
        let mut numbers = vec![usize::MAX; self.nodes.len()];
        shown().enumerate().for_each(|(number, index)| numbers[index] = number);
        let count = shown().count();
        self.refuse_large(count, 0)?;
        let mut members = vec![Vec::new(); count];
        for index in indices() {
            numbers[index] = folded_in(index).map_or(numbers[index], |group| numbers[last[&group]]);
            members[numbers[index]].push(index);
        }
        let mut is_result = vec![false; self.nodes.len()];
        is_result[self.output as usize] = true;
        for index in indices() {
            let arguments = self.arguments_of(index).iter().map(|x| x.node());
            arguments.filter(|&x| numbers[x] != numbers[index]).for_each(|x| is_result[x] = true);
        }

        let mut frames = Frames::new(&self.groups);
        let mut slopes = vec![0.0; self.nodes.len()];
        let nodes = shown().zip(&members).map(|(index, members)| match folded_in(index) {
            None => self.shown(index, &numbers, frames.number_of(homes[index])),
            Some(group) => {
                let frame = frames.number_of(self.groups[group as usize].parent);
                self.shown_folded(group, members, &is_result, &numbers, frame, &mut slopes)
            }
        });
        let nodes: Vec<Shown> = nodes.collect();
        self.refuse_large(count, nodes.iter().map(|node| node.arrows.len()).sum())?;
        Ok(Picture { nodes, output: numbers[self.output as usize], frames: frames.list })
    }

    /// Returns whether the output depends on each node.
    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        needed[self.output as usize] = true;
        for index in (0..=self.output as usize).rev() {
            if needed[index] {
                self.arguments_of(index).iter().for_each(|x| needed[x.node()] = true);
            }
        }
        needed
    }

    /// Returns the group of each node. A constant or a parameter is in the innermost one that holds all its uses.
    fn homes(&self, needed: &[bool]) -> Vec<u32> {
        let mut homes: Vec<u32> = self.nodes.iter().map(|node| node.group).collect();
        let mut used = vec![false; self.nodes.len()];
        for index in (0..self.nodes.len()).filter(|&index| needed[index]) {
            for x in self.arguments_of(index).iter().map(|x| x.node()) {
                if matches!(self.nodes[x].role, Role::Constant | Role::Parameter) {
                    homes[x] = if used[x] { self.common(homes[x], homes[index]) } else { homes[index] };
                    used[x] = true;
                }
            }
        }
        homes
    }

    /// Returns the innermost group around two groups.
    fn common(&self, mut a: u32, mut b: u32) -> u32 {
        while a != b {
            // A group comes after the one around it.
            let inner = if a > b { &mut a } else { &mut b };
            *inner = self.groups[*inner as usize].parent;
        }
        a
    }

    fn shown(&self, index: usize, numbers: &[usize], frame: usize) -> Shown {
        let node = &self.nodes[index];
        let arrow = |x: &Argument| Arrow {
            from: numbers[x.node()],
            slope: Some(x.slope),
            contribution: contribution(x.slope, node.gradient),
        };
        Shown {
            name: node.name().to_string(),
            label: node.label().map(str::to_string),
            role: node.role,
            folded: None,
            results: vec![(node.value, node.gradient)],
            arrows: self.arguments_of(index).iter().map(arrow).collect(),
            frame,
            location: node.location,
        }
    }

    /// Returns a folded group as one operation. `slopes` is zero for every node, before and after.
    fn shown_folded(
        &self,
        group: u32,
        members: &[usize],
        is_result: &[bool],
        numbers: &[usize],
        frame: usize,
        slopes: &mut [f64],
    ) -> Shown {
        let number = numbers[members[0]];
        let results: Vec<&usize> = members.iter().filter(|&&index| is_result[index]).collect();
        if let [&only] = results[..] {
            slopes[only] = 1.0;
        }
        // The term that the reverse sweep adds to each argument.
        let mut contributions: BTreeMap<usize, f64> = BTreeMap::new();
        for &index in members.iter().rev() {
            let slope_here = std::mem::take(&mut slopes[index]);
            for x in self.arguments_of(index) {
                slopes[x.node()] += contribution(x.slope, slope_here);
                if numbers[x.node()] != number {
                    *contributions.entry(x.node()).or_default() += contribution(x.slope, self.nodes[index].gradient);
                }
            }
        }
        let mut arrows: Vec<Arrow> = Vec::new();
        for (x, contribution) in contributions {
            let (from, slope) = (numbers[x], std::mem::take(&mut slopes[x]));
            match arrows.last_mut().filter(|arrow| arrow.from == from) {
                Some(arrow) => (arrow.slope, arrow.contribution) = (None, arrow.contribution + contribution),
                None => arrows.push(Arrow { from, slope: (results.len() == 1).then_some(slope), contribution }),
            }
        }
        let last = results.last().map(|&&index| &self.nodes[index]);
        let count = |role: Role| members.iter().filter(|&&index| self.nodes[index].role == role).count();
        Shown {
            name: self.groups[group as usize].name.clone(),
            label: last.filter(|_| results.len() == 1).and_then(|node| node.label()).map(str::to_string),
            role: Role::Operation,
            folded: Some(Folded { operations: count(Role::Operation), parameters: count(Role::Parameter) }),
            results: results.iter().map(|&&index| (self.nodes[index].value, self.nodes[index].gradient)).collect(),
            arrows,
            frame,
            location: last.and_then(|node| node.location),
        }
    }
}

/// Returns the product of a slope and an adjoint. A zero beats an infinity.
pub(super) fn contribution(slope: f64, adjoint: f64) -> f64 {
    if slope == 0.0 || adjoint == 0.0 { 0.0 } else { slope * adjoint }
}

/// The open groups that are needed, in the order of their first use.
struct Frames<'a> {
    groups: &'a [Group],
    list: Vec<Frame>,
    numbers: HashMap<u32, usize>,
}

impl<'a> Frames<'a> {
    fn new(groups: &'a [Group]) -> Self {
        let around_all = Frame { name: String::new(), parent: 0 };
        Frames { groups, list: vec![around_all], numbers: HashMap::from([(0, 0)]) }
    }

    fn number_of(&mut self, group: u32) -> usize {
        let around = std::iter::successors(Some(group), |&group| Some(self.groups[group as usize].parent));
        let unknown: Vec<u32> = around.take_while(|group| !self.numbers.contains_key(group)).collect();
        for group in unknown.into_iter().rev() {
            let Group { name, parent, .. } = &self.groups[group as usize];
            self.numbers.insert(group, self.list.len());
            self.list.push(Frame { name: name.clone(), parent: self.numbers[parent] });
        }
        self.numbers[&group]
    }
}
