//! The plain functions that `f64` does not have, for `f64`; `f32` rounds them.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};
use std::hint::black_box;

use crate::scalar::Scalar;

/// xⁿ by repeated squaring; where 1/x⁻ⁿ would underflow, by `powf`.
#[inline]
pub(crate) fn powi(x: f64, n: i32) -> f64 {
    let (mut power, mut square, mut bits) = (1.0, x, n.unsigned_abs());
    while bits > 0 {
        if bits & 1 == 1 {
            power *= square;
        }
        bits >>= 1;
        if bits > 0 {
            square *= square;
        }
    }
    match n {
        0.. => power,
        _ if (1.0 / power).is_normal() => 1.0 / power,
        _ => powf(x, f64::from(n)),
    }
}

/// xʸ, hidden from LLVM: it replaces a power with a known exponent by a root or a square, whose last digit differs, and
/// would do so in some readings only.
#[inline]
pub(crate) fn powf(x: f64, y: f64) -> f64 {
    black_box(x).powf(black_box(y))
}

#[inline]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    powf(x, y)
}

/// As [`f64::max`], which may return either zero of two; this returns the first.
#[inline]
pub(crate) fn max(x: f64, y: f64) -> f64 {
    if y > x || x.is_nan() { y } else { x }
}

/// As [`f64::min`], which may return either zero of two; this returns the first.
#[inline]
pub(crate) fn min(x: f64, y: f64) -> f64 {
    if y < x || x.is_nan() { y } else { x }
}

#[inline]
pub(crate) fn abs_sub(x: f64, y: f64) -> f64 {
    if x <= y { 0.0 } else { x - y }
}

#[inline]
pub(crate) fn relu(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

#[inline]
pub(crate) fn leaky_relu(x: f64, slope: f64) -> f64 {
    if x < 0.0 { slope * x } else { x }
}

pub(crate) fn elu(x: f64, alpha: f64) -> f64 {
    if x < 0.0 { alpha * x.exp_m1() } else { x }
}

/// 1/(1 + e⁻ˣ), from whichever of eˣ and e⁻ˣ does not overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// min(x, 0) − ln(1 + e^−|x|).
pub(crate) fn log_sigmoid(x: f64) -> f64 {
    -softplus(-x)
}

/// max(x, 0) + ln(1 + e^−|x|).
pub(crate) fn softplus(x: f64) -> f64 {
    relu(x) + (-x.abs()).exp().ln_1p()
}

pub(crate) fn silu(x: f64) -> f64 {
    weighted_sigmoid(x, x, 0.0)
}

pub(crate) fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { -0.0 } else { x * norm_cdf(x) }
}

pub(crate) fn gelu_tanh(x: f64) -> f64 {
    let two_u = gelu_tanh_argument(x);
    weighted_sigmoid(x, two_u, gelu_tanh_argument_rest(x.abs(), two_u.abs()))
}

/// x·σ(a) for an `a` with the sign of x and the magnitude |a| + `rest`; a subnormal
/// σ is the square of its root.
fn weighted_sigmoid(x: f64, a: f64, rest: f64) -> f64 {
    let power = |t: f64| (t * a.abs()).exp() * (1.0 + t * rest);
    let e = power(-1.0);
    if x == f64::NEG_INFINITY {
        -0.0
    } else if x < 0.0 && e < f64::MIN_POSITIVE {
        x * power(-0.5) * power(-0.5)
    } else {
        x * ((if x < 0.0 { e } else { 1.0 }) / (1.0 + e))
    }
}

/// 2√(2/π) and its product with 0.044715: (1 + tanh u)/2 = σ(2u).
pub(crate) const GELU_LINEAR: f64 = std::f64::consts::FRAC_2_SQRT_PI * SQRT_2;
pub(crate) const GELU_CUBIC: f64 = GELU_LINEAR * 0.044715;

/// 2u of the hyperbolic form of gelu.
pub(crate) fn gelu_tanh_argument<S: Scalar>(x: S) -> S {
    let real = <S::Real as Scalar>::from_f64;
    x * (x * x * real(GELU_CUBIC) + real(GELU_LINEAR))
}

/// 2u − `rounded`, for an x ≥ 0 and its rounded 2u. An exponential magnifies it.
pub(crate) fn gelu_tanh_argument_rest(x: f64, rounded: f64) -> f64 {
    /// 2√(2/π) − GELU_LINEAR
    const REST_OF_LINEAR: f64 = -9.969_308_809_110_92e-17;
    /// 2√(2/π)·0.044715 − GELU_CUBIC
    const REST_OF_CUBIC: f64 = -6.175_149_918_155_315e-19;
    let square = x * x;
    let cubic = square * GELU_CUBIC;
    let factor = cubic + GELU_LINEAR;
    let product = x * factor;
    if product.is_infinite() {
        return 0.0;
    }
    let of_square = x.mul_add(x, -square);
    let of_cubic = square.mul_add(GELU_CUBIC, -cubic) + of_square * GELU_CUBIC + square * REST_OF_CUBIC;
    let (larger, smaller) = if cubic > GELU_LINEAR { (cubic, GELU_LINEAR) } else { (GELU_LINEAR, cubic) };
    let of_factor = smaller - (factor - larger) + of_cubic + REST_OF_LINEAR;
    product - rounded + (x.mul_add(factor, -product) + x * of_factor)
}

pub(crate) fn erf(x: f64) -> f64 {
    libm::erf(x)
}

pub(crate) fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// exp(−x²/2)/√(2π).
pub(crate) fn norm_pdf(x: f64) -> f64 {
    const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;
    exp_minus_square(x, 0.5) * FRAC_1_SQRT_2PI
}

/// exp(−c·x²) for a power of two c, precise in the tail: with x² = h + l exactly it
/// is exp(−c·h)·(1 − c·l).
fn exp_minus_square(x: f64, c: f64) -> f64 {
    let high = x * x;
    if high.is_infinite() {
        return 0.0;
    }
    let low = x.mul_add(x, -high);
    (-c * high).exp() * (1.0 - c * low)
}

/// erfc(−x/√2)/2, corrected for the rounding of the argument.
pub(crate) fn norm_cdf(x: f64) -> f64 {
    /// 1/√2 − FRAC_1_SQRT_2
    const REST_OF_FRAC_1_SQRT_2: f64 = -4.833_646_656_726_457e-17;
    if x.is_infinite() {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let t = -x * FRAC_1_SQRT_2;
    let rest = (-x).mul_add(FRAC_1_SQRT_2, -t) - x * REST_OF_FRAC_1_SQRT_2;
    0.5 * erfc(t) - exp_minus_square(t, 1.0) * rest * (0.5 * std::f64::consts::FRAC_2_SQRT_PI)
}

pub(crate) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

pub(crate) fn digamma(x: f64) -> f64 {
    polygamma(x, 0)
}

/// ψ⁽ᵐ⁾(x): recurrence up to where the asymptotic series holds, reflection
/// below 0 (Abramowitz & Stegun 6.4.6, 6.4.7, 6.4.11).
pub(crate) fn polygamma(x: f64, m: u32) -> f64 {
    let odd_sign = if m % 2 == 1 { 1.0 } else { -1.0 };
    if x.is_nan() {
        f64::NAN
    } else if x == 0.0 || (m == 0 && x.abs() < f64::MIN_POSITIVE) {
        // The pole −(−1)ᵐ m!/xᵐ⁺¹.
        odd_sign / powi(x, m as i32 + 1)
    } else if x > 0.0 {
        polygamma_positive(x, m)
    } else if x == x.floor() {
        // A pole, of one sign from both sides when m is odd.
        if m % 2 == 1 { f64::INFINITY } else { f64::NAN }
    } else {
        -odd_sign * polygamma_positive(1.0 - x, m) - powi(PI, m as i32 + 1) * cotangent_derivative(x, m)
    }
}

fn polygamma_positive(x: f64, m: u32) -> f64 {
    if x.is_infinite() {
        if m == 0 { x } else { 0.0 }
    } else if m == 0 && x < 12.0 {
        digamma_small(x)
    } else {
        polygamma_large(x, m)
    }
}

/// ψ for 0 < x < 12: recurrence to and from [1, 2], where it is (x − r) times a
/// rational function, r being its root (J. Maddock, Boost.Math).
fn digamma_small(x: f64) -> f64 {
    const ROOT: [f64; 2] = [1.461_632_144_968_362_2, 9.549_995_429_965_697e-17];
    const OFFSET: f64 = 0.995_581_626_892_089_8;
    const NUMERATOR: [f64; 6] = [
        0.254_798_510_611_315_53,
        -0.325_550_311_868_044_9,
        -0.650_318_537_708_965_1,
        -0.289_191_264_447_747_84,
        -0.045_251_321_448_739_06,
        -0.002_071_332_116_774_595,
    ];
    const DENOMINATOR: [f64; 7] = [
        1.0,
        2.076_711_702_373_047,
        1.460_624_290_976_351_6,
        0.435_935_296_926_659_67,
        0.054_151_797_245_674_226,
        0.002_128_498_701_782_114_6,
        -5.578_984_132_167_551e-7,
    ];
    let (mut z, mut recurrence) = (x, 0.0);
    while z > 2.0 {
        z -= 1.0;
        recurrence += 1.0 / z;
    }
    while z < 1.0 {
        recurrence -= 1.0 / z;
        z += 1.0;
    }
    let polynomial = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * (z - 1.0) + c);
    let from_root = z - ROOT[0] - ROOT[1];
    from_root * (OFFSET + polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)) + recurrence
}

/// The Bernoulli numbers B₂, B₄, ...; the next changes no last digit up to the order at which
/// results overflow.
pub(crate) const BERNOULLI: [f64; 9] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
];

/// n!
pub(crate) fn factorial(n: u32) -> f64 {
    (2..=n).map(f64::from).product()
}

/// ψ⁽ᵐ⁾ for x > 0: recurrence up to where the asymptotic series holds.
fn polygamma_large(x: f64, m: u32) -> f64 {
    let order = m as i32;
    let odd_sign = if m % 2 == 1 { 1.0 } else { -1.0 };
    let threshold = 12.0 + f64::from(m);
    let steps = (threshold - x).ceil().max(0.0);
    let z = x + steps;

    // All terms have one sign but those of m = 0; the smallest are added first.
    let inverse_square = 1.0 / (z * z);
    let mut series = 0.0;
    for (k, bernoulli) in BERNOULLI.iter().enumerate().rev() {
        // (2k + m − 1)!/(2k)! for k from 1
        let k2 = 2 * (k as u32 + 1);
        let ratio = if m == 0 { 1.0 / f64::from(k2) } else { (k2 + 1..k2 + m).map(f64::from).product::<f64>() };
        series = (series + bernoulli * ratio) * inverse_square;
    }
    let scale = powi(z, -order);
    let asymptotic = if m == 0 {
        z.ln() - (0.5 / z + series)
    } else {
        odd_sign * (scale * (series + 0.5 * factorial(m) / z) + scale * factorial(m - 1))
    };

    let mut recurrence = 0.0;
    let mut step = steps;
    while step > 0.0 {
        step -= 1.0;
        recurrence += powi(x + step, -order - 1);
    }
    asymptotic + odd_sign * factorial(m) * recurrence
}

/// The m-th derivative of cot(y) in y, at y = πx: a polynomial in the cotangent c,
/// as dc/dy = −(1 + c²).
fn cotangent_derivative(x: f64, m: u32) -> f64 {
    let reduced = x - x.round();
    let c = if reduced.abs() > 0.25 {
        (PI * (0.5 - reduced.abs())).tan().copysign(reduced)
    } else {
        1.0 / (PI * reduced).tan()
    };
    let mut polynomial = vec![0.0, 1.0];
    for _ in 0..m {
        let mut next = vec![0.0; polynomial.len() + 1];
        for (power, coefficient) in polynomial.iter().enumerate().skip(1) {
            let slope = power as f64 * coefficient;
            next[power - 1] -= slope;
            next[power + 1] -= slope;
        }
        polynomial = next;
    }
    polynomial.iter().rev().fold(0.0, |sum, coefficient| sum * c + coefficient)
}
