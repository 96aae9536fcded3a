//! A function that `#[fused]` passes on, with more scalars than are fused.

use dualtape::{Scalar, fused};

const MANY: usize = 9;

#[fused]
fn seventeen<S: Scalar<Real = f64>>(x: [S; MANY], y: &[S; 8]) -> S {
    x[0] * y[0]
}

fn main() {}
