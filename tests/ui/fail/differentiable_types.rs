//! What the compiler refuses in a function with `#[differentiable]`, as a derivative would be lost.

use dualtape::differentiable;

fn foreign(x: f64) -> f64 {
    x
}

#[differentiable]
fn calls(x: f64) -> f64 {
    foreign(x)
}

#[differentiable]
fn casts(x: f64) -> f64 {
    let i = x as usize;
    i as f64
}

#[differentiable]
fn plain(#[plain] k: f64, x: f64) -> f64 {
    k * x
}

#[differentiable]
fn passes(x: f64) -> f64 {
    plain(x, x)
}

#[differentiable]
fn stores(x: f64, #[plain] last: &mut f64) -> f64 {
    *last = x;
    x
}

fn main() {}
