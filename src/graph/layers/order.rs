//! Orders the boxes of each column so that few arrows cross.

use super::{Grid, Pull};

const MOST_SWEEPS: usize = 24;

impl Grid {
    /// Orders the columns by the barycentres of their neighbours, to and fro, and keeps the best order.
    pub(super) fn order(&mut self) {
        let (mut best, mut least) = (self.columns.clone(), self.crossings());
        for sweep in 0..self.sweeps(MOST_SWEEPS) {
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

    /// Returns the place of the end of an arrow in its column, with fractions for where it meets the box.
    fn place(&self, pull: &Pull) -> f64 {
        let cell = &self.cells[pull.cell];
        cell.position as f64 + 0.9 * (pull.there / cell.height.max(1.0)).clamp(-0.5, 0.5)
    }

    /// Returns how often arrows cross: the pairs in which one arrow is above at its start and below at its end.
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
}

/// Sorts, and returns the number of pairs that were in descending order, which merging counts.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_counted() {
        assert_eq!(inversions(&mut [3.0, 1.0, 2.0, 2.0, 0.0]), 7);
        assert_eq!(inversions(&mut []), 0);
    }
}
