//! Rows in pieces, and the mean loss of these rows with its gradient.
//!
//! Many rows are taken in pieces, one recording each, on several threads and ranks. The pieces depend on the number of
//! rows alone and their gradients are added by a tree over their indices, so that the result is the same bit for bit on
//! any number of threads and ranks.

use std::ops::Range;

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::{Batch, Objective};
use crate::nn::Dataset;
use crate::ranks::{self, Ranks};
use crate::scalar::{Real, Scalar};
use crate::verbs::gradient_into;

/// A piece has at least this number of rows, and less than twice as many: enough to be worth a thread.
const PIECE: usize = 32;

pub(super) struct Minibatch<'a, R, T> {
    ranks: Option<&'a dyn Ranks>,
    /// The number of rows, and of pieces.
    rows: usize,
    number: usize,
    /// The pieces of this rank; all pieces, if there are no ranks.
    own: Range<usize>,
    /// Only the first ones are in use.
    pieces: Vec<Piece<R, T>>,
    /// The last gradient, if it was joined over ranks.
    joined: Vec<R>,
}

/// Some rows.
struct Piece<R, T> {
    rows: Dataset<R, T>,
    /// The part of all rows that is in it.
    weight: R,
    /// The seed, the step and the number of the piece, for random numbers.
    chance: Option<(u64, usize, usize)>,
    /// Its part of the loss, and the gradient of that.
    loss: R,
    gradient: Vec<R>,
}

impl<R: Real, T: Copy> Piece<R, T> {
    fn batch(&self) -> Batch<'_, R, T> {
        match self.chance {
            Some((seed, step, number)) => Batch::of_step(&self.rows, seed, step, number),
            None => Batch::new(&self.rows),
        }
    }
}

impl<'a, R: Real, T: Copy + Send + Sync> Minibatch<'a, R, T> {
    /// Returns a minibatch without rows, to be shared among the ranks.
    pub(super) fn new(ranks: Option<&'a dyn Ranks>) -> Self {
        Minibatch { ranks, rows: 0, number: 0, own: 0..0, pieces: Vec::new(), joined: Vec::new() }
    }

    /// Takes other rows. In a training, `chance` is the seed and the number of the step.
    pub(super) fn gather(&mut self, data: &Dataset<R, T>, rows: &[usize], chance: Option<(u64, usize)>) {
        let pieces = rows.chunks(rows.len().div_ceil((rows.len() / PIECE).max(1)));
        (self.rows, self.number) = (rows.len(), pieces.len());
        self.own = self.ranks.map_or(0..self.number, |ranks| ranks::share(self.number, ranks.size(), ranks.rank()));
        let own = pieces.enumerate().skip(self.own.start).take(self.own.len());
        for (place, (number, rows_of_piece)) in own.enumerate() {
            if place == self.pieces.len() {
                let (rows, gradient) = (data.select(&[]), Vec::new());
                self.pieces.push(Piece { rows, weight: R::zero(), chance: None, loss: R::zero(), gradient });
            }
            let piece = &mut self.pieces[place];
            data.select_into(rows_of_piece, &mut piece.rows);
            piece.weight = R::from_f64(rows_of_piece.len() as f64 / rows.len() as f64);
            piece.chance = chance.map(|(seed, step)| (seed, step, number));
        }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The gradient that was computed last.
    pub(super) fn known_gradient(&mut self) -> &mut [R] {
        if self.ranks.is_some() { &mut self.joined } else { &mut self.pieces[0].gradient }
    }

    /// The mean loss, in any reading, of the rows of this rank.
    pub(super) fn loss<S: Scalar<Real = R>>(&self, objective: &impl Objective<R, T>, parameters: &[S]) -> S {
        let of_piece = |piece: &Piece<R, T>| objective.loss(parameters, &piece.batch()) * piece.weight;
        self.pieces[..self.own.len()].iter().map(of_piece).sum()
    }

    /// The mean loss in plain numbers.
    pub(super) fn plain_loss(&mut self, objective: &impl Objective<R, T>, parameters: &[R]) -> R {
        self.sum_over_pieces(0, |piece| piece.loss = objective.loss(parameters, &piece.batch()) * piece.weight)
    }

    /// The mean loss and its gradient, in reverse mode.
    pub(super) fn gradient(&mut self, objective: &impl Objective<R, T>, parameters: &[R]) -> (R, &mut [R]) {
        let loss = self.sum_over_pieces(parameters.len(), |piece| {
            let mut gradient = std::mem::take(&mut piece.gradient);
            gradient.resize(parameters.len(), R::zero());
            let loss = |p: &[_]| objective.loss(p, &piece.batch()) * piece.weight;
            piece.loss = gradient_into(loss, parameters, &mut gradient);
            piece.gradient = gradient;
        });
        (loss, self.known_gradient())
    }

    /// Evaluates the pieces, on all threads and ranks, and returns the sum of their losses. The sum of their gradients
    /// of `len` numbers is the known gradient.
    fn sum_over_pieces(&mut self, len: usize, evaluate: impl Fn(&mut Piece<R, T>) + Send + Sync) -> R {
        let pieces = &mut self.pieces[..self.own.len()];
        match &mut *pieces {
            [piece] => evaluate(piece),
            #[cfg(feature = "parallel")]
            pieces => pieces.par_iter_mut().for_each(evaluate),
            #[cfg(not(feature = "parallel"))]
            pieces => pieces.iter_mut().for_each(evaluate),
        }
        // The tree is added from left to right, and leaves the sum of a node in its first piece.
        let mut coming = pieces.iter_mut();
        let mut sum = |node: Range<usize>| {
            let mut piece = |node: &Range<usize>| if node.len() == 1 { coming.next() } else { None };
            ranks::sum(node, &mut piece, &mut |sum: &mut Piece<R, T>, other: &mut Piece<R, T>| {
                sum.loss += other.loss;
                sum.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, &g)| *sum += g);
                sum
            })
        };
        let Some(ranks) = self.ranks else { return sum(0..self.number).loss };
        self.joined = ranks::joined(ranks, self.number, len + 1, |node| {
            let Piece { gradient, loss, .. } = sum(node);
            gradient.iter().chain([&*loss]).copied().collect()
        });
        self.joined.pop().expect("the loss is the last")
    }
}
