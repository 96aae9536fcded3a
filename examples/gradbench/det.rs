//! The determinant by expansion along the first row, in all its l! products.

use dualtape::{Scalar, gradient};
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
            _ => clock.time(|| gradient(|a| determinant(a, self.ell), &self.a).1).map(Value::from),
        }
    }
}

fn determinant<S: Scalar<Real = f64>>(a: &[S], ell: usize) -> S {
    // The columns are a linked list: each has the next one, and the last entry the first.
    let mut next: Vec<usize> = (1..=ell).chain([0]).collect();
    minor(a, ell, &mut next)
}

/// The minor of all rows and the listed columns.
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
    if m == 3 {
        let r = next[q];
        let below = |i: usize, j: usize| rows[ell + i] * rows[2 * ell + j] - rows[ell + j] * rows[2 * ell + i];
        return rows[p] * below(q, r) - rows[q] * below(p, r) + rows[r] * below(p, q);
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
