//! Sums of terms of linear predictors, as generalized linear models have them.
//!
//! A term `f(η)` of a predictor `η = row·x` has the gradient `f′(η)·row` and the Hessian `f″(η)·row·rowᵀ`: two derivatives in
//! one variable are enough for all entries. (McCullagh & Nelder, *Generalized Linear Models*, 1989, chapter 2.)

use std::ops::Range;

use super::{MOST, Terms, value_first};
use crate::forward::Dual;
use crate::ranks;
use crate::scalar::{Scalar, zero};
use crate::series::{Taylor, taylor};
use crate::simd::vectorized;
use crate::verbs::{Matrix, derivative};

/// The rows of a piece, at least.
const ROWS: usize = 256;

/// The terms `wᵢ·fᵢ(rowᵢ·x)` of linear predictors, which [`Terms::linear`] returns.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one derivative in one variable for each row, and its products with the row | terms that depend on `x` through one product with a row | other terms: [`Terms`] |
#[derive(Clone, Copy, Debug)]
pub struct LinearTerms<'a, T = f64> {
    terms: Terms<'a, T>,
    rows: &'a [T],
}

impl<'a, T: Scalar> Terms<'a, T> {
    /// Returns the terms as functions of linear predictors: term i is a function of `rows[i]·x`, with row i of a table
    /// that is stored row by row.
    ///
    /// ```
    /// use dualtape::{Scalar, Terms};
    ///
    /// // Counts with the mean exp(β₀ + β₁·x): a Poisson regression.
    /// let table = [1.0, 0.0, 1.0, 1.0, 1.0, 2.0];
    /// let counts = [1.0, 3.0, 7.0];
    /// fn deviance<S: Scalar<Real = f64>>(eta: S, count: f64) -> S {
    ///     eta.exp() - eta * count
    /// }
    ///
    /// let terms = Terms::all(3).linear(&table);
    /// let (y, g, h) = terms.hessian(|i, eta| deviance(eta, counts[i]), &[0.0, 0.0]);
    /// assert_eq!((y, g), (3.0, vec![-8.0, -14.0]));
    /// assert_eq!(h.rows().collect::<Vec<_>>(), [[3.0, 3.0], [3.0, 5.0]]);
    /// ```
    pub fn linear<'b>(self, rows: &'b [T]) -> LinearTerms<'b, T>
    where
        'a: 'b,
    {
        LinearTerms { terms: self, rows }
    }
}

impl<T: Scalar> LinearTerms<'_, T> {
    /// Returns the value and the gradient of the sum.
    ///
    /// # Panics
    ///
    /// When the table has not a row as long as `x` for every term.
    ///
    /// ```
    /// use dualtape::Terms;
    ///
    /// let squares = Terms::all(2).linear(&[1.0, 0.0, 1.0, 2.0]).gradient(|_, eta| eta * eta, &[3.0, 1.0]);
    /// assert_eq!(squares, (34.0, vec![16.0, 20.0]));
    /// ```
    #[track_caller]
    pub fn gradient(&self, f: impl Fn(usize, Dual<T>) -> Dual<T>, x: &[T]) -> (T, Vec<T>) {
        let first = |i, eta| first_order(&f, i, eta);
        value_first(self.joined(x, x.len() + 1, |node| self.sum_of(node, x, &first)))
    }

    /// Returns the value, the gradient and the Hessian of the sum. The Hessian is symmetric to the bit.
    ///
    /// # Panics
    ///
    /// As [`gradient`](LinearTerms::gradient).
    ///
    /// ```
    /// use dualtape::Terms;
    ///
    /// let (y, g, h) = Terms::all(2).linear(&[1.0, 0.0, 1.0, 2.0]).hessian(|_, eta| eta * eta, &[3.0, 1.0]);
    /// assert_eq!((y, g), (34.0, vec![16.0, 20.0]));
    /// assert_eq!(h.rows().collect::<Vec<_>>(), [[4.0, 4.0], [4.0, 8.0]]);
    /// ```
    #[track_caller]
    pub fn hessian(&self, f: impl Fn(usize, Taylor<T, 2>) -> Taylor<T, 2>, x: &[T]) -> (T, Vec<T>, Matrix<T>) {
        let second = |i, eta| second_order(&f, i, eta);
        self.joined_hessian(x, |node| self.sum_of(node, x, &second))
    }

    /// Returns the value and the gradient as [`gradient`](LinearTerms::gradient) does, on all threads of the current
    /// rayon pool, with the same bits.
    ///
    /// # Panics
    ///
    /// As [`gradient`](LinearTerms::gradient).
    ///
    /// ```
    /// use dualtape::{Dual, Scalar, Terms};
    ///
    /// let table: Vec<f64> = (0..2000).map(|i| (i as f64).sin()).collect();
    /// let (terms, f) = (Terms::all(1000).linear(&table), |_: usize, eta: Dual| eta.exp());
    /// assert_eq!(terms.par_gradient(f, &[0.5, 0.1]), terms.gradient(f, &[0.5, 0.1]));
    /// ```
    #[cfg(feature = "parallel")]
    #[track_caller]
    pub fn par_gradient(&self, f: impl Fn(usize, Dual<T>) -> Dual<T> + Sync, x: &[T]) -> (T, Vec<T>) {
        let first = |i, eta| first_order(&f, i, eta);
        value_first(self.joined(x, x.len() + 1, |node| self.par_sum_of(node, x, &first)))
    }

    /// Returns the value, the gradient and the Hessian as [`hessian`](LinearTerms::hessian) does, on all threads of the
    /// current rayon pool, with the same bits.
    ///
    /// # Panics
    ///
    /// As [`gradient`](LinearTerms::gradient).
    ///
    /// ```
    /// use dualtape::{Scalar, Taylor, Terms};
    ///
    /// let table: Vec<f64> = (0..2000).map(|i| (i as f64).sin()).collect();
    /// let (terms, f) = (Terms::all(1000).linear(&table), |_: usize, eta: Taylor<f64, 2>| eta.exp());
    /// assert_eq!(terms.par_hessian(f, &[0.5, 0.1]), terms.hessian(f, &[0.5, 0.1]));
    /// ```
    #[cfg(feature = "parallel")]
    #[track_caller]
    pub fn par_hessian(
        &self,
        f: impl Fn(usize, Taylor<T, 2>) -> Taylor<T, 2> + Sync,
        x: &[T],
    ) -> (T, Vec<T>, Matrix<T>) {
        let second = |i, eta| second_order(&f, i, eta);
        self.joined_hessian(x, |node| self.par_sum_of(node, x, &second))
    }

    /// Returns the sum of `len` numbers each over all pieces, on all ranks.
    #[track_caller]
    fn joined(&self, x: &[T], len: usize, sum_of: impl Fn(Range<usize>) -> Vec<T>) -> Vec<T> {
        let (columns, terms) = (x.len(), self.terms.len());
        let rows = (0..terms).map(|term| self.terms.index(term) + 1).max().unwrap_or(0);
        assert!(
            self.rows.len() >= rows * columns && (columns == 0 || self.rows.len().is_multiple_of(columns)),
            "linear: {} numbers are not {rows} rows of {columns}, one for every term and as long as x; pass the table row \
             by row",
            self.rows.len()
        );
        self.terms.joined(self.size_of_piece(), x, len, sum_of)
    }

    #[track_caller]
    fn joined_hessian(&self, x: &[T], sum_of: impl Fn(Range<usize>) -> Vec<T>) -> (T, Vec<T>, Matrix<T>) {
        let n = x.len();
        let mut h = self.joined(x, n * n + n + 1, sum_of);
        let (y, g) = value_first(h.split_off(n * n));
        for i in 0..n {
            for j in 0..i {
                h[j * n + i] = h[i * n + j];
            }
        }
        (y, g, Matrix::of_entries(n, n, h))
    }

    fn size_of_piece(&self) -> usize {
        self.terms.len().div_ceil(MOST).max(ROWS)
    }

    fn sum_of<const K: usize>(
        &self,
        pieces: Range<usize>,
        x: &[T],
        derivatives: &impl Fn(usize, T) -> [T; K],
    ) -> Vec<T> {
        let mut piece = |node: &Range<usize>| (node.len() == 1).then(|| self.sum_of_piece(node.start, x, derivatives));
        ranks::sum(pieces, &mut piece, &mut ranks::added)
    }

    /// Returns the same as [`sum_of`](LinearTerms::sum_of), on several threads.
    #[cfg(feature = "parallel")]
    fn par_sum_of<const K: usize>(
        &self,
        pieces: Range<usize>,
        x: &[T],
        derivatives: &(impl Fn(usize, T) -> [T; K] + Sync),
    ) -> Vec<T> {
        ranks::par_sum(pieces, &|piece| self.sum_of_piece(piece, x, derivatives), &ranks::added)
    }

    /// Returns the lower half of the Hessian if there are second derivatives, the gradient, and the value.
    fn sum_of_piece<const K: usize>(&self, piece: usize, x: &[T], derivatives: &impl Fn(usize, T) -> [T; K]) -> Vec<T> {
        let n = x.len();
        let size = self.size_of_piece();
        let terms = piece * size..self.terms.len().min((piece + 1) * size);
        let row = |term: usize| &self.rows[self.terms.index(term) * n..][..n];
        let derivatives: Vec<[T; K]> = terms
            .clone()
            .map(|term| {
                let found = derivatives(self.terms.index(term), T::dot_slice(row(term), x));
                self.terms.weights.map_or(found, |weights| found.map(|number| zero::product(number, weights[term])))
            })
            .collect();
        let of_hessian = if K > 2 { n * n } else { 0 };
        let mut sums = vec![T::zero(); of_hessian + n + 1];
        let (h, rest) = sums.split_at_mut(of_hessian);
        let (g, y) = rest.split_at_mut(n);
        vectorized(
            #[inline(always)]
            || {
                for (term, derivatives) in terms.zip(&derivatives) {
                    let row = row(term);
                    y[0] += derivatives[0];
                    add(g, row, derivatives[1]);
                    if K > 2 {
                        for (i, &number) in row.iter().enumerate() {
                            add(&mut h[i * n..][..=i], &row[..=i], zero::product(derivatives[2], number));
                        }
                    }
                }
            },
        );
        sums
    }
}

/// Adds `row·factor` to the sums by the rule "a zero beats an infinity".
#[inline(always)]
fn add<T: Scalar>(sums: &mut [T], row: &[T], factor: T) {
    if !factor.is_identically_zero() {
        zero::add_scaled(sums, row, factor);
    }
}

#[track_caller]
fn first_order<T: Scalar>(f: &impl Fn(usize, Dual<T>) -> Dual<T>, i: usize, eta: T) -> [T; 2] {
    derivative(|eta| f(i, eta), eta).into()
}

#[track_caller]
fn second_order<T: Scalar>(f: &impl Fn(usize, Taylor<T, 2>) -> Taylor<T, 2>, i: usize, eta: T) -> [T; 3] {
    let y: Taylor<T, 2> = taylor(|eta| f(i, eta), eta);
    [y[0], y[1], y.derivative(2)]
}
