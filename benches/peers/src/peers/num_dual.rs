//! num-dual: forward mode.
//!
//! Its gradients are in as many lanes as there are inputs; many of them are taken some at a time
//! here, which is faster. Of its Hessians the fastest for 50 inputs is the one that takes pairs of
//! them, for vectors of dynamic length; for 6 inputs it is the one for vectors of static size.

use std::hint::black_box;

use nalgebra::{Const, DVector, Dyn, SVector};
use num_dual::{Dual2SVec64, DualNum, DualSVec64, Gradients, HyperDual64, gradient, hessian, jacobian};

use super::{Lanes, Peer, Way, gradient_in_lanes, jacobian_answer, way};
use crate::program::{Map, Number, Program, normal, normal_line};

macro_rules! numbers {
    ($([$($generics:tt)*] $type:ty, $x:ident => $norm_cdf:expr;)*) => {
        $(impl<$($generics)*> Number for $type {
            #[inline(always)]
            fn plus(self, constant: f64) -> Self { self + constant }
            #[inline(always)]
            fn times(self, constant: f64) -> Self { self * constant }
            #[inline(always)]
            fn recip(self) -> Self { DualNum::recip(&self) }
            #[inline(always)]
            fn sqrt(self) -> Self { DualNum::sqrt(&self) }
            #[inline(always)]
            fn exp(self) -> Self { DualNum::exp(&self) }
            #[inline(always)]
            fn ln(self) -> Self { DualNum::ln(&self) }
            #[inline(always)]
            fn relu(self) -> Self { if self.re > 0.0 { self } else { Self::from(0.0) } }
            #[inline(always)]
            fn norm_cdf(self) -> Self { let $x = self; $norm_cdf }
        })*
    };
}
numbers! {
    [const N: usize] DualSVec64<N>, x => {
        let (y, slope) = normal(x.re);
        DualSVec64::new(y, x.eps * slope)
    };
    [] HyperDual64, x => normal_line(x, x.re);
    [const N: usize] Dual2SVec64<N>, x => normal_line(x, x.re);
}

impl<const N: usize> Lanes<N> for DualSVec64<N> {
    type Real = f64;

    #[inline(always)]
    fn constant(value: f64) -> Self {
        DualSVec64::from_re(value)
    }

    #[inline(always)]
    fn seeded(value: f64, lane: usize) -> Self {
        DualSVec64::from_re(value).derivative(lane)
    }

    #[inline(always)]
    fn parts(self) -> (f64, [f64; N]) {
        (self.re, self.eps.unwrap_generic(Const::<N>, Const::<1>).into())
    }
}

pub(crate) struct NumDual;

impl Peer for NumDual {
    const NAME: &str = "num-dual";

    fn forward<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        if x.len() == N {
            let x = SVector::<f64, N>::from_vec(x);
            let f = move |x: SVector<DualSVec64<N>, N>| program.eval(x.as_slice());
            way(move || gradient(f, black_box(&x)), |(y, g)| (y, g.as_slice().to_vec()))
        } else {
            way(move || gradient_in_lanes::<DualSVec64<N>, P, N>(&program, black_box(&x)), |answer| answer)
        }
    }

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        let x = SVector::from(x);
        let f = move |x: SVector<DualSVec64<N>, N>| SVector::from(map.eval(&x.data.0[0]));
        way(move || jacobian(f, black_box(&x)), |(y, j)| jacobian_answer((y.into(), j.transpose().into())))
    }

    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = DVector::from_vec(x);
        let f = move |x: DVector<HyperDual64>, _: &()| program.eval(x.as_slice());
        way(move || <Dyn as Gradients>::hessian(f, black_box(&x), &()), |(y, _, h)| (y, h.as_slice().to_vec()))
    }

    fn second_order<P: Program, const N: usize>(program: P, x: [f64; N]) -> Option<Box<dyn Way>> {
        let x = SVector::from(x);
        let f = move |x: SVector<Dual2SVec64<N>, N>| program.eval(x.as_slice());
        way(move || hessian(f, black_box(&x)), |(y, _, h)| (y, h.as_slice().to_vec()))
    }
}
