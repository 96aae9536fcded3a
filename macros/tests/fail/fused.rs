//! Functions that `#[fused]` refuses.

use dualtape::{Scalar, differentiable, fused};

struct Camera<S> {
    turn: [S; 3],
}

#[fused(always)]
fn arguments<S: Scalar<Real = f64>>(x: S) -> S {
    x
}

#[fused]
fn slice<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x[0]
}

#[fused]
fn written<S: Scalar<Real = f64>>(x: [S; 2], out: &mut [S; 2]) {
    *out = x;
}

#[fused]
fn vector<S: Scalar<Real = f64>>(x: Vec<S>) -> S {
    x[0]
}

#[fused]
fn model<S: Scalar<Real = f64>>(camera: &Camera<S>) -> S {
    camera.turn[0]
}

#[fused]
fn tuples<S: Scalar<Real = f64>>(x: [(S, S); 2]) -> S {
    x[0].0 + x[1].1
}

#[fused]
fn forever<S: Scalar<Real = f64>>(x: &'static [S; 2]) -> S {
    x[0]
}

#[fused]
fn nothing<S: Scalar<Real = f64>>(x: f64) -> S {
    S::from_f64(x)
}

#[fused]
fn plain(x: f64) -> f64 {
    x
}

#[fused]
fn two<S: Scalar<Real = f64>, T: Scalar<Real = f64>>(x: S, y: T) -> S {
    x * y.value()
}

#[fused]
fn ordered<S: Scalar<Real = f64> + Ord>(x: S, y: S) -> S {
    Ord::max(x, y)
}

#[fused]
const fn constant<S: Scalar<Real = f64>>(x: S) -> S {
    x
}

#[fused]
async fn asynchronous<S: Scalar<Real = f64>>(x: S) -> S {
    x
}

#[fused]
unsafe fn careless<S: Scalar<Real = f64>>(x: S) -> S {
    x
}

#[fused]
extern "C" fn external<S: Scalar<Real = f64>>(x: S) -> S {
    x
}

#[fused]
fn opaque<S: Scalar<Real = f64>>(f: &impl Fn(f64) -> f64, x: S) -> S {
    x * f(1.0)
}

#[fused]
fn of_scalars<S: Scalar<Real = f64>, F: Fn(S) -> S>(f: &F, x: S) -> S {
    f(x)
}

#[fused]
fn into<S: Scalar<Real = f64>, T>(x: S, y: T) -> S
where
    T: Into<S> + Copy,
{
    x + y.into()
}

#[fused]
fn without_result<S: Scalar<Real = f64>>(x: S) {
    let _ = x;
}

#[fused]
fn sign<S: Scalar<Real = f64>>(x: S) -> bool {
    x > 0.0
}

#[fused]
fn list<S: Scalar<Real = f64>>(x: S) -> Vec<S> {
    vec![x]
}

#[fused]
fn sum_of_lengths<S: Scalar<Real = f64>, const N: usize>(x: [S; N], y: S) -> S {
    x[0] * y
}

#[fused]
fn product_of_lengths<S: Scalar<Real = f64>, const N: usize>(x: S) -> [[S; N]; 2] {
    [[x; N]; 2]
}

impl Camera<f64> {
    #[fused]
    fn method<S: Scalar<Real = f64>>(&self, x: S) -> S {
        x * self.turn[0]
    }

    #[fused]
    fn associated<S: Scalar<Real = f64>>(x: S) -> S {
        x * Self::focal()
    }

    fn focal() -> f64 {
        2.0
    }
}

#[differentiable]
#[fused]
fn of_slice(x: &[f64]) -> f64 {
    x[0]
}

#[fused]
#[differentiable]
fn of_slice_too(x: &[f64]) -> f64 {
    x[0]
}

/// The refused functions are there for those who call them.
fn caller(x: [f64; 2]) -> f64 {
    slice(&x) + model(&Camera { turn: [x[0]; 3] }) + plain(of_slice(&x)) + tuples([(x[0], x[1]); 2])
}

fn main() {
    caller([1.0, 2.0]);
}
