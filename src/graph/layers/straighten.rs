//! Chooses the height of each box so that arrows are straight.

use super::{Cell, Grid};

/// The gaps between two boxes of a column, and between two arrows that pass beside each other.
const BOX_GAP: f64 = 12.0;
const PASSING_GAP: f64 = 8.0;

const MOST_SWEEPS: usize = 20;

impl Grid {
    /// Moves the cells of each column to where their neighbours pull them: the neighbours before, then after, then
    /// both. At last each long arrow is pulled to one height.
    pub(super) fn straighten(&mut self) {
        for column in &self.columns {
            let mut y = 0.0;
            for pair in column.windows(2) {
                y += self.cells[pair[0]].distance(&self.cells[pair[1]]);
                self.cells[pair[1]].y = y;
            }
        }
        let sweeps = self.sweeps(MOST_SWEEPS);
        for sweep in 0..sweeps {
            let (forth, both) = (sweep % 2 == 0, sweep >= sweeps * 2 / 5);
            if sweep >= sweeps * 3 / 5 {
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
            // The weakest pull keeps a cell where it is, the strongest moves it to the level of a long arrow.
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
}

impl Cell {
    /// Returns the least distance from the middle of this cell to the middle of the next one below.
    fn distance(&self, below: &Cell) -> f64 {
        let gap = if self.passing && below.passing { PASSING_GAP } else { BOX_GAP };
        (self.height + below.height) / 2.0 + gap
    }
}

/// Returns the ascending numbers nearest to `values` by weighted least squares. Neighbours in the wrong order are
/// pooled to their mean.
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
    fn isotonic_regression_pools_numbers_out_of_order() {
        let pooled = isotonic([(1.0, 1.0), (4.0, 1.0), (2.0, 3.0), (5.0, 1.0)].into_iter());
        assert_eq!(pooled, [1.0, 2.5, 2.5, 5.0]);
    }
}
