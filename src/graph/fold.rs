//! Folding: groups as one node each, and the limits of drawings.

use std::fmt;

use super::Graph;

/// The largest numbers of nodes and arrows in a drawing: a reader cannot take in more.
const MOST_NODES: usize = 10_000;
const MOST_ARROWS: usize = 50_000;

impl Graph {
    /// Folds all groups of this name: each is drawn as one node. The name is the whole name of a group, or its first
    /// word: `"layer"` for `layer 2`.
    ///
    /// Constants and parameters that only such a group uses are folded with it. Sums and products over slices and
    /// fused kernels (`sum`, `dot`, `weighted_sum`, `fuse`) are folded from the start.
    ///
    /// ```
    /// use dualtape::graph::trace_parametric;
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(3, &[(4, Activation::Tanh), (4, Activation::Tanh), (1, Activation::Linear)]);
    /// let f = |x: &[_], p: &[_]| mlp.with_parameters(p).forward(x)[0];
    /// let graph = trace_parametric(f, &[2.0, 3.0, -1.0], mlp.parameters());
    /// assert_eq!(graph.to_string().lines().count(), 137);
    /// assert_eq!(graph.fold("layer").to_string().lines().count(), 6);
    /// ```
    #[must_use]
    pub fn fold(self, name: &str) -> Graph {
        self.with_folded(name, true)
    }

    /// Opens all groups of this name: their nodes are drawn in a frame.
    ///
    /// ```
    /// use dualtape::{dot, graph::trace};
    ///
    /// let graph = trace(|x| dot(x, x), &[3.0, 5.0]);
    /// assert_eq!(graph.to_string().lines().count(), 3);
    /// assert_eq!(graph.open("dot").to_string().lines().count(), 7);
    /// ```
    #[must_use]
    pub fn open(self, name: &str) -> Graph {
        self.with_folded(name, false)
    }

    fn with_folded(mut self, name: &str, folded: bool) -> Graph {
        for group in &mut self.groups[1..] {
            let rest = group.name.strip_prefix(name);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
                group.folded = folded;
            }
        }
        self
    }

    /// Returns, for each group, the outermost folded one around it, or itself.
    pub(super) fn outermost_folded(&self) -> Vec<Option<u32>> {
        let mut outermost: Vec<Option<u32>> = vec![None; self.groups.len()];
        for (index, group) in (0..).zip(&self.groups) {
            outermost[index as usize] = outermost[group.parent as usize].or(group.folded.then_some(index));
        }
        outermost
    }

    /// Refuses to draw too many nodes or arrows, and names the groups to fold.
    pub(super) fn refuse_large(&self, nodes: usize, arrows: usize) -> Result<(), TooLarge> {
        let (count, what, most) = if nodes > MOST_NODES {
            (nodes, "nodes", MOST_NODES)
        } else if arrows > MOST_ARROWS {
            (arrows, "arrows", MOST_ARROWS)
        } else {
            return Ok(());
        };
        let mut groups: Vec<(String, usize)> = Vec::new();
        for (group, folded) in self.groups.iter().zip(self.outermost_folded()).skip(1) {
            let word = group.name.split(' ').next().unwrap_or_default();
            match groups.iter_mut().find(|(known, _)| known == word) {
                _ if folded.is_some() => {}
                Some((_, count)) => *count += 1,
                None => groups.push((word.to_string(), 1)),
            }
        }
        Err(TooLarge { count, what, most, groups })
    }
}

/// A graph has more nodes or arrows than a drawing can show. The message names the groups to [fold](Graph::fold).
///
/// ```
/// use dualtape::{Scalar, graph::trace};
///
/// let graph = trace(|x| (0..20_000).fold(x[0], |y, _| y.sin()), &[1.0]);
/// assert_eq!(
///     graph.svg().unwrap_err().to_string(),
///     "the graph has 20001 nodes to be drawn, and a drawing holds 10000: it has no group to fold; make some, \
///      `S::group(\"step\", || ...)`, and fold them, `graph.fold(\"step\")`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    count: usize,
    what: &'static str,
    most: usize,
    /// The first words of the names of the open groups, with the number of each.
    groups: Vec<(String, usize)>,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooLarge { count, what, most, .. } = self;
        write!(f, "the graph has {count} {what} to be drawn, and a drawing holds {most}: ")?;
        let Some((first, _)) = self.groups.first() else {
            return f.write_str(
                "it has no group to fold; make some, `S::group(\"step\", || ...)`, and fold them, `graph.fold(\"step\")`",
            );
        };
        let listed: Vec<String> = self.groups.iter().map(|(name, count)| format!("`{name}` ({count})")).collect();
        write!(f, "fold groups; there are {}: `graph.fold({first:?})`", listed.join(", "))
    }
}

impl std::error::Error for TooLarge {}
