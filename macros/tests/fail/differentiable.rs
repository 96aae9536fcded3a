//! Functions that `#[differentiable]` refuses.

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
extern "C" fn external(x: f64) -> f64 {
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
fn named_patterns(x: f64) -> f64 {
    if let (f64::INFINITY, 1) | (-2., 2) = (x, 1) { 1.0 } else { x }
}

#[differentiable]
fn bits(x: f64) -> f64 {
    let y = f64::from_bits(x.to_bits() + 1);
    x.value().to_bits();
    y + f64::from_le_bytes(x.to_le_bytes())
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

#[differentiable]
fn plain_with_arguments(#[plain(always)] k: f64, x: f64) -> f64 {
    k * x
}

#[differentiable]
fn plain_blocks(x: f64) -> f64 {
    let k = #[plain]
    {
        2.0
    };
    k * x
}

/// The refused functions are there for those who call them.
fn caller(x: f64) -> f64 {
    pattern(x) + bits(x) + macros(x)
}

fn main() {
    caller(1.0);
}
