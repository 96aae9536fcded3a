//! The rows of a step, and the gradient of their loss.
//!
//! Many rows are split into pieces, one recording each, on several threads. The pieces depend on the number of rows
//! alone, and their gradients are added in order. So the result has the same bits on any number of threads.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::{Batch, Objective};
use crate::nn::Dataset;
use crate::scalar::{Real, Scalar};
use crate::verbs::gradient_into;

/// A piece has at least this number of rows, and less than twice as many: enough to be worth a thread.
const PIECE: usize = 32;

pub(super) struct Minibatch<R, T> {
    seed: u64,
    step: usize,
    /// Only the first ones are in use.
    pieces: Vec<Piece<R, T>>,
    used: usize,
}

/// Some rows of a step.
struct Piece<R, T> {
    rows: Dataset<R, T>,
    /// The fraction of all rows that it holds.
    weight: R,
    /// Its part of the loss, and the gradient of this part.
    loss: R,
    gradient: Vec<R>,
}

impl<R: Real, T: Copy + Send + Sync> Minibatch<R, T> {
    pub(super) fn new(seed: u64) -> Self {
        Minibatch { seed, step: 0, pieces: Vec::new(), used: 0 }
    }

    /// Takes other rows, for the step with this number.
    pub(super) fn gather(&mut self, data: &Dataset<R, T>, rows: &[usize], step: usize) {
        self.step = step;
        let pieces = rows.chunks(rows.len().div_ceil((rows.len() / PIECE).max(1)));
        self.used = pieces.len();
        for (number, rows_of_piece) in pieces.enumerate() {
            if number == self.pieces.len() {
                let gradient = Vec::new();
                self.pieces.push(Piece { rows: data.select(&[]), weight: R::zero(), loss: R::zero(), gradient });
            }
            let piece = &mut self.pieces[number];
            data.select_into(rows_of_piece, &mut piece.rows);
            piece.weight = R::from_f64(rows_of_piece.len() as f64 / rows.len() as f64);
        }
    }

    /// Returns the number of rows.
    pub(super) fn len(&self) -> usize {
        self.pieces[..self.used].iter().map(|piece| piece.rows.len()).sum()
    }

    /// Returns the gradient that was computed last.
    pub(super) fn known_gradient(&mut self) -> &mut [R] {
        &mut self.pieces[0].gradient
    }

    /// Returns the mean loss, in any reading.
    pub(super) fn loss<S: Scalar<Real = R>>(&self, objective: &impl Objective<R, T>, parameters: &[S]) -> S {
        let of_piece = |(number, piece): (usize, &Piece<R, T>)| {
            objective.loss(parameters, &Batch::of_step(&piece.rows, self.seed, self.step, number)) * piece.weight
        };
        self.pieces[..self.used].iter().enumerate().map(of_piece).sum()
    }

    /// Returns the mean loss and its gradient, in reverse mode.
    pub(super) fn gradient(&mut self, objective: &impl Objective<R, T>, parameters: &[R]) -> (R, &mut [R]) {
        let (seed, step) = (self.seed, self.step);
        let differentiate = |(number, piece): (usize, &mut Piece<R, T>)| {
            let (batch, weight) = (Batch::of_step(&piece.rows, seed, step, number), piece.weight);
            piece.gradient.resize(parameters.len(), R::zero());
            piece.loss = gradient_into(|p| objective.loss(p, &batch) * weight, parameters, &mut piece.gradient);
        };
        let pieces = &mut self.pieces[..self.used];
        match &mut *pieces {
            [piece] => differentiate((0, piece)),
            #[cfg(feature = "parallel")]
            pieces => pieces.par_iter_mut().enumerate().for_each(differentiate),
            #[cfg(not(feature = "parallel"))]
            pieces => pieces.iter_mut().enumerate().for_each(differentiate),
        }
        let (sum, others) = pieces.split_first_mut().expect("a step has rows");
        for piece in others {
            sum.loss += piece.loss;
            sum.gradient.iter_mut().zip(&piece.gradient).for_each(|(sum, &g)| *sum += g);
        }
        (sum.loss, &mut sum.gradient)
    }
}
