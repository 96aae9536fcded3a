//! The scores of a network over the part of the plane where the points are.

use std::ops::Range;

use dualtape::nn::Mlp;

use crate::data::Data;

/// Scores at the crossings of evenly spaced lines, one unit around the points.
pub(crate) struct Grid {
    pub(crate) x: Range<f64>,
    pub(crate) y: Range<f64>,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    scores: Vec<f64>,
}

impl Grid {
    pub(crate) fn new(mlp: &Mlp, data: &Data, columns: usize, rows: usize) -> Self {
        let range = |axis: usize| {
            let values = data.points.iter().map(|point| point[axis]);
            values.clone().fold(f64::INFINITY, f64::min) - 1.0..values.fold(f64::NEG_INFINITY, f64::max) + 1.0
        };
        let mut grid = Grid { x: range(0), y: range(1), columns, rows, scores: Vec::new() };
        let points: Vec<[f64; 2]> =
            (0..rows * columns).map(|i| grid.at((i % columns) as f64, (i / columns) as f64)).collect();
        grid.scores = mlp.forward_all(&points);
        grid
    }

    /// The point at a column, from the left, and a row, from the bottom.
    pub(crate) fn at(&self, column: f64, row: f64) -> [f64; 2] {
        let along = |range: &Range<f64>, t: f64| range.start * (1.0 - t) + range.end * t;
        [along(&self.x, column / (self.columns - 1) as f64), along(&self.y, row / (self.rows - 1) as f64)]
    }

    /// The column and the row nearest to a point.
    pub(crate) fn nearest(&self, [x, y]: [f64; 2]) -> (usize, usize) {
        let index = |range: &Range<f64>, x: f64, n: usize| {
            ((x - range.start) / (range.end - range.start) * (n - 1) as f64).round() as usize
        };
        (index(&self.x, x, self.columns), index(&self.y, y, self.rows))
    }

    pub(crate) fn score(&self, column: usize, row: usize) -> f64 {
        self.scores[row * self.columns + column]
    }
}
