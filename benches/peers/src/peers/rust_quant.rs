//! RustQuant_autodiff: reverse mode on a graph that is kept.

use std::f64::consts::FRAC_1_SQRT_2;
use std::hint::black_box;

use RustQuant_autodiff::{Accumulate, Gradient, Graph, Max, Variable};

use super::{Peer, Way, way};
use crate::program::{Number, Program};

impl Number for Variable<'_> {
    #[inline(always)]
    fn plus(self, constant: f64) -> Self {
        self + constant
    }

    #[inline(always)]
    fn times(self, constant: f64) -> Self {
        self * constant
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Variable::recip(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Variable::sqrt(self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Variable::exp(self)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Variable::ln(self)
    }

    #[inline(always)]
    fn relu(self) -> Self {
        Max::max(&self, 0.0)
    }

    #[inline(always)]
    fn norm_cdf(self) -> Self {
        (self * -FRAC_1_SQRT_2).erfc() * 0.5
    }
}

pub(crate) struct RustQuant;

impl Peer for RustQuant {
    const NAME: &str = "RustQuant_autodiff";

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let graph = Graph::new();
        let gradient = move || {
            graph.clear();
            let x = graph.vars(black_box(&x));
            let y = program.eval(&x);
            (y.value, y.accumulate().wrt(&x))
        };
        way(gradient, |answer| answer)
    }
}
