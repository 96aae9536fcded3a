//! Lines along which a function over a grid has a level: marching squares (Lorensen & Cline 1987, in the plane).

use std::collections::{BTreeMap, BTreeSet};

/// Values at the crossings of lines, row by row.
pub(super) struct Grid<'a> {
    pub(super) columns: usize,
    pub(super) values: &'a [f64],
}

/// A side of a cell: its left or lower end, and whether it goes up.
type Side = (i64, i64, bool);

impl Grid<'_> {
    /// Returns the lines along which the value is `level`, in columns and rows, with larger values on their left. With
    /// `closed` they continue along the border, so that they enclose the larger values.
    pub(super) fn contour(&self, level: f64, closed: bool) -> Vec<Vec<(f64, f64)>> {
        let rows = (self.values.len() / self.columns) as i64;
        let beyond = i64::from(closed);
        let mut next: BTreeMap<Side, Side> = BTreeMap::new();
        for row in -beyond..rows - 1 + beyond {
            for column in -beyond..self.columns as i64 - 1 + beyond {
                self.join(column, row, level, &mut next);
            }
        }
        let ends: BTreeSet<Side> = next.values().copied().collect();
        let mut starts: Vec<Side> = next.keys().filter(|side| !ends.contains(side)).copied().collect();
        starts.reverse();
        let mut lines = Vec::new();
        while let Some(start) = starts.pop().or_else(|| next.keys().next().copied()) {
            let mut line = vec![self.crossing(start, level)];
            let mut side = start;
            while let Some(following) = next.remove(&side) {
                line.push(self.crossing(following, level));
                side = following;
            }
            lines.push(straightened(&line));
        }
        lines
    }

    /// Joins the sides of a cell that the level crosses, counter-clockwise: one where the value becomes smaller with
    /// the next one where it becomes larger.
    fn join(&self, column: i64, row: i64, level: f64, next: &mut BTreeMap<Side, Side>) {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| self.at(column + right, row + up) > level);
        let sides = [(column, row, false), (column + 1, row, true), (column, row + 1, false), (column, row, true)];
        for i in 0..4 {
            if corners[i] && !corners[(i + 1) % 4] {
                let larger = (1..4).map(|k| (i + k) % 4).find(|&k| !corners[k] && corners[(k + 1) % 4]);
                next.extend(larger.map(|k| (sides[i], sides[k])));
            }
        }
    }

    /// Returns the value at a crossing; beyond the border and for NaN, less than any number.
    fn at(&self, column: i64, row: i64) -> f64 {
        const LEAST: f64 = -1e300;
        const LARGEST: f64 = 1e280;
        let within = column >= 0 && row >= 0 && column < self.columns as i64;
        let value = within.then(|| self.values.get(row as usize * self.columns + column as usize)).flatten();
        value.filter(|value| !value.is_nan()).map_or(LEAST, |value| value.clamp(-LARGEST, LARGEST))
    }

    /// Returns the point where the value, linear along a side, is the level.
    fn crossing(&self, (column, row, up): Side, level: f64) -> (f64, f64) {
        let (right, above) = if up { (0, 1) } else { (1, 0) };
        let (from, to) = (self.at(column, row) - level, self.at(column + right, row + above) - level);
        let t = from / (from - to);
        (column as f64 + right as f64 * t, row as f64 + above as f64 * t)
    }
}

/// Returns a line without the points that lie straight between others.
fn straightened(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in line {
        if let [.., (a, b), (c, d)] = kept[..]
            && ((c - a) * (y - d) - (d - b) * (x - c)).abs() < 1e-9
        {
            kept.pop();
        }
        kept.push((x, y));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns twice the area within lines.
    fn twice_the_area(lines: &[Vec<(f64, f64)>]) -> f64 {
        let of = |line: &Vec<(f64, f64)>| line.windows(2).map(|p| p[0].0 * p[1].1 - p[1].0 * p[0].1).sum::<f64>();
        lines.iter().map(of).sum()
    }

    #[test]
    fn the_contour_of_a_cone_is_a_circle() {
        let values: Vec<f64> =
            (0..101 * 101).map(|i| 40.0 - f64::hypot((i % 101) as f64 - 50.0, (i / 101) as f64 - 50.0)).collect();
        let grid = Grid { columns: 101, values: &values };
        for closed in [true, false] {
            let lines = grid.contour(10.0, closed);
            assert_eq!((lines.len(), lines[0].first()), (1, lines[0].last()));
            assert!((twice_the_area(&lines) / 2.0 - std::f64::consts::PI * 900.0).abs() < 3.0);
        }
        // The border cuts it open, unless the line continues along the border.
        let open = grid.contour(-15.0, false);
        assert_eq!(open.len(), 4);
        assert!(open.iter().all(|line| line.first() != line.last()));
        assert_eq!(grid.contour(-15.0, true).len(), 1);
    }

    #[test]
    fn contours_pass_saddles_nan_and_infinities() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let saddle = [1.0, -1.0, -1.0, 1.0];
        assert_eq!(Grid { columns: 2, values: &saddle }.contour(0.0, false).len(), 2);
        let values = [nan, inf, -inf, 1.0, nan, 2.0, inf, inf, -1.0];
        for closed in [true, false] {
            let lines = Grid { columns: 3, values: &values }.contour(0.0, closed);
            assert!(
                lines.iter().flatten().all(|(x, y)| (0.0..=2.0).contains(x) && (0.0..=2.0).contains(y)),
                "{lines:?}"
            );
        }
        assert!((twice_the_area(&Grid { columns: 2, values: &[1.0; 4] }.contour(0.0, true)) - 2.0).abs() < 1e-12);
        assert!(Grid { columns: 2, values: &[-1.0; 4] }.contour(0.0, true).is_empty());
    }
}
