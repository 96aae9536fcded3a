//! dualtape in f64 and in f32.

use std::array::from_fn;
use std::hint::black_box;
use std::marker::PhantomData;

use dualtape::sparse::SparseHessian;
use dualtape::{Dual, Function, Real, Scalar, Var, dot, gradient, gradient_forward, hessian, jacobian_array};

use super::{Answer, Lanes, Peer, Way, gradient_in_lanes, jacobian_answer, way};
use crate::fused::fused_rosenbrock;
use crate::moons::Moons;
use crate::program::{Map, Number, Program};
use crate::rosenbrock::rosenbrock;

macro_rules! numbers {
    ($([$($generics:tt)*] $type:ty;)*) => {
        $(impl<$($generics)*> Number for $type {
            #[inline(always)]
            fn plus(self, constant: f64) -> Self { self + <Self as Scalar>::Real::from_f64(constant) }
            #[inline(always)]
            fn times(self, constant: f64) -> Self { self * <Self as Scalar>::Real::from_f64(constant) }
            #[inline(always)]
            fn recip(self) -> Self { Scalar::recip(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { Scalar::sqrt(self) }
            #[inline(always)]
            fn exp(self) -> Self { Scalar::exp(self) }
            #[inline(always)]
            fn ln(self) -> Self { Scalar::ln(self) }
            #[inline(always)]
            fn relu(self) -> Self { Scalar::relu(self) }
            #[inline(always)]
            fn norm_cdf(self) -> Self { Scalar::norm_cdf(self) }
            #[inline(always)]
            fn dot(a: &[Self], b: &[Self]) -> Self { dot(a, b) }
        })*
    };
}
numbers! {
    [] f64;
    [T: Scalar, const N: usize] Dual<T, N>;
    [T: Scalar] Var<T>;
}

impl<R: Real, const N: usize> Lanes<N> for Dual<R, N> {
    type Real = R;

    #[inline(always)]
    fn constant(value: R) -> Self {
        Dual::constant(value)
    }

    #[inline(always)]
    fn seeded(value: R, lane: usize) -> Self {
        Dual::seeded(value, lane)
    }

    #[inline(always)]
    fn parts(self) -> (R, [R; N]) {
        (self.primal, self.partials)
    }
}

fn rounded<R: Real>(x: &[f64]) -> Vec<R> {
    x.iter().map(|&x| R::from_f64(x)).collect()
}

fn wide<R: Real>((y, derivatives): (R, Vec<R>)) -> Answer {
    let wide = |x: R| x.to_f64().expect("a float is one");
    (wide(y), derivatives.into_iter().map(wide).collect())
}

pub(crate) struct Ours<R>(PhantomData<R>);

impl<R: Real> Peer for Ours<R> {
    const NAME: &str = if size_of::<R>() == 8 { "dualtape" } else { "dualtape, f32" };
    const TOLERANCE: f64 = if size_of::<R>() == 8 { 1e-10 } else { 1e-4 };

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        way(move || gradient(|x| program.eval(x), black_box(&x)), wide)
    }

    fn forward<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        way(move || gradient_in_lanes::<Dual<R, N>, P, N>(&program, black_box(&x)), wide)
    }

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        let x = x.map(R::from_f64);
        let wide = |x: R| x.to_f64().expect("a float is one");
        way(
            move || jacobian_array(|x| map.eval(x), black_box(&x)),
            move |(y, j)| jacobian_answer((y.map(wide), j.map(|row| row.map(wide)))),
        )
    }

    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        way(move || hessian(|x| program.eval(x), black_box(&x)), |(y, _, h)| wide((y, h.into_entries())))
    }

    fn second_order<P: Program, const N: usize>(program: P, x: [f64; N]) -> Option<Box<dyn Way>> {
        let x = x.map(R::from_f64);
        let nested = move || {
            let x = black_box(&x);
            program.eval::<Dual<Dual<R, N>, N>>(&from_fn::<_, N, _>(|i| Dual::seeded(Dual::seeded(x[i], i), i)))
        };
        way(nested, |y| wide((y.primal.primal, y.partials.map(|row| row.partials).concat())))
    }
}

/// Derivatives that only this crate has.
impl<R: Real> Ours<R> {
    /// The network as `nn::Mlp` has it, a layer at a time.
    pub(crate) fn layers() -> Option<Box<dyn Way>> {
        let moons = Moons::<R>::new();
        way(move || gradient(|p| moons.loss(p), black_box(moons.network.parameters())), wide)
    }

    /// The same in forward mode.
    pub(crate) fn forward_layers() -> Option<Box<dyn Way>> {
        let moons = Moons::<R>::new();
        way(move || gradient_forward(|p| moons.loss(p), black_box(moons.network.parameters())), wide)
    }

    /// The verb, which has eight lanes whatever the number of inputs.
    pub(crate) fn gradient_forward<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        way(move || gradient_forward(|x| program.eval(x), black_box(&x)), wide)
    }

    /// Rosenbrock's function, its terms fused.
    pub(crate) fn fused_rosenbrock(x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        way(move || gradient(fused_rosenbrock, black_box(&x)), wide)
    }

    /// The entries of Rosenbrock's Hessian that are not zero, with their places found before.
    pub(crate) fn sparse_rosenbrock(x: Vec<f64>) -> Option<Box<dyn Way>> {
        let x = rounded::<R>(&x);
        let found = SparseHessian::new(&Whole, &x);
        way(move || found.at(&Whole, black_box(&x)), |(y, _, h)| wide((y, h.values().to_vec())))
    }
}

/// Rosenbrock's function.
struct Whole;

impl<R: Real> Function<R> for Whole {
    type Output = R;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        rosenbrock(x)
    }
}
