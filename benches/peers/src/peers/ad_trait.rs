//! ad_trait: reverse mode on a tape that it keeps, forward mode in lanes, and that over itself.
//!
//! Of its Hessians this is the fastest for 50 inputs, faster than forward over reverse mode.

use std::hint::black_box;

use ad_trait::differentiable_function::{DifferentiableFunctionTrait, ForwardADMulti, HessianAD, ReverseAD};
use ad_trait::forward_ad::adfn::adfn;
use ad_trait::function_engine::FunctionEngine;
use ad_trait::hyper_ad::hyper::HyperAD_ADFN;
use ad_trait::nalgebra::{ComplexField, DMatrix, RealField};
use ad_trait::reverse_ad::adr::adr;
use ad_trait::{AD, F64};

use super::{Answer, Peer, Way, way};
use crate::program::{Map, Number, Program, normal, normal_line};

macro_rules! numbers {
    ($([$($generics:tt)*] $type:ty, $x:ident => $norm_cdf:expr;)*) => {
        $(impl<$($generics)*> Number for $type {
            #[inline(always)]
            fn plus(self, constant: f64) -> Self { self + F64(constant) }
            #[inline(always)]
            fn times(self, constant: f64) -> Self { self * F64(constant) }
            #[inline(always)]
            fn recip(self) -> Self { ComplexField::recip(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { ComplexField::sqrt(self) }
            #[inline(always)]
            fn exp(self) -> Self { ComplexField::exp(self) }
            #[inline(always)]
            fn ln(self) -> Self { ComplexField::ln(self) }
            #[inline(always)]
            fn relu(self) -> Self { RealField::max(self, Self::constant(0.0)) }
            #[inline(always)]
            fn norm_cdf(self) -> Self { let $x = self; $norm_cdf }
        })*
    };
}
numbers! {
    [] adr, x => normal_line(x, x.value());
    [const N: usize] adfn<N>, x => {
        let (y, slope) = normal(x.value());
        adfn::new(y, x.tangent().map(|p| p * slope))
    };
    [const N: usize] HyperAD_ADFN<N>, x => normal_line(x, x.to_constant());
}

/// A program as the crate's engine takes it.
#[derive(Clone)]
struct Call<P> {
    program: P,
    inputs: usize,
}

impl<P: Program, T: AD + Number> DifferentiableFunctionTrait<T> for Call<P> {
    const NAME: &'static str = "program";

    fn call(&self, x: &[T], _freeze: bool) -> Vec<T> {
        vec![self.program.eval(x)]
    }

    fn num_inputs(&self) -> usize {
        self.inputs
    }

    fn num_outputs(&self) -> usize {
        1
    }
}

/// A map in the same way.
#[derive(Clone)]
struct Mapped<F, const N: usize>(F);

impl<F: Map<N>, T: AD + Number, const N: usize> DifferentiableFunctionTrait<T> for Mapped<F, N> {
    const NAME: &'static str = "map";

    fn call(&self, x: &[T], _freeze: bool) -> Vec<T> {
        self.0.eval(x.first_chunk().expect("N numbers")).to_vec()
    }

    fn num_inputs(&self) -> usize {
        N
    }

    fn num_outputs(&self) -> usize {
        N
    }
}

fn gradient((y, g): (Vec<f64>, DMatrix<f64>)) -> Answer {
    (y[0], g.as_slice().to_vec())
}

pub(crate) struct AdTrait;

impl Peer for AdTrait {
    const NAME: &str = "ad_trait";

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let call = Call { program, inputs: x.len() };
        let engine = FunctionEngine::new(call.clone(), call, ReverseAD::new());
        way(move || engine.derivative(black_box(&x)), gradient)
    }

    fn forward<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let call = Call { program, inputs: x.len() };
        let engine = FunctionEngine::new(call.clone(), call, ForwardADMulti::<adfn<N>>::new());
        way(move || engine.derivative(black_box(&x)), gradient)
    }

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        let engine = FunctionEngine::new(Mapped(map), Mapped(map), ForwardADMulti::<adfn<N>>::new());
        let answer = |(y, j): (Vec<f64>, DMatrix<f64>)| (y.iter().sum(), j.transpose().as_slice().to_vec());
        way(move || engine.derivative(black_box(&x)), answer)
    }

    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        hessian_in_lanes::<P, 10>(program, x)
    }

    fn second_order<P: Program, const N: usize>(program: P, x: [f64; N]) -> Option<Box<dyn Way>> {
        hessian_in_lanes::<P, N>(program, x.into())
    }
}

fn hessian_in_lanes<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
    let call = Call { program, inputs: x.len() };
    let engine = FunctionEngine::new(call.clone(), call, HessianAD::<N>::new());
    way(move || engine.hessian(black_box(&x)), |(y, _, h)| (y[0], h[0].as_slice().to_vec()))
}
