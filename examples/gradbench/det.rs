//! The determinant by expansion along the first row, in all its l! products.

use dualtape::{Scalar, Terms, function, fuse, gradient};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The entries of a matrix of `ell` rows, row by row.
#[derive(Deserialize)]
pub(crate) struct Determinant {
    #[serde(rename = "A")]
    a: Vec<f64>,
    ell: usize,
}

impl Problem for Determinant {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let [rows, entries] = [self.ell, self.a.len()];
        assert!(entries == rows * rows, "a matrix of {rows} rows has {} entries, and not {entries}", rows * rows);
        match (function, form) {
            ("primal", _) => clock.time(|| self.determinant(&self.a)).map(Value::from),
            (_, Form::Plain) => clock.time(|| gradient(|a| self.determinant(a), &self.a).1).map(Value::from),
            (_, Form::Tuned) => clock.time(|| self.tuned()).map(Value::from),
        }
    }
}

impl Determinant {
    fn determinant<S: Scalar<Real = f64>>(&self, a: &[S]) -> S {
        (0..self.ell).map(|j| self.term(j, a, Form::Plain)).sum()
    }

    /// Differentiates term by term, so that a recording fits the cache.
    fn tuned(&self) -> Vec<f64> {
        Terms::all(self.ell).gradient(|j, a| self.term(j, a, Form::Tuned), &self.a).1
    }

    /// Returns an entry of the first row with its sign, times its minor.
    fn term<S: Scalar<Real = f64>>(&self, j: usize, a: &[S], form: Form) -> S {
        let (row, below) = a.split_at(self.ell);
        // All columns as a linked list: each entry is the next column, and the last entry the first column.
        let mut next: Vec<usize> = (1..=self.ell).chain([0]).collect();
        let before = if j == 0 { self.ell } else { j - 1 };
        next[before] = next[j];
        let product = row[j] * minor(below, self.ell, &mut next, form);
        if j.is_multiple_of(2) { product } else { -product }
    }
}

/// Returns the minor of all rows and the listed columns.
fn minor<S: Scalar<Real = f64>>(rows: &[S], ell: usize, next: &mut [usize], form: Form) -> S {
    let m = rows.len() / ell;
    if m == 0 {
        return S::one();
    }
    let p = next[ell];
    if m == 1 {
        return rows[p];
    }
    if m == 4 && form == Form::Tuned {
        let columns = [p, next[p], next[next[p]], next[next[next[p]]]];
        let entries: [S; 16] = std::array::from_fn(|i| rows[i / 4 * ell + columns[i % 4]]);
        return fuse(&function!(of_four: [S; 16] -> S), entries);
    }
    let mut sum = S::zero();
    let mut before = ell;
    for j in 0..m {
        let column = next[before];
        next[before] = next[column];
        let product = rows[column] * minor(&rows[ell..], ell, next, form);
        next[before] = column;
        before = column;
        sum = if j % 2 == 0 { sum + product } else { sum - product };
    }
    sum
}

/// Returns the minor of four rows: a kernel without loops.
#[inline(always)]
fn of_four<S: Scalar<Real = f64>>([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [S; 16]) -> S {
    a * of_three([f, g, h, j, k, l, n, o, p]) - b * of_three([e, g, h, i, k, l, m, o, p])
        + c * of_three([e, f, h, i, j, l, m, n, p])
        - d * of_three([e, f, g, i, j, k, m, n, o])
}

#[inline(always)]
fn of_three<S: Scalar<Real = f64>>([a, b, c, d, e, f, g, h, i]: [S; 9]) -> S {
    a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
}
