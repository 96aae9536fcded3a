//! Layered drawings: boxes in columns, so that all arrows point to the right.
//!
//! In four steps (Sugiyama, Tagawa & Toda 1981): each box gets a column, that after its last source; an arrow across
//! several columns gets a place to pass in each; the boxes of a column are ordered so that few arrows cross, by
//! barycentres; and then moved up and down so that the arrows are straight. Moving a column to where its
//! neighbours want it, least squares with the order kept, is isotonic regression, which pooling adjacent violators solves
//! exactly (Barlow et al. 1972). What passes pulls hardest, so long arrows are straight.

use std::collections::HashMap;

pub(super) type Point = [f64; 2];

/// A box to be placed.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) size: Point,
    pub(super) column: Column,
}

/// Where a box may be.
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
    /// The middles of the boxes.
    pub(super) middles: Vec<Point>,
    /// The way of each arrow: straight to the second point, in a curve to the third, straight to the fourth, and so on.
    pub(super) routes: Vec<Vec<Point>>,
}

/// Between two columns, with more for each arrow; two boxes of a column; and two arrows that pass beside each other.
const COLUMN_GAP: f64 = 32.0;
const ROOM_FOR_ARROW: f64 = 0.4;
const BOX_GAP: f64 = 12.0;
const PASSING_GAP: f64 = 8.0;

const ORDERING_SWEEPS: usize = 24;
const STRAIGHTENING_SWEEPS: usize = 20;
const LEVELLING_SWEEPS: usize = 8;

/// Places boxes, of which each comes after the sources of its arrows.
pub(super) fn layers(items: &[Item], links: &[Link]) -> Layers {
    let ranks = ranks(items, links);
    let mut grid = Grid::new(items, links, &ranks);
    grid.order();
    grid.straighten();
    grid.finish(items, links, &ranks)
}

/// The number of the column of each box.
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
    // What has one target, or no source, moves next to its target, unless it has to wait for more sources than it leaves targets.
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

/// A box in its column, or a place where arrows pass.
struct Cell {
    rank: usize,
    height: f64,
    passing: bool,
    /// The middle.
    y: f64,
    /// Where the long arrow is that passes here.
    level: Option<f64>,
    /// The place in the column.
    position: usize,
    /// By the arrows that come in, and by those that leave.
    before: Vec<Pull>,
    after: Vec<Pull>,
}

/// An arrow to another cell, and where it meets both, above or below their middles.
#[derive(Clone, Copy)]
struct Pull {
    cell: usize,
    there: f64,
    here: f64,
    weight: f64,
}

struct Grid {
    /// Those of the boxes first.
    cells: Vec<Cell>,
    columns: Vec<Vec<usize>>,
    /// The passing cells of an arrow, by its source and where it leaves it, from the column after the source on.
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

    /// Lets two cells pull at each other.
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

    /// Orders the columns by the barycentres of their neighbours, to and fro, and keeps the best order.
    fn order(&mut self) {
        let (mut best, mut least) = (self.columns.clone(), self.crossings());
        for sweep in 0..ORDERING_SWEEPS {
            if least == 0 {
                break;
            }
            let forth = sweep % 2 == 0;
            for step in 1..self.columns.len() {
                self.order_column(if forth { step } else { self.columns.len() - 1 - step }, forth);
            }
            let crossings = self.crossings();
            if crossings < least {
                (best, least) = (self.columns.clone(), crossings);
            }
        }
        self.columns = best;
        self.number();
    }

    fn order_column(&mut self, rank: usize, by_before: bool) {
        let mut column = std::mem::take(&mut self.columns[rank]);
        let barycentre = |&index: &usize| {
            let cell = &self.cells[index];
            let pulls = if by_before { &cell.before } else { &cell.after };
            let places = pulls.iter().map(|pull| self.place(pull));
            if pulls.is_empty() { cell.position as f64 } else { places.sum::<f64>() / pulls.len() as f64 }
        };
        let mut keyed: Vec<(f64, usize)> = column.iter().map(|index| (barycentre(index), *index)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        column.clear();
        column.extend(keyed.into_iter().map(|(_, index)| index));
        column.iter().enumerate().for_each(|(position, &cell)| self.cells[cell].position = position);
        self.columns[rank] = column;
    }

    /// The place of the end of an arrow in its column, with fractions for where it meets the box.
    fn place(&self, pull: &Pull) -> f64 {
        let cell = &self.cells[pull.cell];
        cell.position as f64 + 0.9 * (pull.there / cell.height.max(1.0)).clamp(-0.5, 0.5)
    }

    /// How often arrows cross: the pairs of which one is above at its start and below at its end.
    fn crossings(&self) -> usize {
        let mut crossings = 0;
        for column in &self.columns {
            let mut ends: Vec<f64> = Vec::new();
            for &index in column {
                let arrows = self.cells[index].before.iter().map(|pull| (pull.here, self.place(pull)));
                let mut arrows: Vec<(f64, f64)> = arrows.collect();
                arrows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
                ends.extend(arrows.into_iter().map(|(_, start)| start));
            }
            crossings += inversions(&mut ends);
        }
        crossings
    }

    /// Moves the cells of each column to where their neighbours pull them: by those before, by those after, by both,
    /// and at last with each long arrow at one height.
    fn straighten(&mut self) {
        for column in &self.columns {
            let mut y = 0.0;
            for pair in column.windows(2) {
                y += self.cells[pair[0]].distance(&self.cells[pair[1]]);
                self.cells[pair[1]].y = y;
            }
        }
        for sweep in 0..STRAIGHTENING_SWEEPS {
            let forth = sweep % 2 == 0;
            let both = sweep + LEVELLING_SWEEPS + 4 >= STRAIGHTENING_SWEEPS;
            if sweep + LEVELLING_SWEEPS >= STRAIGHTENING_SWEEPS {
                self.level();
            }
            for step in 0..self.columns.len() {
                let rank = if forth { step } else { self.columns.len() - 1 - step };
                self.straighten_column(rank, forth || both, !forth || both);
            }
        }
    }

    /// Lets the places of each long arrow pull to their mean.
    fn level(&mut self) {
        for cells in self.passing.values() {
            let mean = cells.iter().map(|&cell| self.cells[cell].y).sum::<f64>() / cells.len() as f64;
            cells.iter().for_each(|&cell| self.cells[cell].level = Some(mean));
        }
    }

    fn straighten_column(&mut self, rank: usize, by_before: bool, by_after: bool) {
        let column = &self.columns[rank];
        let mut total = 0.0;
        let mut wishes = Vec::with_capacity(column.len());
        for (place, &index) in column.iter().enumerate() {
            let cell = &self.cells[index];
            let before = cell.before.iter().filter(|_| by_before);
            let pulls = before.chain(cell.after.iter().filter(|_| by_after));
            // The weakest pull is to where it is, the strongest to the level of a long arrow.
            let own = cell.level.map_or((cell.y * 0.01, 0.01), |level| (level * 1000.0, 1000.0));
            let (sum, weight) = pulls.fold(own, |(sum, weight), pull| {
                (sum + pull.weight * (self.cells[pull.cell].y + pull.there - pull.here), weight + pull.weight)
            });
            if place > 0 {
                total += self.cells[column[place - 1]].distance(cell);
            }
            wishes.push((sum / weight - total, weight, total));
        }
        let ascending = isotonic(wishes.iter().map(|&(y, weight, _)| (y, weight)));
        for ((&index, y), (_, _, total)) in column.iter().zip(ascending).zip(wishes) {
            self.cells[index].y = y + total;
        }
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

impl Cell {
    /// The least distance from the middle of this cell to that of the one below.
    fn distance(&self, below: &Cell) -> f64 {
        let gap = if self.passing && below.passing { PASSING_GAP } else { BOX_GAP };
        (self.height + below.height) / 2.0 + gap
    }
}

/// The pairs that are in descending order, which merging counts; sorts.
fn inversions(values: &mut [f64]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut i = 0;
    for &value in right.iter() {
        while i < left.len() && left[i] <= value {
            merged.push(left[i]);
            i += 1;
        }
        count += left.len() - i;
        merged.push(value);
    }
    merged.extend_from_slice(&left[i..]);
    values.copy_from_slice(&merged);
    count
}

/// The ascending numbers nearest to these by weighted least squares: neighbours in the wrong order are pooled
/// to their mean.
fn isotonic(values: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut pool = (value, weight, 1);
        while let Some(&(above, above_weight, count)) = pools.last().filter(|above| above.0 > pool.0) {
            let total = above_weight + pool.1;
            pool = ((above * above_weight + pool.0 * pool.1) / total, total, count + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_counted() {
        assert_eq!(inversions(&mut [3.0, 1.0, 2.0, 2.0, 0.0]), 7);
        assert_eq!(inversions(&mut []), 0);
    }

    #[test]
    fn isotonic_regression_pools_what_is_out_of_order() {
        let pooled = isotonic([(1.0, 1.0), (4.0, 1.0), (2.0, 3.0), (5.0, 1.0)].into_iter());
        assert_eq!(pooled, [1.0, 2.5, 2.5, 5.0]);
    }

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
