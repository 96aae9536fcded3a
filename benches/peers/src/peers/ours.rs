//! dualtape in f64 and in f32.

use std::array::from_fn;
use std::hint::black_box;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Sub};

use dualtape::nalgebra::{FieldFunction, OverField};
use dualtape::sparse::SparseHessian;
use dualtape::{Dual, Function, LANES, Real, Scalar, Var, dot, gradient, gradient_forward, hessian};
use nalgebra::{Matrix4, RealField};

use super::{Answer, Peer, Way, arm_answer, jacobian_answer, way};
use crate::arm::{ANGLES, from_slopes, hand_by_isometries, hand_by_matrices};
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

/// A number of this crate, whichever.
#[derive(Clone, Copy)]
struct Any<S>(S);

macro_rules! operators {
    ($($trait:ident $method:ident $operator:tt;)*) => {
        $(impl<S: Scalar> $trait for Any<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Any(self.0 $operator other.0)
            }
        })*
    };
}
operators! {
    Add add +;
    Sub sub -;
    Mul mul *;
    Div div /;
}

impl<S: Scalar> Number for Any<S> {
    #[inline(always)]
    fn plus(self, constant: f64) -> Self {
        Any(self.0 + S::Real::from_f64(constant))
    }

    #[inline(always)]
    fn times(self, constant: f64) -> Self {
        Any(self.0 * S::Real::from_f64(constant))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Any(self.0.sqrt())
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Any(self.0.recip())
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Any(self.0.exp())
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Any(self.0.ln())
    }

    #[inline(always)]
    fn relu(self) -> Self {
        Any(self.0.relu())
    }

    #[inline(always)]
    fn norm_cdf(self) -> Self {
        Any(self.0.norm_cdf())
    }
}

/// A program as a function of N numbers, of as many as there are for N = 0.
struct Of<P, const N: usize>(P);

impl<R: Real, P: Program, const N: usize> Function<R> for Of<P, N> {
    type Output = R;

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        if N > 0 {
            self.0.eval(&from_fn::<_, N, _>(|i| Any(x[i]))).0
        } else {
            self.0.eval(&x.iter().map(|&x| Any(x)).collect::<Vec<_>>()).0
        }
    }
}

/// A map as a function.
struct OfMap<F, const N: usize>(F);

impl<R: Real, F: Map<N>, const N: usize> Function<R> for OfMap<F, N> {
    type Output = [R; N];

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> [S; N] {
        self.0.eval(&from_fn(|i| Any(x[i]))).map(|y| y.0)
    }
}

/// The pose of the arm's hand, column by column.
fn columns<F: Copy + 'static>(pose: &Matrix4<F>) -> [F; 16] {
    pose.as_slice().try_into().expect("16 entries")
}

pub(crate) struct ByMatrices;

impl FieldFunction for ByMatrices {
    type Output = [f64; 16];

    fn eval<F: RealField + Copy>(&self, angles: &[F]) -> [F; 16] {
        columns(&hand_by_matrices(angles.try_into().expect("an angle for each joint")))
    }
}

pub(crate) struct ByIsometries;

impl FieldFunction for ByIsometries {
    type Output = [f64; 16];

    fn eval<F: RealField + Copy>(&self, angles: &[F]) -> [F; 16] {
        columns(&hand_by_isometries(angles.try_into().expect("an angle for each joint")))
    }
}

/// The pose and the Jacobian of the arm.
pub(crate) fn arm(hand: impl FieldFunction<Output = [f64; 16]> + 'static) -> Option<Box<dyn Way>> {
    let hand = OverField(hand);
    let run = move || {
        let (pose, slopes) = hand.jacobian_array(black_box(&ANGLES));
        from_slopes(&Matrix4::from_fn(|row, column| (pose[4 * column + row], slopes[4 * column + row])))
    };
    way(run, arm_answer)
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
        if let Ok(x) = <[R; N]>::try_from(&x[..]) {
            return way(move || Of::<P, N>(program).gradient_array(black_box(&x)), |(y, g)| wide((y, g.into())));
        }
        assert_eq!(N, LANES, "lanes of the verb");
        way(move || Of::<P, 0>(program).gradient_forward(black_box(&x)), wide)
    }

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        let x = x.map(R::from_f64);
        let wide = |x: R| x.to_f64().expect("a float is one");
        way(
            move || OfMap(map).jacobian_array(black_box(&x)),
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
