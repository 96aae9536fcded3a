//! xad-rs: reverse mode on a tape that is kept, forward mode in lanes, that over reverse mode, and nested jets.
//!
//! Its `Jet2Vec`, which carries second derivatives, allocates for every operation, and is not `Copy`.

use std::array::from_fn;
use std::hint::black_box;

use xad_rs::{
    AReal, JetK, Real, Tape, TapeStorage, compute_gradient_fwd_k, compute_gradient_rev_with, compute_hessian_k_with,
    math::ad,
};

use super::{Lanes, Peer, Way, jacobian_answer, jacobian_in_lanes, way};
use crate::program::{Map, Number, Program, normal_line};

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
    fn recip(self) -> Self {
        AReal::new(T::one()) / self
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

floats! {
    [const K: usize] JetK<f64, K>, x, c => x + c, x * c, Real::norm_cdf(&x);
    [const K: usize] JetK<JetK<f64, K>, K>, x, c =>
        JetK::new(x.value + c, x.tangents),
        JetK::new(x.value * c, x.tangents.map(|tangent| tangent * c)),
        normal_line(x, x.value.value);
}

impl<const K: usize> Lanes<K> for JetK<f64, K> {
    type Real = f64;

    #[inline(always)]
    fn constant(value: f64) -> Self {
        JetK::constant(value)
    }

    #[inline(always)]
    fn seeded(value: f64, lane: usize) -> Self {
        JetK::new(value, from_fn(|i| if i == lane { 1.0 } else { 0.0 }))
    }

    #[inline(always)]
    fn parts(self) -> (f64, [f64; K]) {
        (self.value, self.tangents)
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

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        way(move || jacobian_in_lanes::<JetK<f64, N>, F, N>(&map, black_box(&x)), jacobian_answer)
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

    fn second_order<P: Program, const N: usize>(program: P, x: [f64; N]) -> Option<Box<dyn Way>> {
        let nested = move || {
            let x = black_box(&x);
            let seed = |i: usize| from_fn(|lane| JetK::constant(if i == lane { 1.0 } else { 0.0 }));
            program.eval::<JetK<JetK<f64, N>, N>>(&from_fn::<_, N, _>(|i| JetK::new(Lanes::seeded(x[i], i), seed(i))))
        };
        way(nested, |y| (y.value.value, y.tangents.map(|row| row.tangents).concat()))
    }
}
