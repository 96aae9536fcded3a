//! The softmax as a custom block.

use dualtape::{Block, Scalar, dot};

/// The softmax, with derivatives computed from its outputs.
#[derive(Clone)]
pub(crate) struct Softmax;

impl Block for Softmax {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        dualtape::softmax(x)
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let mean = dot(y, u);
        y.iter().zip(u).map(|(&y, &u)| y * (u - mean)).collect()
    }
}
