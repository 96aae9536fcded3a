//! A tool that needs several readings takes a `Function`.

use dualtape::{Scalar, Var, check, function};

fn main() {
    let k = 2.0;
    check(&|x: &[Var]| x[0] * k, &[1.0]);
    check(&function!(|x: &[S]| x[0] * k), &[1.0]);
    check(&function!(|x: &[S]| -> S { x[0] * k }), &[1.0]);
}
