//! Coloring: which columns of a sparse matrix share one direction.
//!
//! The columns of one color are summed in one product with a vector of zeros and ones. Where
//! no two of them meet in a row, every entry is an element of a sum (Curtis, Powell & Reid
//! 1974): a *distance-2* coloring. The entry (i, j) of a symmetric matrix may be read as
//! (j, i) as well, so there it is enough that neighbors have two colors and paths of four
//! vertices three (Coleman & Moré 1984): a *star* coloring. A star coloring of an arrow has 2
//! colors; a distance-2 coloring has one for each column, as all meet in one row.
//!
//! The least number of colors is NP-hard to find. Both colorings here are greedy and begin
//! with the columns of most neighbors (Welsh & Powell 1967). (Gebremedhin, Manne & Pothen,
//! *What color is your Jacobian?*, SIAM Review 2005.)

use std::cmp::Reverse;

use super::Sparsity;

/// The colors of the columns of a matrix.
#[derive(Clone)]
pub(super) struct Coloring {
    /// The color of every column that has entries.
    pub(super) colors: Vec<Option<usize>>,
    /// The number of colors.
    pub(super) count: usize,
}

impl Coloring {
    /// The color of a column that has entries.
    pub(super) fn color_of(&self, column: usize) -> usize {
        self.colors[column].expect("a column that has entries has a color")
    }
}

/// A coloring in which no row has two columns of one color.
pub(super) fn distance_two(matrix: &Sparsity, transposed: &Sparsity) -> Coloring {
    let meeting = |j: usize| transposed.row(j).iter().flat_map(|&i| matrix.row(i));
    let mut palette = Palette::default();
    let mut colors = vec![None; matrix.shape().1];
    for j in largest_first(colors.len(), |j| transposed.row(j).iter().map(|&i| matrix.row(i).len()).sum()) {
        colors[j] = Some(palette.first_except(meeting(j).filter_map(|&k| colors[k])));
    }
    Coloring { colors, count: palette.len() }
}

/// A coloring of a symmetric matrix in which neighbors have two colors and paths of four
/// vertices three; and for every entry the row and the color of the sum that it is read from,
/// the same for (i, j) and (j, i).
pub(super) fn star(matrix: &Sparsity) -> (Coloring, Vec<(usize, usize)>) {
    let n = matrix.shape().0;
    let mut palette = Palette::default();
    let mut colors = vec![None; n];
    // The colored neighbors of every vertex, grouped by their color.
    let mut around: Vec<Vec<Group>> = vec![Vec::new(); n];
    for v in largest_first(n, |v| matrix.row(v).len()) {
        let mut forbidden = Vec::new();
        for group in &around[v] {
            forbidden.push(group.color);
            for &w in &group.members {
                // Of the color of x, v would end a path v, w, x, y or continue a path u, v, w, x.
                let completes_path = |beyond: &&Group| match beyond.members[..] {
                    _ if group.members.len() > 1 => true,
                    [x] => members(&around[x], group.color).len() > 1,
                    _ => false,
                };
                forbidden.extend(around[w].iter().filter(completes_path).map(|beyond| beyond.color));
            }
        }
        let color = palette.first_except(forbidden);
        colors[v] = Some(color);
        for &w in matrix.row(v).iter().filter(|&&w| w != v) {
            match around[w].iter_mut().find(|group| group.color == color) {
                Some(group) => group.members.push(v),
                None => around[w].push(Group { color, members: vec![v] }),
            }
        }
    }
    let coloring = Coloring { colors, count: palette.len() };
    let source = |(i, j): (usize, usize)| {
        let (v, w) = (i.min(j), i.max(j));
        let color = coloring.color_of(w);
        if v == w || members(&around[v], color).len() == 1 { (v, color) } else { (w, coloring.color_of(v)) }
    };
    let sources = matrix.entries().map(source).collect();
    (coloring, sources)
}

/// Neighbors of one color.
#[derive(Clone)]
struct Group {
    color: usize,
    members: Vec<usize>,
}

/// The neighbors of a color among the groups around a vertex.
fn members(around: &[Group], color: usize) -> &[usize] {
    around.iter().find(|group| group.color == color).map_or(&[], |group| &group.members)
}

/// The vertices that have neighbors or entries at all, by falling degree.
fn largest_first(vertices: usize, degree: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut order: Vec<(usize, usize)> =
        (0..vertices).map(|v| (degree(v), v)).filter(|&(degree, _)| degree > 0).collect();
    order.sort_by_key(|&(degree, _)| Reverse(degree));
    order.into_iter().map(|(_, v)| v).collect()
}

/// The colors in use; for each the number of the last choice that it was forbidden for.
#[derive(Default)]
struct Palette {
    forbidden: Vec<usize>,
    choices: usize,
}

impl Palette {
    fn len(&self) -> usize {
        self.forbidden.len()
    }

    /// The first color that is not among these, a new one if need be.
    fn first_except(&mut self, forbidden: impl IntoIterator<Item = usize>) -> usize {
        self.choices += 1;
        for color in forbidden {
            self.forbidden[color] = self.choices;
        }
        let allowed = self.forbidden.iter().position(|&choice| choice != self.choices);
        allowed.unwrap_or_else(|| {
            self.forbidden.push(0);
            self.forbidden.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Random matrices of up to 11 rows and columns, small ones among them.
    fn matrices(symmetric: bool) -> impl Iterator<Item = Sparsity> {
        (0..256).map(move |seed| {
            let mut rng = SmallRng::seed_from_u64(seed);
            let n = rng.random_range(0..12);
            let m = if symmetric { n } else { rng.random_range(0..12) };
            let dense: Vec<Vec<bool>> = (0..m).map(|_| (0..n).map(|_| rng.random_bool(0.3)).collect()).collect();
            let has = |i: usize, j: usize| dense[i][j] || symmetric && dense[j][i];
            let rows: Vec<Vec<usize>> = (0..m).map(|i| (0..n).filter(|&j| has(i, j)).collect()).collect();
            Sparsity::from_rows(n, &rows)
        })
    }

    fn has(matrix: &Sparsity, i: usize, j: usize) -> bool {
        matrix.row(i).contains(&j)
    }

    /// The rows of a matrix, which an assertion shows.
    fn shown(matrix: &Sparsity) -> Vec<&[usize]> {
        (0..matrix.shape().0).map(|i| matrix.row(i)).collect()
    }

    #[test]
    fn no_row_has_two_columns_of_one_color() {
        for matrix in matrices(false) {
            let Coloring { colors, count } = distance_two(&matrix, &matrix.transpose());
            for i in 0..matrix.shape().0 {
                let mut found: Vec<usize> = matrix.row(i).iter().map(|&j| colors[j].unwrap()).collect();
                found.sort_unstable();
                found.dedup();
                assert_eq!(found.len(), matrix.row(i).len(), "row {i} of {:?}", shown(&matrix));
            }
            let used = colors.iter().flatten().max().map_or(0, |&last| last + 1);
            assert_eq!(used, count, "{:?}", shown(&matrix));
        }
    }

    #[test]
    fn neighbors_have_two_colors_and_paths_of_four_vertices_three() {
        for matrix in matrices(true) {
            let (Coloring { colors, .. }, _) = star(&matrix);
            let neighbors = |v: usize| matrix.row(v).iter().copied().filter(move |&w| w != v);
            for v in 0..colors.len() {
                for w in neighbors(v) {
                    assert_ne!(colors[v], colors[w], "{v} and {w} of {:?}", shown(&matrix));
                    for x in neighbors(w).filter(|&x| x != v) {
                        for y in neighbors(x).filter(|&y| y != w) {
                            let has_three = y == v || colors[v] != colors[x] || colors[w] != colors[y];
                            assert!(has_three, "{:?} of {:?}", [v, w, x, y], shown(&matrix));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_entry_is_alone_where_it_is_read() {
        for matrix in matrices(true) {
            let (Coloring { colors, .. }, sources) = star(&matrix);
            for ((i, j), (row, color)) in matrix.entries().zip(sources) {
                let other = if row == i { j } else { i };
                assert!(row == i || row == j, "({i}, {j}) of {:?}", shown(&matrix));
                let is_read = |k: usize| colors[k] == Some(color) && has(&matrix, row, k);
                let read: Vec<usize> = (0..colors.len()).filter(|&k| is_read(k)).collect();
                assert_eq!(read, [other], "({i}, {j}) of {:?}", shown(&matrix));
            }
        }
    }
}
