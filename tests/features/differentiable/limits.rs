//! The right form of each row in the table of limits of `differentiable`. `tests/ui` has the refused forms.

use dualtape::{Rule, Scalar, differentiable, gradient};

#[differentiable]
fn called(x: f64) -> f64 {
    #[differentiable]
    fn square(x: f64) -> f64 {
        x * x
    }
    square(x) + Foreign.apply([x])
}

struct Foreign;

impl Rule<1> for Foreign {
    fn value(&self, [x]: [f64; 1]) -> f64 {
        x.sin()
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [x.cos()]
    }
}

#[differentiable]
#[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "casts are the subject")]
fn steps(x: f64, n: usize) -> f64 {
    const ROWS: usize = 2;
    let table = [0.5; ROWS * ROWS];
    let place = x.value() as usize as f64 + (2.0 * x).value() as f32 as f64 + table[(2.0 * x).value() as usize] - 0.5;
    let bits = x.value().to_bits() as f64;
    let none = 3 as f64 * 0.5 - 1.5_f32 as f64;
    place * x + n as f64 * x + x * n as f64 + none * bits
}

#[differentiable]
fn scaled(#[plain] k: f64, x: f64) -> f64 {
    k * x
}

struct Options {
    tolerance: f64,
}

const RATE: f64 = 2.0;
const TABLE: [f64; 2] = [1.0, 3.0];

#[differentiable]
fn product(x: f64, y: f64) -> f64 {
    x * y
}

#[differentiable]
fn constants(x: f64) -> f64 {
    let options = Options {
        #[plain]
        tolerance: 1e-9,
    };
    let rate: f64 = RATE;
    let table = TABLE;
    #[plain]
    let total: f64 = TABLE.iter().sum();
    let twice = |#[plain] k: f64, x: f64| 2.0 * k * x;
    let half = const { 1.0 / 2.0 };
    let scaled = scaled(
        #[plain]
        0.5,
        x,
    );
    if x > options.tolerance {
        product(x, rate) + table[1] * x + total * x + twice(RATE, x) + half * x + scaled
    } else {
        x
    }
}

struct Account {
    start: f64,
    limit: f64,
}

impl Account {
    #[differentiable]
    fn filled(&self, x: f64) -> f64 {
        let mut sum: f64 = self.start;
        sum += x;
        if x > self.limit { x.max(self.limit) } else { sum }
    }
}

#[differentiable]
fn bounded(x: f64, low: f64, high: f64) -> f64 {
    if x == 0.0 { 2.0 * x } else { x.max(low).min(high) }
}

#[differentiable]
fn macros(x: f64, n: usize) -> f64 {
    assert!(matches!((n, x), (0..=3, x) if 0.0 < x), "{}: {x}", line!());
    let mut printed = String::new();
    std::fmt::Write::write_fmt(&mut printed, format_args!("{x} {:.1}", 2.0 * x)).unwrap();
    debug_assert_ne!(printed, stringify!(x));
    vec![x; n].iter().sum::<f64>() + vec![1., 2f64][0] * x
}

trait Payoff {
    fn at<S: Scalar<Real = f64>>(&self, x: S) -> S;
}

struct Call<S> {
    strike: S,
}

impl Payoff for Call<f64> {
    fn at<S: Scalar<Real = f64>>(&self, x: S) -> S {
        (x - self.strike).max(0.0)
    }
}

#[differentiable]
fn paid(payoff: &impl Payoff, x: f64, strike: f64) -> f64 {
    let call = Call { strike };
    payoff.at(x) + call.strike * 2.0
}

#[differentiable]
fn applied(f: &dyn Fn(f64) -> f64, x: f64) -> f64 {
    let doubled: Box<dyn Fn(f64) -> f64> = Box::new(|x| 2.0 * x);
    let functions: [fn(f64) -> f64; 2] = [f64::sin, f64::cos as fn(f64) -> f64];
    f(doubled(x)) + 0.0 * functions[1](x)
}

#[differentiable]
fn single(x: f32) -> f32 {
    x * x
}

#[differentiable]
#[cfg(any())]
fn absent(x: f64) -> f64 {
    x
}

#[test]
fn the_forms_in_the_table_have_the_right_derivatives() {
    assert_eq!(gradient(|x| called(x[0]), &[0.0]), (0.0, vec![1.0]));
    assert_eq!(gradient(|x| steps(x[0], 2), &[1.5]), (4.0 * 1.5 + 4.0 * 1.5, vec![8.0]));
    assert_eq!(gradient(|x| constants(x[0]), &[1.0]).1, [2.0 + 3.0 + 4.0 + 4.0 + 0.5 + 0.5]);
    let account = Account { start: 1.0, limit: 3.0 };
    assert_eq!(gradient(|x| account.filled(x[0]), &[2.0]), (3.0, vec![1.0]));
    assert_eq!(gradient(|x| bounded(x[0], x[1], x[2]), &[5.0, 1.0, 4.0]).1, [0.0, 0.0, 1.0]);
    assert_eq!(gradient(|x| macros(x[0], 3), &[2.0]).1, [4.0]);
    assert_eq!(gradient(|x| paid(&Call { strike: 1.0 }, x[0], x[1]), &[3.0, 1.0]).1, [1.0, 2.0]);
    assert_eq!(gradient(|x| applied(&|y| y * x[1], x[0]), &[3.0, 1.5]).1, [3.0, 6.0]);
    assert_eq!(single(1.5_f32), 2.25);
}
