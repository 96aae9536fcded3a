//! Plain numbers are floats.

use dualtape::{Scalar, Var};

fn f<S: Scalar>(x: S) -> S {
    x * x
}

fn main() {
    f(2);
    Var::<f64>::constant(1.0).max(2);
}
