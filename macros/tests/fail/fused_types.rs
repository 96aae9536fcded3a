//! Functions that `#[fused]` passes on, and the compiler refuses.

use dualtape::{Scalar, fused};

#[fused]
fn owned<S: Scalar<Real = f64>>(x: S, table: Vec<f64>) -> S {
    x * table[0]
}

#[fused]
fn by_value<S: Scalar<Real = f64>, F: Fn(f64) -> f64>(x: S, f: F) -> S {
    x * f(1.0)
}

#[fused]
fn own_mistake<S: Scalar<Real = f64>>(x: S) -> S {
    let y: f64 = x;
    x * y
}

fn main() {}
