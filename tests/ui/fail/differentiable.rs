//! What `#[differentiable]` refuses.

use dualtape::differentiable;

#[differentiable(f32)]
fn argument(x: f64) -> f64 {
    x
}

#[differentiable]
fn nothing(n: usize) -> usize {
    n
}

#[differentiable]
const fn constant(x: f64) -> f64 {
    x
}

#[differentiable]
async fn asynchronous(x: f64) -> f64 {
    x
}

#[differentiable]
fn pattern(x: f64) -> f64 {
    match x {
        0.0 => 1.0,
        1.0..=2.0 => 3.0,
        _ => x,
    }
}

#[differentiable]
fn bits(x: f64) -> f64 {
    let y = f64::from_bits(x.to_bits() + 1);
    x.value().to_bits();
    y
}

macro_rules! square {
    ($x:expr) => {
        $x * $x
    };
}

#[differentiable]
fn macros(x: f64) -> f64 {
    assert!(matches!(x, 1.0));
    square!(x)
}

fn main() {}
