//! Functions with `#[differentiable]` that the compiler refuses, because a derivative would be lost.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Mutex;

use dualtape::differentiable;

fn foreign(x: f64) -> f64 {
    x
}

#[differentiable]
fn calls(x: f64) -> f64 {
    foreign(x)
}

fn interpolated(table: &[f64], x: f64) -> f64 {
    table[0] * x
}

#[differentiable]
fn calls_with_data(x: f64) -> f64 {
    interpolated(&[1.0, 2.0], x)
}

#[differentiable]
fn casts(x: f64) -> f64 {
    let i = x.floor() as usize;
    let single = (2.0 * x) as f32 as f64;
    i as f64 + single + x as f64 + [1.0; 3][x as usize]
}

#[differentiable]
fn integers(x: f64, n: usize) -> f64 {
    x * n
}

#[differentiable]
fn text(x: f64) -> f64 {
    let y: f64 = format!("{x}").parse().unwrap();
    y + x.to_string().parse::<f64>().unwrap()
}

#[differentiable]
fn keys(x: f64) -> f64 {
    let mut seen: HashMap<f64, usize> = HashMap::new();
    seen.insert(x, 1);
    x
}

thread_local! {
    static LAST: Cell<f64> = const { Cell::new(0.0) };
}
static TOTAL: Mutex<f64> = Mutex::new(0.0);

#[differentiable]
fn kept(x: f64) -> f64 {
    LAST.with(|last| last.set(x));
    *TOTAL.lock().unwrap() += x;
    x
}

#[differentiable]
fn swapped(x: f64, #[plain] mut last: f64) -> f64 {
    std::mem::swap(&mut last, &mut { x });
    last
}

struct Stored {
    f: Box<dyn Fn(f64) -> f64>,
    rate: f64,
}

impl Stored {
    #[differentiable]
    fn calls(&self, x: f64) -> f64 {
        (self.f)(x)
    }

    #[differentiable]
    fn sums(&self, x: f64) -> f64 {
        let mut sum = self.rate;
        sum += x;
        sum
    }

    #[differentiable]
    fn compares(&self, x: f64) -> f64 {
        if self.rate < x { self.rate.max(x) } else { x }
    }
}

#[differentiable]
fn builds(x: f64) -> Stored {
    Stored { f: Box::new(|x| x), rate: x }
}

#[differentiable]
fn bounds(x: f64, high: f64) -> f64 {
    x.clamp(0.0, high)
}

#[differentiable]
fn table(x: f64) -> f64 {
    const TABLE: [f64; 2] = [1.0, 2.0];
    let total = TABLE.iter().sum::<f64>();
    x + total
}

#[differentiable]
fn nested(x: f64) -> f64 {
    fn square(x: f64) -> f64 {
        x * x
    }
    square(x)
}

#[differentiable]
fn of_a_plain_let(x: f64) -> f64 {
    #[plain]
    let k: f64 = x;
    k * x
}

struct Options {
    tolerance: f64,
}

#[differentiable]
fn options(x: f64) -> f64 {
    let options = Options { tolerance: 1e-9 };
    if x > options.tolerance { x } else { 0.0 }
}

const RATE: f64 = 0.5;
const TABLE: [f64; 2] = [1.0, 2.0];

#[differentiable]
fn product(x: f64, y: f64) -> f64 {
    x * y
}

#[differentiable]
fn constants(x: f64) -> f64 {
    let table: [f64; 2] = TABLE;
    product(x, RATE) + table[0]
}

trait Payoff {
    fn at(&self, x: f64) -> f64;
}

struct Call;

impl Payoff for Call {
    #[differentiable]
    fn at(&self, x: f64) -> f64 {
        x.max(0.0)
    }
}

#[differentiable]
fn paid(payoff: &impl Payoff, x: f64) -> f64 {
    payoff.at(x)
}

#[differentiable]
fn single(x: f32) -> f32 {
    0.5 * x
}

fn calls_single() -> f32 {
    single(1.0)
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
