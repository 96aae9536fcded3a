//! Types that `#[derive(Parameters)]` refuses.

use std::collections::HashMap;

use dualtape::{Parameters, Scalar};

#[derive(Parameters)]
struct Plain {
    weights: Vec<f64>,
}

#[derive(Parameters)]
struct Two<A, B>(A, B);

#[derive(Parameters)]
struct Bounded<S: Scalar<Real = f64>>(S);

#[derive(Parameters)]
struct Conditional<S>(S)
where
    S: Scalar<Real = f64>;

#[derive(Parameters)]
struct Associated<S: Scalar> {
    weights: Vec<S>,
    data: Vec<S::Real>,
}

#[derive(Parameters)]
union Either<S: Copy> {
    number: S,
    other: S,
}

#[derive(Parameters)]
struct Named<S> {
    weights: HashMap<String, S>,
}

fn main() {}
