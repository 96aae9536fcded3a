//! In generic code a reference stands on the right.

use dualtape::Scalar;

fn doubled<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    x.iter().map(|e| e * 2.0).collect()
}

fn main() {
    doubled(&[1.0]);
}
