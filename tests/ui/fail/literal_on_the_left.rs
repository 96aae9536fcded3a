//! In generic code a plain number stands on the right.

use dualtape::Scalar;

fn half<S: Scalar<Real = f64>>(vol: S) -> S {
    0.5 * vol
}

fn logistic<S: Scalar<Real = f64>>(x: S) -> S {
    1.0 / (1.0 + (-x).exp())
}

fn main() {
    half(1.0);
    logistic(1.0);
}
