//! Every elementary function and its derivative, written once.
//!
//! A rule takes the arguments in the scalar *inside* a dual number or a tape
//! variable and returns the value with the partial derivatives, in that same
//! scalar. Because the inner scalar may itself carry derivatives, a rule's formula
//! is differentiated again for higher orders; formulas are therefore chosen so
//! that their own derivatives do not cancel or overflow either. The value always
//! comes from the inner scalar's own function, so it equals the plain value bit for
//! bit.
//!
//! A formula of more than a few operations is a function of its own, `asin_slope` of
//! `asin`, which the [series](crate::Taylor) integrate.
//!
//! # Adding a function
//!
//! 1. Declare it in [`Scalar`]. Add its name and a sample domain to [`elementary_functions`], with `std` if `f64` has a
//!    method of that name, and with `special` otherwise.
//! 2. If `f64` does not have it, write the plain function in `scalar/special.rs`.
//! 3. Write its rule here.
//! 4. Write its series in `series/recurrences.rs`: for most functions the integral of the slope.
//!
//! Every scalar then has the function, and the tests in `scalar/rules/tests.rs` compare it with differences and between
//! the modes.

use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

use num_traits::{Float, FloatConst, ToPrimitive, Zero};

use crate::scalar::slope::{Slope, Wide, is_moderate, unit_of, wide};
use crate::scalar::softmax::{rest_of_difference, softmax_in_place};
use crate::scalar::{Real, Scalar};

/// Calls `$callback` with the list of all elementary functions: name, parameters with a sample, where the plain function comes from, and a
/// sample domain on which it is smooth (of both arguments, for two).
macro_rules! elementary_functions {
    ($callback:ident $($context:tt)*) => { $callback! { [$($context)*]
        unary {
            recip() std in (0.2, 3.0);
            powi(n: i32 = 3) special in (-2.0, 2.0);
            powf(y: <Self as Scalar>::Real = 2.5) special in (0.2, 3.0);
            sqrt() std in (0.2, 3.0);
            cbrt() std in (0.2, 3.0);
            exp() std in (-2.0, 2.0);
            exp2() std in (-2.0, 2.0);
            exp_m1() std in (-2.0, 2.0);
            ln() std in (0.2, 3.0);
            log2() std in (0.2, 3.0);
            log10() std in (0.2, 3.0);
            ln_1p() std in (-0.5, 2.0);
            sin() std in (-3.0, 3.0);
            cos() std in (-3.0, 3.0);
            tan() std in (-1.2, 1.2);
            asin() std in (-0.9, 0.9);
            acos() std in (-0.9, 0.9);
            atan() std in (-3.0, 3.0);
            sinh() std in (-2.0, 2.0);
            cosh() std in (-2.0, 2.0);
            tanh() std in (-2.0, 2.0);
            asinh() std in (-2.0, 2.0);
            acosh() std in (1.2, 3.0);
            atanh() std in (-0.9, 0.9);
            abs() std in (0.2, 2.0);
            signum() std in (0.2, 2.0);
            floor() std in (1.1, 1.9);
            ceil() std in (1.1, 1.9);
            round() std in (1.6, 2.4);
            trunc() std in (1.1, 1.9);
            fract() std in (1.1, 1.9);
            clamp(lo: <Self as Scalar>::Real = -2.0, hi: <Self as Scalar>::Real = 2.0) std in (-1.9, 1.9);
            relu() special in (0.2, 2.0);
            leaky_relu(slope: <Self as Scalar>::Real = 0.1) special in (-2.0, -0.2);
            elu(alpha: <Self as Scalar>::Real = 0.7) special in (-2.0, -0.2);
            sigmoid() special in (-3.0, 3.0);
            log_sigmoid() special in (-3.0, 3.0);
            softplus() special in (-3.0, 3.0);
            silu() special in (-3.0, 3.0);
            gelu() special in (-3.0, 3.0);
            gelu_tanh() special in (-3.0, 3.0);
            erf() special in (-2.0, 2.0);
            erfc() special in (-2.0, 2.0);
            norm_pdf() special in (-3.0, 3.0);
            norm_cdf() special in (-3.0, 3.0);
            ln_gamma() special in (0.3, 4.0);
            digamma() special in (0.3, 4.0);
            polygamma(m: u32 = 1) special in (0.3, 4.0);
        }
        binary {
            pow(y) special in (0.3, 2.0);
            log(base) std in (1.3, 4.0);
            atan2(x) std in (0.2, 3.0);
            hypot(y) std in (0.2, 3.0);
            max(other) special in (0.2, 3.0);
            min(other) special in (0.2, 3.0);
            copysign(sign) std in (0.2, 3.0);
            abs_sub(y) special in (0.2, 3.0);
        }
    } };
}
pub(crate) use elementary_functions;

pub(crate) fn real<S: Scalar>(x: f64) -> S::Real {
    <S::Real as Scalar>::from_f64(x)
}

pub(crate) fn plain<S: Scalar>(x: S) -> f64 {
    x.value().to_f64().unwrap_or(f64::NAN)
}

fn nan<S: Scalar>() -> S {
    S::from_f64(f64::NAN)
}

// Arithmetic.

/// ∂(ab) = b ∂a + a ∂b
pub(crate) fn mul<S: Scalar>(a: S, b: S) -> (S, S, S) {
    (a * b, b, a)
}

/// ∂(a/b) = ∂a/b − (a/b)/b ∂b; b² would overflow
pub(crate) fn div<S: Scalar>(a: S, b: S) -> (S, impl Slope<S>, impl Slope<S>) {
    let q = a / b;
    (q, reciprocal(b), wide(-(q / b), move || over(-q, b)))
}

/// 1/x as a slope
pub(crate) fn reciprocal<S: Scalar>(x: S) -> Wide<S, impl FnOnce() -> [S; 2]> {
    wide(x.recip(), move || over(S::one(), x))
}

/// Factors of a/x with powers of 2 near a and x for a₀ and x₀: a₀/x₀ and (a/a₀)/(x/x₀). The derivatives of 1/x may be out
/// of range.
fn over<S: Scalar>(a: S, x: S) -> [S; 2] {
    if !S::RECORDS && [a, x].iter().any(|x| x.value() == S::Real::zero()) {
        return [S::zero(); 2]; // There are none.
    }
    let [by_a, by_x] = [a, x].map(|x| unit_of(x.value()));
    let of_x = (x * by_x).recip();
    let size = by_x / by_a;
    if Float::is_normal(size) { [S::from_real(size), a * by_a * of_x] } else { [S::from_real(by_x), a * of_x] }
}

/// ∂(a % b) = ∂a − q ∂b with the whole quotient q = (a − a % b)/b
pub(crate) fn rem<S: Scalar>(a: S, b: S) -> (S, S, S) {
    let v = a % b;
    let q = Float::round((a.value() - v.value()) / b.value());
    let one = if Float::is_nan(q) { nan() } else { S::one() };
    (v, one, S::locally_constant(-q))
}

/// ∂(ab + c) = b ∂a + a ∂b + ∂c
pub(crate) fn mul_add<S: Scalar>(a: S, b: S, c: S) -> (S, S, S, S) {
    (a.mul_add(b, c), b, a, S::one())
}

/// (1/x)′ = −1/x²
pub(crate) fn recip<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    let r = x.recip();
    (r, wide(-(r * r), move || over(-r, x)))
}

// Powers and roots.

/// (xⁿ)′ = n·xᵏ·xⁿ⁻¹⁻ᵏ with k = n/2, so that nothing underflows on the way
// NOTE(perf): inlined, x² is one product. Called, the gradient of Rosenbrock's 50 inputs took 37 % more time in reverse mode
// and 2.7 times as long in forward mode.
#[inline(always)]
pub(crate) fn powi<S: Scalar>(x: S, n: i32) -> (S, impl Slope<S>) {
    let v = x.powi(n);
    let exponent = real::<S>(f64::from(n));
    let slope = move |x: S| match n {
        0 => S::zero(),
        1 => S::one(),
        2 => x * real::<S>(2.0),
        // n − 1 − n/2 stays within i32 for every n
        _ => x.powi(n / 2) * exponent * x.powi(n - n / 2 - 1),
    };
    let factors = move || factors_of_power(x, v, S::from_real(exponent), slope);
    // Where 2x does not fit, x² does not either.
    (v, wide(slope(x), factors).fitting_if((0..=2).contains(&n)))
}

/// (xʸ)′ = y·xʸ⁻¹
pub(crate) fn powf<S: Scalar>(x: S, y: S::Real) -> (S, impl Slope<S>) {
    let v = x.powf(y);
    let less = y - real::<S>(1.0);
    let slope = move |x: S| x.powf(less) * (y * lowering_rest(x.value(), y));
    let number = if y == real::<S>(0.0) { S::zero() } else { slope(x) };
    (v, wide(number, move || factors_of_power(x, v, S::from_real(y), slope)))
}

/// Factors of a·xᵃ⁻¹, the slope of v = xᵃ, with a power of 2 near x for x₀: x₀ᵃ⁻¹ and a·(x/x₀)ᵃ⁻¹.
fn factors_of_power<S: Scalar>(x: S, v: S, a: S, slope: impl Fn(S) -> S) -> [S; 2] {
    let is_in_range = is_moderate(x.value()) || x.value() == S::Real::zero();
    if S::ORDER == 0 || is_in_range || !is_moderate(a.value()) {
        return over(v * a, x);
    }
    let (unit, exponent) = (unit_of(x.value()), a.value());
    let relative = slope(x * unit) * S::from_real(unit).pow(-a + exponent);
    let of_power = Float::powf(unit, -exponent);
    let size = unit * of_power;
    if !Float::is_normal(size) {
        return [S::from_real(unit), relative * of_power];
    }
    let per_size = unit_of(size);
    [S::from_real(Float::recip(per_size)), relative * (size * per_size)]
}

/// The factor of xʸ⁻¹ that is lost when y − 1 is rounded, and 1 where y − 1 is exact. A large logarithm of x magnifies
/// the rounding of y − 1; the derivative of the factor is smaller than any rounding.
fn lowering_rest<R: Real>(x: R, y: R) -> R {
    let rest = rest_of_difference(y, R::one());
    let factor = if rest == R::zero() { R::one() } else { Float::powf(x, rest) };
    if Float::is_normal(factor) { factor } else { R::one() }
}

/// ∂(xʸ) = y·xʸ⁻¹ ∂x + xʸ·ln x ∂y, and 0^y has slope 0 in y for y ≥ 0
pub(crate) fn pow<S: Scalar>(x: S, y: S) -> (S, impl Slope<S>, S) {
    let v = x.pow(y);
    let one = real::<S>(1.0);
    let (x0, y0) = (x.value(), y.value());
    let less = y - one;
    let zero_to_zero = x0 == S::Real::zero() && y0 == S::Real::zero();
    let vanishing = S::locally_constant(S::Real::zero());
    let lowered = x.pow(less);
    let by_x = if y.is_identically_zero() {
        S::zero()
    } else if zero_to_zero {
        vanishing
    } else if y0 == S::Real::zero() {
        // 0 where x⁻¹ is not finite too, as of a plain exponent.
        S::product_by_rule(y, lowered)
    } else {
        lowered * (y * lowering_rest(x0, y0))
    };
    let ln_x = x.ln();
    let vanishes = v.value() == S::Real::zero() && Float::is_infinite(ln_x.value());
    let by_y = if vanishes || zero_to_zero {
        vanishing
    } else if Float::is_normal(v.value()) || !Float::is_normal(lowered.value()) {
        v * ln_x
    } else {
        // The power overflows or underflows. Its derivatives with respect to x are multiples of xʸ⁻¹, which does not
        lowered * (x * ln_x * lowering_rest(x0, y0))
    };
    let slope = move |x: S| x.pow(less) * (y * lowering_rest(x.value(), y0));
    (v, wide(by_x, move || factors_of_power(x, v, y, slope)), by_y)
}

/// (√x)′ = 1/(2√x), and +∞ at −0 too
pub(crate) fn sqrt<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    let v = x.sqrt();
    let slope = |v: S| v.recip() * Float::copysign(real::<S>(0.5), v.value());
    let factors = move || {
        let unit = unit_of(v.value());
        [S::from_real(unit), slope((x * unit * unit).sqrt())]
    };
    (v, wide(slope(v), factors).fitting_if(S::ORDER == 0))
}

/// (∛x)′ = 1/(3 ∛x²)
pub(crate) fn cbrt<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    let v = x.cbrt();
    let factors = move || {
        let unit = unit_of(v.value());
        [S::from_real(unit * unit), cbrt_slope((x * (unit * unit * unit)).cbrt())]
    };
    (v, wide(cbrt_slope(v), factors).fitting_if(S::ORDER == 0))
}

/// 1/(3v²), as the square of 1/v: at 0 an infinity then meets an infinity, and no zero
pub(crate) fn cbrt_slope<S: Scalar>(v: S) -> S {
    let inverse = v.recip();
    inverse / real::<S>(3.0) * inverse
}

/// ∂hypot(x, y) = (x/h, y/h)
pub(crate) fn hypot<S: Scalar>(x: S, y: S) -> (S, S, S) {
    let (by_x, by_y) = hypot_slopes(x, y);
    (x.hypot(y), by_x, by_y)
}

/// (x, y)/h in the smaller quotient t, so that its own derivatives do not cancel: with
/// t = y/x it is ±(1, t)/√(1 + t²)
pub(crate) fn hypot_slopes<S: Scalar>(x: S, y: S) -> (S, S) {
    let zero = S::Real::zero();
    if x.value() == zero && y.value() == zero {
        return (S::locally_constant(zero), S::locally_constant(zero));
    }
    let along = |major: S, minor: S| {
        let t = minor / major;
        let sign = Float::signum(major.value());
        if Float::is_infinite(Float::recip(major.value())) {
            // The derivatives of t overflow; the derivatives of the angle have the sign of the result.
            let angle = t.atan();
            return (angle.cos() * sign, angle.sin() * sign);
        }
        let u = (t * t + real::<S>(1.0)).sqrt().recip() * sign;
        (u, u * t)
    };
    if Float::abs(x.value()) >= Float::abs(y.value()) {
        along(x, y)
    } else {
        let (by_y, by_x) = along(y, x);
        (by_x, by_y)
    }
}

// Exponentials and logarithms.

/// (eˣ)′ = eˣ
pub(crate) fn exp<S: Scalar>(x: S) -> (S, S) {
    let v = x.exp();
    (v, v)
}

/// (2ˣ)′ = ln 2·2ˣ
pub(crate) fn exp2<S: Scalar>(x: S) -> (S, S) {
    let v = x.exp2();
    (v, v * S::Real::LN_2())
}

/// (eˣ − 1)′ = eˣ
pub(crate) fn exp_m1<S: Scalar>(x: S) -> (S, S) {
    (x.exp_m1(), x.exp())
}

/// 1/x for a logarithm: NaN below 0, where the logarithm is
pub(crate) fn logarithm_slope<S: Scalar>(x: S) -> S {
    if x.value() < S::Real::zero() { x * <S::Real as Float>::nan() } else { x.recip() }
}

/// log_b e/x from log_b e
pub(crate) fn slope_of_logarithm<S: Scalar>(x: S, log_e: S::Real) -> Wide<S, impl FnOnce() -> [S; 2]> {
    wide(logarithm_slope(x) * log_e, move || {
        let unit = unit_of(x.value());
        [S::from_real(unit), logarithm_slope(x * unit) * log_e]
    })
}

/// (ln x)′ = 1/x
pub(crate) fn ln<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.ln(), slope_of_logarithm(x, real::<S>(1.0)))
}

/// (log₂ x)′ = log₂ e/x
pub(crate) fn log2<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.log2(), slope_of_logarithm(x, S::Real::LOG2_E()))
}

/// (log₁₀ x)′ = log₁₀ e/x
pub(crate) fn log10<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.log10(), slope_of_logarithm(x, S::Real::LOG10_E()))
}

/// (ln(1 + x))′ = 1/(1 + x)
pub(crate) fn ln_1p<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.ln_1p(), ln_1p_slope(x))
}

/// 1/(1 + x)
pub(crate) fn ln_1p_slope<S: Scalar>(x: S) -> impl Slope<S> {
    slope_of_logarithm(x + real::<S>(1.0), real::<S>(1.0)).fitting_if(S::ORDER == 0)
}

/// ∂(ln x/ln b) = ∂x/(x ln b) − ln x/(b ln² b) ∂b
pub(crate) fn log<S: Scalar>(x: S, base: S) -> (S, impl Slope<S>, impl Slope<S>) {
    let (by_x, by_base) = log_slopes(x, base);
    (x.log(base), by_x, by_base)
}

/// (1/(x ln b), −ln x/(b ln² b)), where 1/(b ln² b) is exp(−ln b − 2 ln|ln b|), so that
/// its own derivative overflows in one term only
pub(crate) fn log_slopes<S: Scalar>(x: S, base: S) -> (impl Slope<S>, impl Slope<S>) {
    let (ln_x, ln_base) = (x.ln(), base.ln());
    let by_base = move |unit: S::Real| {
        let log_of_product = ln_base + Float::ln(unit) + ln_base.abs().ln() * real::<S>(2.0);
        let factor = (-log_of_product).exp();
        // Makes up for the digits that the exponential has lost: 1 but for rounding.
        let rest = Float::recip(base.value() * unit) / ln_base.value() / ln_base.value() / factor.value();
        -(ln_x * if Float::is_normal(rest) { factor * rest } else { factor })
    };
    let by_x = wide(logarithm_slope(x) / ln_base, move || {
        let unit = unit_of(x.value());
        [S::from_real(unit), logarithm_slope(x * unit) / ln_base]
    });
    let by_base = wide(by_base(real::<S>(1.0)), move || {
        let unit = unit_of(base.value());
        [S::from_real(unit), by_base(unit)]
    });
    (by_x.fitting_if(S::ORDER == 0), by_base.fitting_if(S::ORDER == 0))
}

/// ∂ ln Σ exp xᵢ = Σ softmaxᵢ ∂xᵢ, with the slopes in the place of the numbers
pub(crate) fn log_sum_exp<S: Scalar>(xs: &mut [S]) -> S {
    let value = S::log_sum_exp_slice(xs);
    softmax_in_place(xs);
    value
}

// Trigonometric functions.

/// (sin x)′ = cos x
pub(crate) fn sin<S: Scalar>(x: S) -> (S, S) {
    x.sin_cos()
}

/// (cos x)′ = −sin x
pub(crate) fn cos<S: Scalar>(x: S) -> (S, S) {
    let (sin, cos) = x.sin_cos();
    (cos, -sin)
}

/// (tan x)′ = 1 + tan² x
pub(crate) fn tan<S: Scalar>(x: S) -> (S, S) {
    let v = x.tan();
    (v, v * v + real::<S>(1.0))
}

/// 1 − x² with one rounding: neither it near 1 nor its derivative near 0 cancels
fn one_minus_square<S: Scalar>(x: S) -> S {
    (-x).mul_add(x, S::one())
}

/// 1/√(1 − x²)
pub(crate) fn asin_slope<S: Scalar>(x: S) -> S {
    one_minus_square(x).sqrt().recip()
}

/// (asin x)′ = 1/√(1 − x²)
pub(crate) fn asin<S: Scalar>(x: S) -> (S, S) {
    (x.asin(), asin_slope(x))
}

/// (acos x)′ = −1/√(1 − x²)
pub(crate) fn acos<S: Scalar>(x: S) -> (S, S) {
    (x.acos(), -asin_slope(x))
}

/// (atan x)′ = 1/(1 + x²)
pub(crate) fn atan<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.atan(), atan_slope(x))
}

/// 1/(1 + x²), which is 1/x² where x² has swallowed the 1
pub(crate) fn atan_slope<S: Scalar>(x: S) -> impl Slope<S> {
    let is_far_out = is_far_out(Float::abs(x.value()));
    let slope = if is_far_out {
        let r = x.recip();
        r * r
    } else {
        (x * x + real::<S>(1.0)).recip()
    };
    wide(slope, move || over(x.recip(), x)).fitting_if(!is_far_out)
}

/// ∂atan2(y, x) = (x ∂y − y ∂x)/(x² + y²)
pub(crate) fn atan2<S: Scalar>(y: S, x: S) -> (S, impl Slope<S>, impl Slope<S>) {
    let (by_y, by_x) = atan2_slopes(y, x);
    (y.atan2(x), by_y, by_x)
}

/// (x, −y)/(x² + y²) in the smaller quotient t of the two: with t = y/x it is
/// (1, −t)/(1 + t²)/x
pub(crate) fn atan2_slopes<S: Scalar>(y: S, x: S) -> (impl Slope<S>, impl Slope<S>) {
    let x_is_larger = Float::abs(x.value()) >= Float::abs(y.value());
    let (major, minor) = if x_is_larger { (x, y) } else { (y, x) };
    // In units of its size the derivatives of 1/x, which almost cancel, stay in range; and a tiny x does not overflow.
    let size = Float::abs(major.value());
    let is_in_range = if S::ORDER > 0 {
        is_moderate(size)
    } else {
        size * size >= S::Real::min_positive_value() / S::Real::epsilon()
    };
    let unit = if is_in_range { real::<S>(1.0) } else { unit_of(size) };
    let (major, minor) = (major * unit, minor * unit);
    let t = minor / major;
    let p = (t * t + real::<S>(1.0)).recip() / major;
    let slope = move |p: S, t: S| {
        wide(p * t * unit, move || {
            let per_size = unit_of(t.value());
            let size = unit / per_size;
            if Float::is_normal(size) { [S::from_real(size), p * (t * per_size)] } else { [S::from_real(unit), p * t] }
        })
    };
    if x_is_larger { (slope(p, S::one()), slope(-p, t)) } else { (slope(p, t), slope(-p, S::one())) }
}

// Hyperbolic functions.

/// (sinh x)′ = cosh x
pub(crate) fn sinh<S: Scalar>(x: S) -> (S, S) {
    (x.sinh(), x.cosh())
}

/// (cosh x)′ = sinh x
pub(crate) fn cosh<S: Scalar>(x: S) -> (S, S) {
    (x.cosh(), x.sinh())
}

/// 1/cosh² x: 1 − tanh² x while that keeps its digits
fn sech_squared<S: Scalar>(x: S, tanh: S) -> S {
    sech_squared_far_out(x).unwrap_or_else(|| -(tanh * tanh) + real::<S>(1.0))
}

/// 1/cosh² x where 1 − tanh² x loses digits: 4e/(1 + e)² with e = exp(−2|x|)
pub(crate) fn sech_squared_far_out<S: Scalar>(x: S) -> Option<S> {
    if Float::abs(x.value()) < real::<S>(0.5) {
        return None;
    }
    let e = (x * real::<S>(if x.value() < S::Real::zero() { 2.0 } else { -2.0 })).exp();
    let above = e + real::<S>(1.0);
    Some(e * real::<S>(4.0) / (above * above))
}

/// (tanh x)′ = 1/cosh² x
pub(crate) fn tanh<S: Scalar>(x: S) -> (S, S) {
    let v = x.tanh();
    (v, sech_squared(x, v))
}

/// (asinh x)′ = 1/√(1 + x²)
pub(crate) fn asinh<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.asinh(), asinh_slope(x))
}

/// 1/√(1 + x²)
pub(crate) fn asinh_slope<S: Scalar>(x: S) -> impl Slope<S> {
    reciprocal(x.hypot(S::one())).fitting_if(S::ORDER == 0)
}

/// (acosh x)′ = 1/(√(x − 1)·√(x + 1))
pub(crate) fn acosh<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.acosh(), acosh_slope(x))
}

/// 1/√(x − 1)·1/√(x + 1), two factors whose derivatives have the same signs: at x = 1 the infinite
/// ones do not cancel, and meet no zero; 1/x far out
pub(crate) fn acosh_slope<S: Scalar>(x: S) -> impl Slope<S> {
    let one = real::<S>(1.0);
    let slope = (x - one).sqrt().recip() * (x + one).sqrt().recip();
    wide(slope, move || over(S::one(), x)).fitting_if(S::ORDER == 0 || !is_far_out(x.value()))
}

/// (atanh x)′ = 1/(1 − x²)
pub(crate) fn atanh<S: Scalar>(x: S) -> (S, S) {
    (x.atanh(), atanh_slope(x))
}

/// 1/(1 − x²), NaN outside [−1, 1]
pub(crate) fn atanh_slope<S: Scalar>(x: S) -> S {
    if Float::abs(x.value()) > real::<S>(1.0) { x * <S::Real as Float>::nan() } else { one_minus_square(x).recip() }
}

// Piecewise linear functions.

/// The subgradient of least norm where the slopes `below` and `above` meet.
fn least_slope<R: crate::Real>(below: R, above: R) -> R {
    if below * above <= R::zero() {
        R::zero()
    } else if Float::abs(below) < Float::abs(above) {
        below
    } else {
        above
    }
}

/// The constant `below`, `above` or, at x = 0, their subgradient of least norm.
fn slope_by_sign<S: Scalar>(x: S, below: S::Real, above: S::Real) -> S {
    let zero = S::Real::zero();
    S::locally_constant(if x.value() > zero {
        above
    } else if x.value() < zero {
        below
    } else if x.value() == zero {
        least_slope(below, above)
    } else {
        Float::nan()
    })
}

/// |x|′ = ±1, and 0 at 0
pub(crate) fn abs<S: Scalar>(x: S) -> (S, S) {
    (x.abs(), slope_by_sign(x, real::<S>(-1.0), real::<S>(1.0)))
}

/// relu′ = 0 or 1, and 0 at 0
pub(crate) fn relu<S: Scalar>(x: S) -> (S, S) {
    (x.relu(), slope_by_sign(x, real::<S>(0.0), real::<S>(1.0)))
}

/// leaky_relu′ = slope or 1
pub(crate) fn leaky_relu<S: Scalar>(x: S, slope: S::Real) -> (S, S) {
    (x.leaky_relu(slope), slope_by_sign(x, slope, real::<S>(1.0)))
}

/// sign′ = 0
pub(crate) fn signum<S: Scalar>(x: S) -> (S, S) {
    (x.signum(), S::zero())
}

/// ⌊x⌋′ = 0
pub(crate) fn floor<S: Scalar>(x: S) -> (S, S) {
    (x.floor(), S::zero())
}

/// ⌈x⌉′ = 0
pub(crate) fn ceil<S: Scalar>(x: S) -> (S, S) {
    (x.ceil(), S::zero())
}

/// round′ = 0
pub(crate) fn round<S: Scalar>(x: S) -> (S, S) {
    (x.round(), S::zero())
}

/// trunc′ = 0
pub(crate) fn trunc<S: Scalar>(x: S) -> (S, S) {
    (x.trunc(), S::zero())
}

/// (x − trunc x)′ = 1
pub(crate) fn fract<S: Scalar>(x: S) -> (S, S) {
    (x.fract(), S::one())
}

/// clamp′ = 1 from bound to bound, 0 outside
pub(crate) fn clamp<S: Scalar>(x: S, lo: S::Real, hi: S::Real) -> (S, S) {
    let outside = x.value() < lo || x.value() > hi;
    (x.clamp(lo, hi), S::locally_constant(real::<S>(if outside { 0.0 } else { 1.0 })))
}

/// The slopes of a choice between two operands: 1 and 0, and halves at a tie.
fn choice<S: Scalar>(a: S, b: S, first_wins: bool, second_wins: bool) -> (S, S) {
    let slopes = |by_a, by_b| (S::locally_constant(real::<S>(by_a)), S::locally_constant(real::<S>(by_b)));
    if first_wins {
        return slopes(1.0, 0.0);
    }
    if second_wins {
        return slopes(0.0, 1.0);
    }
    match (Float::is_nan(a.value()), Float::is_nan(b.value())) {
        (false, false) => slopes(0.5, 0.5),
        (false, true) => slopes(1.0, 0.0),
        (true, false) => slopes(0.0, 1.0),
        (true, true) => (nan(), nan()),
    }
}

/// ∂max(a, b) is the derivative of the larger operand
pub(crate) fn max<S: Scalar>(a: S, b: S) -> (S, S, S) {
    let (by_a, by_b) = choice(a, b, a > b, b > a);
    (a.max(b), by_a, by_b)
}

/// ∂min(a, b) is the derivative of the smaller operand
pub(crate) fn min<S: Scalar>(a: S, b: S) -> (S, S, S) {
    let (by_a, by_b) = choice(a, b, a < b, b < a);
    (a.min(b), by_a, by_b)
}

/// ∂|a|·sign b = sign a·sign b ∂a, and 0 at a = 0
pub(crate) fn copysign<S: Scalar>(a: S, sign: S) -> (S, S, S) {
    let flip = Float::signum(sign.value());
    (a.copysign(sign), slope_by_sign(a, -flip, flip), S::zero())
}

/// ∂(a − b)⁺ = ∂a − ∂b above 0
pub(crate) fn abs_sub<S: Scalar>(a: S, b: S) -> (S, S, S) {
    let v = a.abs_sub(b);
    let slope: S = if v.value() > S::Real::zero() {
        S::locally_constant(real::<S>(1.0))
    } else if Float::is_nan(v.value()) {
        nan()
    } else {
        S::locally_constant(real::<S>(0.0))
    };
    (v, slope, -slope)
}

// Activations.

/// elu′ = 1 or α·eˣ
pub(crate) fn elu<S: Scalar>(x: S, alpha: S::Real) -> (S, S) {
    (x.elu(alpha), elu_slope(x, alpha))
}

/// α·eˣ below 0 and 1 above; at 0 the one of least norm
pub(crate) fn elu_slope<S: Scalar>(x: S, alpha: S::Real) -> S {
    if x.value() < S::Real::zero() { x.exp() * alpha } else { slope_by_sign(x, alpha, real::<S>(1.0)) }
}

/// σ′(x) = σ(x)·σ(−x) = 1/(4 cosh²(x/2))
pub(crate) fn sigmoid_slope<S: Scalar>(x: S) -> S {
    let half = x * real::<S>(0.5);
    sech_squared(half, half.tanh()) * real::<S>(0.25)
}

/// σ′ = σ(x)·σ(−x)
pub(crate) fn sigmoid<S: Scalar>(x: S) -> (S, S) {
    (x.sigmoid(), sigmoid_slope(x))
}

/// (ln σ(x))′ = σ(−x)
pub(crate) fn log_sigmoid<S: Scalar>(x: S) -> (S, S) {
    (x.log_sigmoid(), (-x).sigmoid())
}

/// softplus′ = σ(x)
pub(crate) fn softplus<S: Scalar>(x: S) -> (S, S) {
    (x.softplus(), x.sigmoid())
}

/// σ(a) + w·σ′(a), with h² = exp(−|a|) as a product so that its derivative has all
/// digits even among the subnormals
fn weighted_sigmoid_slope<S: Scalar>(is_negative: bool, h: S, w: S) -> S {
    let one = real::<S>(1.0);
    let above = h * h + one;
    let numerator = match is_negative {
        _ if h.value() == S::Real::zero() => S::from_f64(if is_negative { 0.0 } else { 1.0 }),
        true => h * (w + above) * h,
        false => h * (w + one) * h + one,
    };
    numerator / (above * above)
}

/// σ(2u) + w·σ′(2u) near u = 0, where all derivatives of tanh u keep their digits: (1 + t + w·(1 − t²)/2)/2
fn weighted_sigmoid_slope_near_zero<S: Scalar>(u: S, w: S) -> S {
    let t = u.tanh();
    (t + w * one_minus_square(t) * real::<S>(0.5) + real::<S>(1.0)) * real::<S>(0.5)
}

/// Returns whether x is so near to 0 that the derivatives of σ, which vanish there in turn, lose their digits otherwise.
fn is_near_zero<S: Scalar>(x: S) -> bool {
    Float::abs(x.value()) < real::<S>(0.25)
}

/// (x·σ(x))′ = σ(x) + x·σ′(x)
pub(crate) fn silu<S: Scalar>(x: S) -> (S, S) {
    (x.silu(), silu_slope(x))
}

/// σ(x) + x·σ′(x)
pub(crate) fn silu_slope<S: Scalar>(x: S) -> S {
    if is_near_zero(x) {
        return weighted_sigmoid_slope_near_zero(x * real::<S>(0.5), x);
    }
    let is_negative = x.value() < S::Real::zero();
    let h = (x * real::<S>(if is_negative { 0.5 } else { -0.5 })).exp();
    weighted_sigmoid_slope(is_negative, h, x)
}

/// (x·Φ(x))′ = Φ(x) + x·φ(x) = Φ(x) − φ′(x)
pub(crate) fn gelu<S: Scalar>(x: S) -> (S, S) {
    (x.gelu(), gelu_slope(x))
}

/// Φ(x) − φ′(x)
pub(crate) fn gelu_slope<S: Scalar>(x: S) -> S {
    let (_, density_slope) = norm_pdf(x);
    x.norm_cdf() - density_slope
}

/// (x·σ(2u))′ = σ(2u) + x·σ′(2u)·2u′ with u = √(2/π)(x + 0.044715x³)
pub(crate) fn gelu_tanh<S: Scalar>(x: S) -> (S, S) {
    (x.gelu_tanh(), gelu_tanh_slope(x))
}

/// σ(2u) + x·σ′(2u)·2u′
pub(crate) fn gelu_tanh_slope<S: Scalar>(x: S) -> S {
    use crate::scalar::special::{GELU_CUBIC, GELU_LINEAR, gelu_tanh_argument, gelu_tanh_argument_rest};
    let two_u_slope = x * x * real::<S>(3.0 * GELU_CUBIC) + real::<S>(GELU_LINEAR);
    if is_near_zero(x) {
        return weighted_sigmoid_slope_near_zero(gelu_tanh_argument(x) * real::<S>(0.5), x * two_u_slope);
    }
    let is_negative = x.value() < S::Real::zero();
    let size = if is_negative { -x } else { x };
    let two_u = gelu_tanh_argument(size);
    let rest = gelu_tanh_argument_rest(plain(size), plain(two_u));
    let h = (two_u * real::<S>(-0.5)).exp() * real::<S>(1.0 - 0.5 * rest);
    weighted_sigmoid_slope(is_negative, h, x * two_u_slope)
}

// Special functions.

/// erf′ = 2/√π·exp(−x²)
pub(crate) fn erf<S: Scalar>(x: S) -> (S, S) {
    (x.erf(), erf_slope(x))
}

/// 2/√π·exp(−x²) = 4√π·φ², a square so that its derivative has all digits even among
/// the subnormals
pub(crate) fn erf_slope<S: Scalar>(x: S) -> S {
    let density = x.norm_pdf();
    density * real::<S>(8.0 / FRAC_2_SQRT_PI) * density
}

/// erfc′ = −erf′
pub(crate) fn erfc<S: Scalar>(x: S) -> (S, S) {
    (x.erfc(), -erf_slope(x))
}

/// φ′ = −x·φ
pub(crate) fn norm_pdf<S: Scalar>(x: S) -> (S, S) {
    let v = x.norm_pdf();
    let slope = if Float::is_infinite(x.value()) {
        S::zero()
    } else if Float::is_normal(v.value()) {
        -(x * v)
    } else {
        norm_pdf_slope_far_out(x)
    };
    (v, slope)
}

/// −x·φ where φ is subnormal: it is √(2π)³·φ(x/2)⁴, a product for the same reason
pub(crate) fn norm_pdf_slope_far_out<S: Scalar>(x: S) -> S {
    let root = (x * real::<S>(0.5)).norm_pdf();
    let square = root * root;
    x * square * real::<S>(-TAU * TAU.sqrt()) * square
}

/// Φ′ = φ
pub(crate) fn norm_cdf<S: Scalar>(x: S) -> (S, S) {
    (x.norm_cdf(), x.norm_pdf())
}

/// (ln |Γ|)′ = ψ
pub(crate) fn ln_gamma<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (
        x.ln_gamma(),
        wide(x.digamma(), move || over(S::from_f64(-1.0), x)).fitting_if(S::ORDER == 0 || !is_pole_of_gamma(x.value())),
    )
}

/// ψ′ = ψ⁽¹⁾
pub(crate) fn digamma<S: Scalar>(x: S) -> (S, impl Slope<S>) {
    (x.digamma(), slope_of_polygamma(x, 0))
}

/// (ψ⁽ᵐ⁾)′ = ψ⁽ᵐ⁺¹⁾
pub(crate) fn polygamma<S: Scalar>(x: S, m: u32) -> (S, impl Slope<S>) {
    (x.polygamma(m), slope_of_polygamma(x, m))
}

/// ψ⁽ᵐ⁺¹⁾, which is p·ψ⁽ᵐ⁾/x where ψ⁽ᵐ⁾ is a multiple of xᵖ, and 1/x where ψ is ln x
fn slope_of_polygamma<S: Scalar>(x: S, m: u32) -> impl Slope<S> {
    wide(x.polygamma(m + 1), move || {
        let multiple = match power_of_polygamma(x.value(), m) {
            Some(power) => x.polygamma(m) * real::<S>(power),
            None if m == 0 && is_far_out(x.value()) => S::one(),
            None => nan(),
        };
        over(multiple, x)
    })
}

/// The p for which ψ⁽ᵐ⁾ is a multiple of xᵖ but for rounding: −m − 1 near 0, and −m far out but for ψ.
pub(crate) fn power_of_polygamma<R: Real>(x: R, m: u32) -> Option<f64> {
    if is_pole_of_gamma(x) {
        Some(-1.0 - f64::from(m))
    } else if is_far_out(x) && m > 0 {
        Some(-f64::from(m))
    } else {
        None
    }
}

/// Returns whether Γ(x) is 1/x but for rounding.
pub(crate) fn is_pole_of_gamma<R: Real>(x: R) -> bool {
    Float::abs(x) < R::epsilon()
}

/// Returns whether x + 1 is x but for rounding.
pub(crate) fn is_far_out<R: Real>(x: R) -> bool {
    x * R::epsilon() > R::one()
}

#[cfg(test)]
mod tests;
