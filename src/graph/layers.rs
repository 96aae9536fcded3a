//! Layered drawings: boxes in columns, with all arrows pointing to the right.
//!
//! It takes four steps (Sugiyama, Tagawa & Toda 1981). Each box gets the column after its last source. An arrow across
//! several columns gets a passing cell in each. Barycentres order the boxes of a column so that few arrows cross. Then
//! the boxes move up and down until the arrows are straight. The least squares of one column, with its order kept, are
//! an isotonic regression, which pooling adjacent violators solves exactly (Barlow et al. 1972). Passing cells pull
//! hardest, so long arrows are straight.

use std::collections::HashMap;

mod order;
mod straighten;

pub(super) type Point = [f64; 2];

/// A box to place.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) size: Point,
    pub(super) column: Column,
}

/// The side of a drawing that a box is bound to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Column {
    First,
    Any,
    Last,
}

/// An arrow from the right side of a box to the left side of a later one, at heights above or below their middles.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) out: f64,
    pub(super) into: f64,
}

pub(super) struct Layers {
    pub(super) size: Point,
    /// The centres of the boxes.
    pub(super) middles: Vec<Point>,
    /// The path of each arrow: straight to the second point, in a curve to the third, straight to the fourth, and
    /// so on.
    pub(super) routes: Vec<Vec<Point>>,
}

/// The gap between two columns, with more for each arrow.
const COLUMN_GAP: f64 = 32.0;
const ROOM_FOR_ARROW: f64 = 0.4;

/// The largest product of cells and sweeps.
const ENOUGH_WORK: usize = 2_000_000;

/// Places boxes. Each box is listed after the sources of its arrows.
pub(super) fn layers(items: &[Item], links: &[Link]) -> Layers {
    let ranks = ranks(items, links);
    let mut grid = Grid::new(items, links, &ranks);
    grid.order();
    grid.straighten();
    grid.finish(items, links, &ranks)
}

/// Returns the column of each box.
fn ranks(items: &[Item], links: &[Link]) -> Vec<usize> {
    let has_first = items.iter().any(|item| item.column == Column::First);
    let mut ranks: Vec<usize> =
        items.iter().map(|item| usize::from(has_first && item.column != Column::First)).collect();
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut targets = sources.clone();
    for link in links {
        sources[link.to].push(link.from);
        targets[link.from].push(link.to);
    }
    for to in 0..items.len() {
        ranks[to] = sources[to].iter().map(|&from| ranks[from] + 1).fold(ranks[to], usize::max);
    }
    let last = items.iter().zip(&ranks).map(|(item, &rank)| rank + usize::from(item.column == Column::Last));
    let last = last.max().unwrap_or(0);
    // A box with one target, or without sources, moves next to its target, unless it has more sources than targets.
    for item in (0..items.len()).rev() {
        match items[item].column {
            Column::First => {}
            Column::Last => ranks[item] = last,
            Column::Any => {
                let held = sources[item].iter().filter(|&&from| !sources[from].is_empty() || targets[from].len() > 1);
                let next = targets[item].iter().map(|&to| ranks[to]).min();
                if let Some(next) = next.filter(|_| held.count() <= targets[item].len()) {
                    ranks[item] = next - 1;
                }
            }
        }
    }
    ranks
}

/// A box in its column, or a cell that an arrow passes through.
struct Cell {
    rank: usize,
    height: f64,
    passing: bool,
    /// The height of its middle.
    y: f64,
    /// The height of the long arrow that passes here.
    level: Option<f64>,
    /// The index in the column.
    position: usize,
    /// The pulls of the arrows that come in, and of the arrows that leave.
    before: Vec<Pull>,
    after: Vec<Pull>,
}

/// The pull of an arrow to another cell, with the heights at which it meets both, relative to their middles.
#[derive(Clone, Copy)]
struct Pull {
    cell: usize,
    there: f64,
    here: f64,
    weight: f64,
}

struct Grid {
    /// The cells of the boxes come first.
    cells: Vec<Cell>,
    columns: Vec<Vec<usize>>,
    /// The passing cells of an arrow, from the column after its source on. The key is the source and the height at
    /// which the arrow leaves it.
    passing: HashMap<(usize, u64), Vec<usize>>,
}

impl Grid {
    fn new(items: &[Item], links: &[Link], ranks: &[usize]) -> Self {
        let cell = |rank, height, passing| Cell {
            rank,
            height,
            passing,
            y: 0.0,
            level: None,
            position: 0,
            before: Vec::new(),
            after: Vec::new(),
        };
        let cells = items.iter().zip(ranks).map(|(item, &rank)| cell(rank, item.size[1], false)).collect();
        let columns = vec![Vec::new(); ranks.iter().max().map_or(0, |&last| last + 1)];
        let mut grid = Grid { cells, columns, passing: HashMap::new() };
        for link in links {
            let key = (link.from, link.out.to_bits());
            let mut ends = (link.from, link.out);
            for step in 0..ranks[link.to] - ranks[link.from] - 1 {
                let known = grid.passing.entry(key).or_default();
                if step == known.len() {
                    known.push(grid.cells.len());
                    grid.cells.push(cell(ranks[link.from] + step + 1, 0.0, true));
                    let new = grid.cells.len() - 1;
                    grid.pull(ends, (new, 0.0));
                }
                ends = (grid.passing[&key][step], 0.0);
            }
            grid.pull(ends, (link.to, link.into));
        }
        for index in 0..grid.cells.len() {
            grid.columns[grid.cells[index].rank].push(index);
        }
        grid.number();
        grid
    }

    /// Adds the pulls of two cells at each other.
    fn pull(&mut self, (from, out): (usize, f64), (to, into): (usize, f64)) {
        let weight = match (self.cells[from].passing, self.cells[to].passing) {
            (true, true) => 8.0,
            (false, false) => 1.0,
            _ => 2.0,
        };
        self.cells[from].after.push(Pull { cell: to, there: into, here: out, weight });
        self.cells[to].before.push(Pull { cell: from, there: out, here: into, weight });
    }

    fn number(&mut self) {
        for column in &self.columns {
            column.iter().enumerate().for_each(|(position, &cell)| self.cells[cell].position = position);
        }
    }

    /// Returns the number of sweeps: fewer where many arrows are long.
    fn sweeps(&self, most: usize) -> usize {
        (ENOUGH_WORK / self.cells.len().max(1)).clamp(5, most)
    }

    fn finish(self, items: &[Item], links: &[Link], ranks: &[usize]) -> Layers {
        let mut widths = vec![0.0_f64; self.columns.len()];
        for (item, &rank) in items.iter().zip(ranks) {
            widths[rank] = widths[rank].max(item.size[0]);
        }
        let mut right = 0.0;
        let mut lefts = Vec::with_capacity(widths.len());
        for (column, width) in self.columns.iter().zip(&widths) {
            let arrows: usize = column.iter().map(|&cell| self.cells[cell].before.len()).sum();
            let gap = COLUMN_GAP + (arrows as f64 * ROOM_FOR_ARROW).min(COLUMN_GAP * 2.0);
            lefts.push(if lefts.is_empty() { 0.0 } else { right + gap });
            right = lefts[lefts.len() - 1] + width;
        }
        let of_boxes = &self.cells[..items.len()];
        let top = self.cells.iter().map(|cell| cell.y - cell.height / 2.0).fold(f64::INFINITY, f64::min);
        let bottom = self.cells.iter().map(|cell| cell.y + cell.height / 2.0).fold(top, f64::max);
        let middles: Vec<Point> =
            of_boxes.iter().map(|cell| [lefts[cell.rank] + widths[cell.rank] / 2.0, cell.y - top]).collect();
        let routes = links.iter().map(|link| {
            let (start, end) = (middles[link.from], middles[link.to]);
            let (y0, y1) = (start[1] + link.out, end[1] + link.into);
            let (first, last) = (ranks[link.from], ranks[link.to]);
            let mut route = vec![[start[0] + items[link.from].size[0] / 2.0, y0], [lefts[first] + widths[first], y0]];
            let passing = self.passing.get(&(link.from, link.out.to_bits())).map_or(&[][..], |cells| cells);
            for (rank, &cell) in (first + 1..last).zip(passing) {
                let y = self.cells[cell].y - top;
                route.extend([[lefts[rank], y], [lefts[rank] + widths[rank], y]]);
            }
            route.extend([[lefts[last], y1], [end[0] - items[link.to].size[0] / 2.0, y1]]);
            route
        });
        Layers { size: [right, bottom - top], routes: routes.collect(), middles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_do_not_overlap_and_arrows_point_to_the_right() {
        let mut state = 1_u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let items: Vec<Item> = (0..200)
            .map(|i| Item { size: [50.0 + (i % 7) as f64, 20.0 + (i % 3) as f64], column: Column::Any })
            .collect();
        let link = |from, to| Link { from, to, out: 0.0, into: 0.0 };
        let links: Vec<Link> = (1..200).flat_map(|to| [random(to), random(to)].map(|from| link(from, to))).collect();
        let placed = layers(&items, &links);
        for (i, (a, size)) in placed.middles.iter().zip(&items).enumerate() {
            for (b, other) in placed.middles[..i].iter().zip(&items) {
                let apart = (0..2).any(|d| (a[d] - b[d]).abs() >= (size.size[d] + other.size[d]) / 2.0 - 1e-9);
                assert!(apart, "{a:?} {b:?}");
            }
        }
        assert!(placed.routes.iter().flat_map(|route| route.windows(2)).all(|pair| pair[0][0] <= pair[1][0]));
    }
}
