//! The determinant by expansion along the first row, in all its l! products.

use dualtape::{Scalar, Terms, function, fuse};
use serde::Deserialize;
use serde_json::Value;

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

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let [rows, entries] = [self.ell, self.a.len()];
        assert!(entries == rows * rows, "a matrix of {rows} rows has {} entries, and not {entries}", rows * rows);
        match function {
            "primal" => clock.time(|| determinant(&self.a, self.ell)).map(Value::from),
            _ => clock.time(|| gradient(&self.a, self.ell)).map(Value::from),
        }
    }
}

fn determinant<S: Scalar<Real = f64>>(a: &[S], ell: usize) -> S {
    minor(a, ell, &mut columns(ell))
}

/// Returns all columns as a linked list: each entry is the next column, and the last entry the first column.
fn columns(ell: usize) -> Vec<usize> {
    (1..=ell).chain([0]).collect()
}

/// The number of rows of the minors that are recorded, one at a time.
const ROWS: usize = 6;

fn gradient(a: &[f64], ell: usize) -> Vec<f64> {
    let above = ell.saturating_sub(ROWS);
    let choices = (0..above).map(|row| ell - row).product();
    Terms::all(choices).gradient(|choice, a| term(choice, above, a, ell), a).1
}

/// Returns a term of the determinant: a choice of entries in the first `above` rows, with its sign, times the minor of
/// the other rows.
fn term<S: Scalar<Real = f64>>(mut choice: usize, above: usize, a: &[S], ell: usize) -> S {
    let mut next = columns(ell);
    let mut product = S::one();
    for row in 0..above {
        let j = choice % (ell - row);
        choice /= ell - row;
        let before = (0..j).fold(ell, |column, _| next[column]);
        let column = next[before];
        next[before] = next[column];
        let entry = a[row * ell + column];
        product *= if j.is_multiple_of(2) { entry } else { -entry };
    }
    product * minor(&a[above * ell..], ell, &mut next)
}

/// Returns the minor of all rows and the listed columns.
fn minor<S: Scalar<Real = f64>>(rows: &[S], ell: usize, next: &mut [usize]) -> S {
    let m = rows.len() / ell;
    let p = next[ell];
    if m == 1 {
        return rows[p];
    }
    let q = next[p];
    if m == 2 {
        return rows[p] * rows[ell + q] - rows[q] * rows[ell + p];
    }
    let r = next[q];
    if m == 3 {
        return of_three(std::array::from_fn(|i| rows[i / 3 * ell + [p, q, r][i % 3]]));
    }
    if m == 4 {
        let mut entries = [rows[p]; 16];
        for (entries, row) in entries.as_chunks_mut::<4>().0.iter_mut().zip(rows.chunks_exact(ell)) {
            *entries = [row[p], row[q], row[r], row[next[r]]];
        }
        return fuse(&function!(of_four: [S; 16] -> S), entries);
    }
    let mut sum = S::zero();
    let mut before = ell;
    for j in 0..m {
        let column = next[before];
        next[before] = next[column];
        let product = rows[column] * minor(&rows[ell..], ell, next);
        next[before] = column;
        before = column;
        sum = if j % 2 == 0 { sum + product } else { sum - product };
    }
    sum
}

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
