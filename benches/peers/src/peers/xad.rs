//! xad-rs: reverse mode on a tape that is kept, forward mode in lanes, and the one over the other.

use std::hint::black_box;

use xad_rs::{
    AReal, JetK, Real, Tape, TapeStorage, compute_gradient_fwd_k, compute_gradient_rev_with, compute_hessian_k_with,
    math::ad,
};

use super::{Peer, Way, way};
use crate::program::{Number, Program};

fn constant<T: TapeStorage>(x: f64) -> T {
    T::from_f64(x).expect("every number has a constant")
}

impl<T: TapeStorage> Number for AReal<T> {
    #[inline(always)]
    fn plus(self, x: f64) -> Self {
        self + constant::<T>(x)
    }

    #[inline(always)]
    fn times(self, x: f64) -> Self {
        self * constant::<T>(x)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        ad::sqrt(&self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        ad::exp(&self)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        ad::ln(&self)
    }

    #[inline(always)]
    fn relu(self) -> Self {
        ad::max(&self, &AReal::new(T::zero()))
    }

    #[inline(always)]
    fn norm_cdf(self) -> Self {
        ad::norm_cdf(&self)
    }

    #[inline(always)]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        ad::dot(a, b)
    }
}

impl<const K: usize> Number for JetK<f64, K> {
    #[inline(always)]
    fn plus(self, constant: f64) -> Self {
        self + constant
    }

    #[inline(always)]
    fn times(self, constant: f64) -> Self {
        self * constant
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Real::sqrt(&self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Real::exp(&self)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Real::ln(&self)
    }

    #[inline(always)]
    fn relu(self) -> Self {
        Real::max(&self, &Real::zero())
    }

    #[inline(always)]
    fn norm_cdf(self) -> Self {
        Real::norm_cdf(&self)
    }
}

pub(crate) struct Xad;

impl Peer for Xad {
    const NAME: &str = "xad-rs";

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let mut tape = Tape::<f64>::new(true);
        let f = move |x: &[AReal<f64>]| program.eval(x);
        way(move || compute_gradient_rev_with(&mut tape, black_box(&x), f), |answer| answer)
    }

    fn forward<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let f = move |x: &[JetK<f64, N>]| program.eval(x);
        way(move || compute_gradient_fwd_k::<N, _>(black_box(&x), f), |answer| answer)
    }

    /// The Hessian alone, without value and gradient.
    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let mut tape = Tape::<JetK<f64, 8>>::new(true);
        let value = program.eval(&x);
        let f = move |x: &[AReal<JetK<f64, 8>>]| program.eval(x);
        way(
            move || compute_hessian_k_with::<8, _>(&mut tape, black_box(&x), f),
            move |h| (value, h.into_iter().collect()),
        )
    }
}
