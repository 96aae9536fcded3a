//! A closure has one type of number.

use dualtape::{gradient, hessian};

fn main() {
    let f = |x: &[_]| x[0] * x[1];
    gradient(f, &[1.0, 2.0]);
    hessian(f, &[1.0, 2.0]);
}
