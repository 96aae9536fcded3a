//! A long chain of operations on one variable.

use dualtape::{Real, Scalar};

/// A number of operations that takes a while.
pub(crate) const CHAIN: usize = 1_000_000;

/// Half of the operations are with a constant.
pub(crate) fn chain<R: Real, S: Scalar<Real = R>>(x: S, operations: usize) -> S {
    let [half, quarter] = [0.5, 0.25].map(R::from_f64);
    let mut y = x;
    for _ in 0..operations / 4 {
        y = y * half + (x - y * quarter);
    }
    y
}

pub(crate) fn chain_slope(x: f64, operations: usize) -> (f64, Vec<f64>) {
    let (mut y, mut slope) = (x, 1.0);
    for _ in 0..operations / 4 {
        slope = slope * 0.5 + (1.0 - slope * 0.25);
        y = y * 0.5 + (x - y * 0.25);
    }
    (y, vec![slope])
}
