//! Groups as one node each, and what is too large without.

use std::fmt;

use super::Graph;

/// What a drawing may hold. More nodes cannot be looked at.
pub(super) const LARGEST: usize = 10_000;

impl Graph {
    /// The same graph with all groups of this name folded: each is drawn as one node. A name is that of a group, or its
    /// first word, as `"layer"` of `layer 2`.
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

    /// The same graph with all groups of this name open: their nodes are drawn in a frame.
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

    /// For each group the outermost folded one around it, or itself.
    pub(super) fn outermost_folded(&self) -> Vec<Option<u32>> {
        let mut outermost: Vec<Option<u32>> = vec![None; self.groups.len()];
        for (index, group) in (0..).zip(&self.groups) {
            outermost[index as usize] = outermost[group.parent as usize].or(group.folded.then_some(index));
        }
        outermost
    }

    /// Refuses to draw so many nodes, with the groups that could be folded.
    pub(super) fn too_large(&self, nodes: usize, outermost: &[Option<u32>]) -> TooLarge {
        let mut groups: Vec<(String, usize)> = Vec::new();
        for (group, _) in self.groups.iter().zip(outermost).skip(1).filter(|(_, folded)| folded.is_none()) {
            let word = group.name.split(' ').next().unwrap_or_default();
            match groups.iter_mut().find(|(known, _)| known == word) {
                Some((_, count)) => *count += 1,
                None => groups.push((word.to_string(), 1)),
            }
        }
        TooLarge { nodes, groups }
    }
}

/// A graph has more nodes than a drawing can show. The sentence says which groups can be [folded](Graph::fold).
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
    nodes: usize,
    /// The first words of the names of the groups that are open, with how many there are.
    groups: Vec<(String, usize)>,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the graph has {} nodes to be drawn, and a drawing holds {LARGEST}: ", self.nodes)?;
        let Some((first, _)) = self.groups.first() else {
            return f.write_str(
                "it has no group to fold; make some, `S::group(\"step\", || ...)`, and fold them, `graph.fold(\"step\")`",
            );
        };
        let listed: Vec<String> = self.groups.iter().map(|(name, count)| format!("`{name}` ({count})")).collect();
        write!(f, "fold groups, of which there are {}: `graph.fold({first:?})`", listed.join(", "))
    }
}

impl std::error::Error for TooLarge {}
