//! The derivatives to compute, and the crates that do.

/// Numbers with the functions of `num_traits::Float`.
macro_rules! floats {
    ($([$($generics:tt)*] $type:ty, $x:ident, $c:ident => $plus:expr, $times:expr, $norm_cdf:expr;)*) => {
        $(impl<$($generics)*> $crate::program::Number for $type {
            #[inline(always)]
            fn plus(self, $c: f64) -> Self { let $x = self; $plus }
            #[inline(always)]
            fn times(self, $c: f64) -> Self { let $x = self; $times }
            #[inline(always)]
            fn recip(self) -> Self { num_traits::Float::recip(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { num_traits::Float::sqrt(self) }
            #[inline(always)]
            fn exp(self) -> Self { num_traits::Float::exp(self) }
            #[inline(always)]
            fn ln(self) -> Self { num_traits::Float::ln(self) }
            #[inline(always)]
            fn relu(self) -> Self { num_traits::Float::max(self, num_traits::Zero::zero()) }
            #[inline(always)]
            fn norm_cdf(self) -> Self { let $x = self; $norm_cdf }
        })*
    };
}

pub(crate) mod ad_trait;
pub(crate) mod echidna;
pub(crate) mod num_dual;
pub(crate) mod ours;
pub(crate) mod rust_quant;
pub(crate) mod xad;

use std::hint::black_box;

use dualtape::{Real, Scalar};
use nalgebra::{Matrix4, RealField};

use crate::arm::{self, ANGLES, JOINTS, Jacobian};
use crate::program::{Map, Number, Program};

/// A value and its derivatives.
pub(crate) type Answer = (f64, Vec<f64>);

/// A way to an answer.
pub(crate) trait Way {
    /// Runs the part to time.
    fn run(&mut self);

    fn answer(&mut self) -> Answer;
}

struct Steps<F, G> {
    compute: F,
    read: G,
}

impl<T, F: FnMut() -> T, G: Fn(T) -> Answer> Way for Steps<F, G> {
    fn run(&mut self) {
        black_box((self.compute)());
    }

    fn answer(&mut self) -> Answer {
        (self.read)((self.compute)())
    }
}

/// A way that computes a result of the crate's own, which `read` makes an answer of.
pub(crate) fn way<T: 'static>(
    compute: impl FnMut() -> T + 'static,
    read: impl Fn(T) -> Answer + 'static,
) -> Option<Box<dyn Way>> {
    Some(Box::new(Steps { compute, read }))
}

/// A crate, with the fastest way that it documents to each derivative, or none.
pub(crate) trait Peer {
    const NAME: &str;

    /// The largest error of a derivative, as a fraction of the largest derivative.
    const TOLERANCE: f64 = 1e-10;

    /// The gradient in reverse mode, on a tape that is kept where the crate can.
    fn reverse<P: Program>(_program: P, _x: Vec<f64>) -> Option<Box<dyn Way>> {
        None
    }

    /// The gradient in forward mode, N directions at once.
    fn forward<P: Program, const N: usize>(_program: P, _x: Vec<f64>) -> Option<Box<dyn Way>> {
        None
    }

    /// The Jacobian in forward mode, N directions at once.
    fn jacobian<F: Map<N>, const N: usize>(_map: F, _x: [f64; N]) -> Option<Box<dyn Way>> {
        None
    }

    /// The Hessian by N inputs, row by row.
    fn hessian<P: Program, const N: usize>(_program: P, _x: Vec<f64>) -> Option<Box<dyn Way>> {
        None
    }

    /// The Hessian by numbers that carry second derivatives, and N directions at once.
    fn second_order<P: Program, const N: usize>(_program: P, _x: [f64; N]) -> Option<Box<dyn Way>> {
        None
    }
}

/// A dual number of a crate without a gradient in N directions at once.
pub(crate) trait Lanes<const N: usize>: Number {
    type Real: Real;

    fn constant(value: Self::Real) -> Self;
    fn seeded(value: Self::Real, lane: usize) -> Self;
    fn parts(self) -> (Self::Real, [Self::Real; N]);
}

/// The gradient in passes of N directions: in one for N inputs.
pub(crate) fn gradient_in_lanes<D: Lanes<N>, P: Program, const N: usize>(
    program: &P,
    x: &[D::Real],
) -> (D::Real, Vec<D::Real>) {
    if let Ok(x) = <&[D::Real; N]>::try_from(x) {
        let inputs: [D; N] = std::array::from_fn(|lane| D::seeded(x[lane], lane));
        let (y, g) = program.eval(&inputs).parts();
        return (y, g.into());
    }
    let mut inputs: Vec<D> = x.iter().map(|&x| D::constant(x)).collect();
    let (mut value, mut g) = (D::Real::from_f64(f64::NAN), Vec::with_capacity(x.len().next_multiple_of(N)));
    for start in (0..x.len()).step_by(N) {
        let lanes = start..x.len().min(start + N);
        for i in lanes.clone() {
            inputs[i] = D::seeded(x[i], i - start);
        }
        let (y, partials) = program.eval(&inputs).parts();
        value = y;
        g.extend(partials);
        for i in lanes {
            inputs[i] = D::constant(x[i]);
        }
    }
    g.truncate(x.len());
    (value, g)
}

/// The Jacobian in one pass of N directions.
pub(crate) fn jacobian_in_lanes<D: Lanes<N, Real = f64>, F: Map<N>, const N: usize>(
    map: &F,
    x: &[f64; N],
) -> ([f64; N], [[f64; N]; N]) {
    let outputs = map.eval(&std::array::from_fn(|lane| D::seeded(x[lane], lane))).map(D::parts);
    (outputs.map(|(y, _)| y), outputs.map(|(_, slopes)| slopes))
}

/// Values and their Jacobian in the form of an answer: of the values, the sum.
pub(crate) fn jacobian_answer<const N: usize>((y, jacobian): ([f64; N], [[f64; N]; N])) -> Answer {
    (y.iter().sum(), jacobian.concat())
}

/// The pose and the Jacobian of an arm, in the form of an answer: of the pose, one number.
pub(crate) fn arm_answer((pose, jacobian): (Matrix4<f64>, Jacobian)) -> Answer {
    (pose.sum(), jacobian.as_slice().to_vec())
}

/// A way to them by dual numbers with a lane for each joint.
pub(crate) fn arm_way<D: Lanes<JOINTS, Real = f64> + RealField>(
    hand: fn(&[D; JOINTS]) -> Matrix4<D>,
) -> Option<Box<dyn Way>> {
    let run = move || {
        let angles = black_box(ANGLES);
        arm::from_slopes(&hand(&std::array::from_fn(|joint| D::seeded(angles[joint], joint))).map(D::parts))
    };
    way(run, arm_answer)
}

/// The same way with nothing kept from before: on a thread of its own.
pub(crate) fn fresh<P: Program>(
    make: fn(P, Vec<f64>) -> Option<Box<dyn Way>>,
    program: P,
    x: Vec<f64>,
) -> Option<Box<dyn Way>> {
    make(program, x.clone())?;
    let once = move || make(program, x.clone()).expect("as before").answer();
    way(move || std::thread::scope(|scope| scope.spawn(&once).join().expect("no panic")), |answer| answer)
}
