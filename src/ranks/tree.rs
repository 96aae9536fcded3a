//! The tree by which a sum is added: it depends on the number of pieces alone.
//!
//! A node is a range of pieces. A node of more than one piece has two halves. The length of the first half is the largest
//! power of two below the length of the node.

use std::ops::Range;

/// Returns the sum of a node: `known` if it has one, and else the sum of its halves. Single pieces must be known.
///
/// It holds one sum for each level of the tree.
pub(crate) fn sum<V>(
    node: Range<usize>,
    known: &mut impl FnMut(&Range<usize>) -> Option<V>,
    add: &mut impl FnMut(V, V) -> V,
) -> V {
    known(&node).unwrap_or_else(|| {
        let [left, right] = halves(&node).map(|half| sum(half, known, add));
        add(left, right)
    })
}

/// Returns the sum of a node as [`sum`] does, on all threads of the current rayon pool.
#[cfg(feature = "parallel")]
pub(crate) fn par_sum<V: Send>(
    node: Range<usize>,
    piece: &(impl Fn(usize) -> V + Sync),
    add: &(impl Fn(V, V) -> V + Sync),
) -> V {
    if node.len() == 1 {
        return piece(node.start);
    }
    let [left, right] = halves(&node);
    let (left, right) = rayon::join(|| par_sum(left, piece, add), || par_sum(right, piece, add));
    add(left, right)
}

/// Returns the largest nodes within a share, in order.
pub(super) fn nodes(tree: Range<usize>, share: &Range<usize>) -> Vec<Range<usize>> {
    if tree.end <= share.start || share.end <= tree.start {
        Vec::new()
    } else if share.start <= tree.start && tree.end <= share.end {
        vec![tree]
    } else {
        halves(&tree).into_iter().flat_map(|half| nodes(half, share)).collect()
    }
}

fn halves(node: &Range<usize>) -> [Range<usize>; 2] {
    let middle = node.start + node.len().next_power_of_two() / 2;
    [node.start..middle, middle..node.end]
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    /// The sum as it is added.
    fn shape(pieces: usize) -> String {
        let piece = |node: &Range<usize>| (node.len() == 1).then(|| node.start.to_string());
        sum(0..pieces, &mut { piece }, &mut |left, right| format!("({left}+{right})"))
    }

    #[test]
    fn the_tree_is_of_powers_of_two() {
        assert_eq!(shape(1), "0");
        assert_eq!(shape(4), "((0+1)+(2+3))");
        assert_eq!(shape(7), "(((0+1)+(2+3))+((4+5)+6))");
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn threads_add_by_the_same_tree() {
        let added = par_sum(0..21, &|piece| piece.to_string(), &|left, right| format!("({left}+{right})"));
        assert_eq!(added, shape(21));
    }

    #[test]
    fn nodes_are_whole_subtrees() {
        assert_eq!(nodes(0..7, &(0..7)), from_ref(&(0..7)));
        assert_eq!(nodes(0..8, &(1..7)), [1..2, 2..4, 4..6, 6..7]);
        assert_eq!(nodes(0..7, &(4..7)), from_ref(&(4..7)));
        assert_eq!(nodes(0..8, &(3..3)), []);
        assert_eq!(nodes(0..0, &(0..0)), []);
    }
}
