//! The rows of a step, and the gradient of their loss.
//!
//! Many rows are taken in pieces, one recording each, on several threads. The pieces depend on the number of
//! rows alone and their gradients are added in order, so that the result is the same bit for bit on any number of
//! threads.

use super::{Batch, Objective};
use crate::nn::Dataset;
use crate::{Real, Scalar, Terms, Var, gradient};

/// A piece has at least this number of rows, and less than twice as many: enough to be worth a thread.
const PIECE: usize = 32;

pub(super) struct Minibatch<R, T> {
    seed: u64,
    step: usize,
    /// Memory for pieces, of which the first ones are in use.
    pieces: Vec<Dataset<R, T>>,
    /// The part of the rows that is in each piece in use.
    weights: Vec<R>,
}

impl<R: Real, T: Copy + Sync> Minibatch<R, T> {
    pub(super) fn new(seed: u64) -> Self {
        Minibatch { seed, step: 0, pieces: Vec::new(), weights: Vec::new() }
    }

    /// Takes other rows, for the step with this number.
    pub(super) fn gather(&mut self, data: &Dataset<R, T>, rows: &[usize], step: usize) {
        self.step = step;
        self.weights.clear();
        let pieces = (rows.len() / PIECE).max(1);
        for (piece, rows_of_piece) in rows.chunks(rows.len().div_ceil(pieces)).enumerate() {
            if piece == self.pieces.len() {
                self.pieces.push(data.select(&[]));
            }
            data.select_into(rows_of_piece, &mut self.pieces[piece]);
            self.weights.push(R::from_f64(rows_of_piece.len() as f64 / rows.len() as f64));
        }
    }

    /// The mean loss, in any reading.
    pub(super) fn loss<S: Scalar<Real = R>>(&self, objective: &impl Objective<R, T>, parameters: &[S]) -> S {
        let pieces = self.weights.iter().enumerate();
        pieces.map(|(piece, &weight)| objective.loss(parameters, &self.piece(piece)) * weight).sum()
    }

    /// The mean loss and its gradient, in reverse mode.
    pub(super) fn gradient(&self, objective: &impl Objective<R, T>, parameters: &[R]) -> (R, Vec<R>) {
        let term = |piece: usize, p: &[Var<R>]| objective.loss(p, &self.piece(piece));
        if self.weights.len() == 1 {
            return gradient(|p| term(0, p), parameters);
        }
        let terms = Terms::all(self.weights.len()).weighted(&self.weights);
        #[cfg(feature = "parallel")]
        return terms.par_gradient(term, parameters);
        #[cfg(not(feature = "parallel"))]
        terms.gradient(term, parameters)
    }

    fn piece(&self, piece: usize) -> Batch<'_, R, T> {
        Batch::of_step(&self.pieces[piece], self.seed, self.step, piece)
    }
}
