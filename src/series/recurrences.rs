//! The coefficients of every elementary function.
//!
//! For `y(t) = f(x(t))` the chain rule `y′ = s·x′` with `s(t) = f′(x(t))` reads, coefficient by coefficient,
//!
//! ```text
//!     (k+1)·yₖ₊₁ = s₀·(k+1)xₖ₊₁ + s₁·k·xₖ + ... + sₖ·x₁
//! ```
//!
//! so the slope up to order k gives the result up to order k + 1. A slope that is a formula in other functions comes
//! from `rules.rs`, and [`integrate`] takes it. A slope that depends on the result, as `exp′ = exp`, is taken one
//! coefficient at a time, each when the result is known far enough, by [`solve`]. (Griewank & Walther 2008, tables 13.1
//! and 13.2.)
//!
//! The coefficient 0 is the inner scalar's own function. A coefficient that is zero
//! throughout beats a slope that is not finite, as in a dual number.

use num_traits::{Float, FloatConst, Zero};

use crate::scalar::rules::real;
use crate::scalar::slope::{Slope, is_moderate, unit_of};
use crate::scalar::zero;
use crate::scalar::{Scalar, rules};
use crate::series::Taylor;

/// Returns the plain number `n`.
pub(super) fn whole<T: Scalar>(n: usize) -> T::Real {
    <T::Real as Scalar>::from_f64(n as f64)
}

// Products and quotients.

/// Returns `a₀bₙ + a₁bₙ₋₁ + ...` over the shorter of the two, with `b` from its last element down.
fn convolution<T: Scalar>(a: impl Iterator<Item = T>, b: impl DoubleEndedIterator<Item = T>) -> T {
    let matters = |&(a, b): &(T, T)| !zero::vanishes(a, b);
    a.zip(b.rev()).filter(matters).map(|(a, b)| a * b).reduce(|sum, term| sum + term).unwrap_or_else(T::zero)
}

/// (ab)ₖ = a₀bₖ + a₁bₖ₋₁ + ... + aₖb₀
pub(super) fn product<T: Scalar, const K: usize>(primal: T, a: &Taylor<T, K>, b: &Taylor<T, K>) -> Taylor<T, K> {
    Taylor::new(primal, std::array::from_fn(|i| convolution(a.up_to(i + 1), b.up_to(i + 1))))
}

/// The next coefficient of a quotient with the numerator's coefficient `a`:
/// qₖ = (aₖ − b₁qₖ₋₁ − ... − bₖq₀)/b₀
fn next_of_quotient<T: Scalar, const K: usize>(a: T, b: &Taylor<T, K>, known: impl DoubleEndedIterator<Item = T>) -> T {
    let rest = convolution(b.higher.iter().copied(), known);
    let numerator = if rest.is_identically_zero() { a } else { a - rest };
    if numerator.is_identically_zero() { T::zero() } else { numerator / b.primal }
}

/// a/b, whose value is `value`.
pub(super) fn quotient<T: Scalar, const K: usize>(value: T, a: &Taylor<T, K>, b: &Taylor<T, K>) -> Taylor<T, K> {
    let mut q = Taylor::constant(value);
    for i in 0..K {
        q.higher[i] = next_of_quotient(a.higher[i], b, q.up_to(i));
    }
    q
}

/// 1/x
pub(super) fn recip<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    quotient(x.primal.recip(), &Taylor::constant(T::one()), &x)
}

// The chain rule.

/// x′: the coefficient k is (k+1)·xₖ₊₁.
pub(super) fn rate<T: Scalar, const K: usize>(x: &Taylor<T, K>) -> [T; K] {
    std::array::from_fn(|k| if k == 0 { x.higher[k] } else { x.higher[k] * whole::<T>(k + 1) })
}

/// ∫ y′, where the coefficient k + 1 is y′ₖ/(k+1).
pub(super) fn integrated<T: Scalar>(rate: T, k: usize) -> T {
    if k == 0 { rate } else { rate / whole::<T>(k + 1) }
}

/// y′ = s·x′, where `slope(&y, &s, k)` gives the coefficient k of s, from the coefficients of y up to k and of s below
/// k.
fn solve<T: Scalar, const K: usize>(
    value: T,
    x: &Taylor<T, K>,
    slope: impl Fn(&Taylor<T, K>, &[T], usize) -> T,
) -> Taylor<T, K> {
    let rate = rate(x);
    let mut y = Taylor::constant(value);
    let mut s = [T::zero(); K];
    for k in 0..K {
        s[k] = slope(&y, &s[..k], k);
        y.higher[k] = integrated(convolution(s.iter().copied(), rate[..=k].iter().copied()), k);
    }
    y
}

/// y′ = s·x′ with a known slope s.
fn integrate<T: Scalar, const K: usize>(value: T, x: Taylor<T, K>, slope: impl Slope<Taylor<T, K>>) -> Taylor<T, K> {
    let number = slope.number();
    let times = |rate: [T; K], slope: Taylor<T, K>| {
        std::array::from_fn(|k| convolution(slope.up_to(k), rate[..=k].iter().copied()))
    };
    let rate: [T; K] = match slope.factors() {
        None => times(rate(&x), number),
        Some([first, second]) => times(times(rate(&x), first), second),
    };
    Taylor { higher: std::array::from_fn(|k| integrated(rate[k], k)), ..Taylor::constant(value) }
}

/// y′ = s₁·x₁′ + s₂·x₂′ + ... with known slopes sᵢ.
pub(super) fn integrate_all<T: Scalar, const K: usize>(
    primal: T,
    xs: &[Taylor<T, K>],
    slopes: impl IntoIterator<Item = Taylor<T, K>>,
) -> Taylor<T, K> {
    let sum: Taylor<T, K> = xs.iter().zip(slopes).map(|(&x, slope)| integrate(T::zero(), x, slope)).sum();
    Taylor { primal, ..sum }
}

/// Returns the result along two operands from its parts along each.
fn with_both<T: Scalar, const K: usize>(primal: T, along_a: Taylor<T, K>, along_b: Taylor<T, K>) -> Taylor<T, K> {
    Taylor { primal, ..along_a + along_b }
}

/// Returns the value and slope of a rule as numbers.
fn numbers<T>((value, slope): (T, impl Slope<T>)) -> (T, T) {
    (value, slope.number())
}

/// Returns the coefficient k of the constant 1.
fn one_at<T: Scalar>(k: usize) -> T {
    if k == 0 { T::one() } else { T::zero() }
}

// Powers and roots.

/// (xⁿ)′ = n·xⁿ⁻¹
pub(super) fn powi<T: Scalar, const K: usize>(x: Taylor<T, K>, n: i32) -> Taylor<T, K> {
    power(numbers(rules::powi(x.primal, n)), x, T::from_f64(f64::from(n)), Some(n))
}

/// (xʸ)′ = y·xʸ⁻¹
pub(super) fn powf<T: Scalar, const K: usize>(x: Taylor<T, K>, y: T::Real) -> Taylor<T, K> {
    power(numbers(rules::powf(x.primal, y)), x, T::from_real(y), whole_number(y))
}

/// ∂(xʸ) = y·xʸ⁻¹ ∂x + xʸ·ln x ∂y
pub(super) fn pow<T: Scalar, const K: usize>(x: Taylor<T, K>, y: Taylor<T, K>) -> Taylor<T, K> {
    let exponent = y.primal.value();
    let (value, by_x, _) = rules::pow(x.primal, y.primal);
    let by_x = by_x.number();
    if y.is_constant() {
        let is_plain = (y.primal - exponent).is_identically_zero();
        return power((value, by_x), x, y.primal, whole_number(exponent).filter(|_| is_plain));
    }
    let zero = T::Real::zero();
    let ln_x = ln(x);
    let vanishes = value.value() == zero && Float::is_infinite(ln_x.value());
    if vanishes || (x.value() == zero && exponent == zero) {
        return power_by_slopes(x, y, K);
    }
    // As exp(y ln x); the value is known already.
    solve(value, &(y * ln_x), |z, _, k| z[k])
}

fn whole_number<R: crate::Real>(y: R) -> Option<i32> {
    y.to_i32().filter(|&n| <R as Scalar>::from_f64(f64::from(n)) == y)
}

/// xᵃ from its value and slope; `n` is the exponent if it is a whole number.
///
/// The recurrence divides by x, which magnifies errors near 0, and needs the digits of the slope. For n up to K, and
/// where the slope and its derivatives may be out of range, the factors are multiplied instead, so that all powers of 0
/// are right.
fn power<T: Scalar, const K: usize>((value, slope): (T, T), x: Taylor<T, K>, a: T, n: Option<i32>) -> Taylor<T, K> {
    let is_in_range = is_moderate(slope.value());
    if let Some(n) = n
        && (!is_in_range || (0..=K as i64).contains(&i64::from(n)))
    {
        let base = if n < 0 { recip(x) } else { x };
        return Taylor { primal: value, ..num_traits::pow(base, n.unsigned_abs() as usize) };
    }
    if !is_in_range && let Some(power) = power_out_of_range(value, x, a) {
        return power;
    }
    if !Float::is_normal(slope.value()) {
        return power_by_slopes(x, Taylor::constant(a), K);
    }
    integrate(value, x, power_of_value(slope, &x, a - real::<T>(1.0)))
}

/// xᵃ from its value where its slope may be out of range and the coefficients are not: x is taken in units of its size.
/// Coefficients with derivatives of their own that overflow may be NaN so, where an infinity is right.
fn power_out_of_range<T: Scalar, const K: usize>(value: T, x: Taylor<T, K>, a: T) -> Option<Taylor<T, K>> {
    if ![value, x.primal].iter().all(|x| Float::is_normal(x.value())) {
        return None;
    }
    let power = power_of_value(value, &(x * unit_of(x.value())), a);
    Some(power).filter(|power| T::ORDER == 0 || power.is_finite_throughout())
}

/// y = xᵃ from its value, by x·y′ = a·y·x′: k·x₀·yₖ is the sum of (j·a − (k − j))·xⱼyₖ₋ⱼ
/// over j = 1, ..., k
fn power_of_value<T: Scalar, const K: usize>(value: T, x: &Taylor<T, K>, a: T) -> Taylor<T, K> {
    let mut y = Taylor::constant(value);
    for k in 1..=K {
        let weighted = x.higher[..k].iter().zip(1..).map(|(&x, j)| x * (a * whole::<T>(j) - whole::<T>(k - j)));
        let numerator = convolution(weighted, y.up_to(k - 1));
        y.higher[k - 1] =
            if numerator.is_identically_zero() { numerator } else { numerator / whole::<T>(k) / x.primal };
    }
    y
}

/// xʸ up to tⁿ with n = `order`, where its slope in y is 0: (xʸ)′ = y·xʸ⁻¹·x′
fn power_by_slopes<T: Scalar, const K: usize>(x: Taylor<T, K>, y: Taylor<T, K>, order: usize) -> Taylor<T, K> {
    let zero = T::Real::zero();
    let value = x.primal.pow(y.primal);
    if order == 0 || y.is_identically_zero() || (x.value() == zero && y.value() == zero) {
        return Taylor::constant(value);
    }
    integrate(value, x, power_by_slopes(x, y - real::<T>(1.0), order - 1) * y)
}

/// (√x)′ = 1/(2√x), and +∞ at −0 too
pub(super) fn sqrt<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    let value = x.primal.sqrt();
    if !is_moderate(value.value())
        && let Some(root) = power_out_of_range(value, x, T::from_f64(0.5))
    {
        return root;
    }
    let half = T::from_real(Float::copysign(real::<T>(0.5), value.value()));
    solve(value, &x, |y, s, k| next_of_quotient(one_at::<T>(k) * half, y, s.iter().copied()))
}

/// (∛x)′ = x^(−2/3)/3
pub(super) fn cbrt<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    let (value, slope) = numbers(rules::cbrt(x.primal));
    if !is_moderate(slope.value())
        && let Some(root) = power_out_of_range(value, x, T::from_f64(1.0 / 3.0))
    {
        return root;
    }
    integrate(value, x, power_of_value(slope, &x, T::from_f64(-2.0 / 3.0)))
}

/// ∂hypot(x, y) = (x/h, y/h)
pub(super) fn hypot<T: Scalar, const K: usize>(x: Taylor<T, K>, y: Taylor<T, K>) -> Taylor<T, K> {
    let (by_x, by_y) = rules::hypot_slopes(x, y);
    integrate_all(x.primal.hypot(y.primal), &[x, y], [by_x, by_y])
}

// Exponentials and logarithms.

/// (eˣ)′ = eˣ
pub(super) fn exp<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    solve(x.primal.exp(), &x, |y, _, k| y[k])
}

/// (2ˣ)′ = ln 2·2ˣ
pub(super) fn exp2<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    solve(x.primal.exp2(), &x, |y, _, k| y[k] * T::Real::LN_2())
}

/// (eˣ − 1)′ = eˣ
pub(super) fn exp_m1<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.exp_m1(), x, exp(x))
}

/// (ln x)′ = 1/x
pub(super) fn ln<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate_logarithm(x.primal.ln(), x, real::<T>(1.0))
}

/// (log₂ x)′ = log₂ e/x
pub(super) fn log2<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate_logarithm(x.primal.log2(), x, T::Real::LOG2_E())
}

/// (log₁₀ x)′ = log₁₀ e/x
pub(super) fn log10<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate_logarithm(x.primal.log10(), x, T::Real::LOG10_E())
}

/// The logarithm to base b from log_b e
fn integrate_logarithm<T: Scalar, const K: usize>(value: T, x: Taylor<T, K>, log_e: T::Real) -> Taylor<T, K> {
    integrate(value, x, rules::slope_of_logarithm(x, log_e))
}

/// (ln(1 + x))′ = 1/(1 + x)
pub(super) fn ln_1p<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.ln_1p(), x, rules::ln_1p_slope(x))
}

/// ∂(ln x/ln b) = ∂x/(x ln b) − ln x/(b ln² b) ∂b
pub(super) fn log<T: Scalar, const K: usize>(x: Taylor<T, K>, base: Taylor<T, K>) -> Taylor<T, K> {
    let (by_x, by_base) = rules::log_slopes(x, base);
    with_both(x.primal.log(base.primal), integrate(T::zero(), x, by_x), integrate(T::zero(), base, by_base))
}

/// ∂ ln Σ exp xᵢ = Σ softmaxᵢ ∂xᵢ
pub(super) fn log_sum_exp<T: Scalar, const K: usize>(xs: &[Taylor<T, K>]) -> Taylor<T, K> {
    let values: Vec<T> = xs.iter().map(|x| x.primal).collect();
    integrate_all(T::log_sum_exp_slice(&values), xs, crate::softmax(xs))
}

// Trigonometric and hyperbolic functions.

/// s′ = c·x′ and c′ = ±s·x′
fn coupled<T: Scalar, const K: usize>(x: &Taylor<T, K>, (s, c): (T, T), sign: f64) -> (Taylor<T, K>, Taylor<T, K>) {
    let rate = rate(x);
    let (mut s, mut c) = (Taylor::constant(s), Taylor::constant(c));
    for k in 0..K {
        let [by_c, by_s] = [&c, &s].map(|slope| integrated(convolution(rate.iter().copied(), slope.up_to(k)), k));
        s.higher[k] = by_c;
        c.higher[k] = by_s * real::<T>(sign);
    }
    (s, c)
}

/// (sin x)′ = cos x and (cos x)′ = −sin x
pub(super) fn sin_cos<T: Scalar, const K: usize>(x: Taylor<T, K>) -> (Taylor<T, K>, Taylor<T, K>) {
    coupled(&x, x.primal.sin_cos(), -1.0)
}

pub(super) fn sin<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    sin_cos(x).0
}

pub(super) fn cos<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    sin_cos(x).1
}

/// (sinh x)′ = cosh x and (cosh x)′ = sinh x
fn sinh_cosh<T: Scalar, const K: usize>(x: Taylor<T, K>) -> (Taylor<T, K>, Taylor<T, K>) {
    coupled(&x, (x.primal.sinh(), x.primal.cosh()), 1.0)
}

pub(super) fn sinh<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    sinh_cosh(x).0
}

pub(super) fn cosh<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    sinh_cosh(x).1
}

/// (tan x)′ = 1 + tan² x
pub(super) fn tan<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    solve(x.primal.tan(), &x, |y, _, k| convolution(y.up_to(k), y.up_to(k)) + one_at::<T>(k))
}

/// (tanh x)′ = 1 − tanh² x, or as an exponential where that loses digits
pub(super) fn tanh<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    let value = x.primal.tanh();
    match rules::sech_squared_far_out(x) {
        Some(slope) => integrate(value, x, slope),
        None => solve(value, &x, |y, _, k| one_at::<T>(k) - convolution(y.up_to(k), y.up_to(k))),
    }
}

/// ∂atan2(y, x) = (x ∂y − y ∂x)/(x² + y²)
pub(super) fn atan2<T: Scalar, const K: usize>(y: Taylor<T, K>, x: Taylor<T, K>) -> Taylor<T, K> {
    let (by_y, by_x) = rules::atan2_slopes(y, x);
    with_both(y.primal.atan2(x.primal), integrate(T::zero(), y, by_y), integrate(T::zero(), x, by_x))
}

// Functions whose slope is a formula of others.

/// Functions of one number, with the formula of their slope in `rules.rs`.
macro_rules! integrals {
    ($($name:ident($($p:ident)?) by $slope:ident)*) => {
        $(
            pub(super) fn $name<T: Scalar, const K: usize>(x: Taylor<T, K> $(, $p: T::Real)?) -> Taylor<T, K> {
                integrate(x.primal.$name($($p)?), x, rules::$slope(x $(, $p)?))
            }
        )*
    };
}

integrals! {
    asin() by asin_slope
    atan() by atan_slope
    asinh() by asinh_slope
    acosh() by acosh_slope
    atanh() by atanh_slope
    elu(alpha) by elu_slope
    sigmoid() by sigmoid_slope
    silu() by silu_slope
    gelu() by gelu_slope
    gelu_tanh() by gelu_tanh_slope
    erf() by erf_slope
}

/// acos′ = −asin′
pub(super) fn acos<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.acos(), x, -rules::asin_slope(x))
}

/// (ln σ(x))′ = σ(−x)
pub(super) fn log_sigmoid<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.log_sigmoid(), x, sigmoid(-x))
}

/// softplus′ = σ(x)
pub(super) fn softplus<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.softplus(), x, sigmoid(x))
}

/// erfc′ = −erf′
pub(super) fn erfc<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.erfc(), x, -rules::erf_slope(x))
}

/// φ′ = −x·φ, or by the square roots of a subnormal φ as long as these are normal
pub(super) fn norm_pdf<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    let value = x.primal.norm_pdf();
    let is_normal = |density: T| Float::is_normal(density.value());
    if !is_normal(value) && is_normal((x.primal * real::<T>(0.5)).norm_pdf()) {
        return integrate(value, x, rules::norm_pdf_slope_far_out(x));
    }
    solve(value, &x, |y, _, k| -convolution(x.up_to(k), y.up_to(k)))
}

/// Φ′ = φ
pub(super) fn norm_cdf<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    integrate(x.primal.norm_cdf(), x, norm_pdf(x))
}

/// (ln |Γ|)′ = ψ, which is −1/x at the pole
pub(super) fn ln_gamma<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    let value = x.primal.ln_gamma();
    if rules::is_pole_of_gamma(x.value()) {
        return integrate(value, x, rules::reciprocal(-x));
    }
    integrate(value, x, digamma(x))
}

/// ψ′ = ψ⁽¹⁾
pub(super) fn digamma<T: Scalar, const K: usize>(x: Taylor<T, K>) -> Taylor<T, K> {
    polygamma(x, 0)
}

/// (ψ⁽ᵐ⁾)′ = ψ⁽ᵐ⁺¹⁾, and ψ′ = 1/x far out
pub(super) fn polygamma<T: Scalar, const K: usize>(x: Taylor<T, K>, m: u32) -> Taylor<T, K> {
    if m == 0 && rules::is_far_out(x.value()) {
        return integrate(x.primal.polygamma(0), x, rules::reciprocal(x));
    }
    polygamma_up_to(K, x, m)
}

/// ψ⁽ᵐ⁾ up to tⁿ with n = `order`.
fn polygamma_up_to<T: Scalar, const K: usize>(order: usize, x: Taylor<T, K>, m: u32) -> Taylor<T, K> {
    let value = x.primal.polygamma(m);
    if order == 0 || x.is_constant() {
        return Taylor::constant(value);
    }
    if let Some(power) = rules::power_of_polygamma(x.value(), m)
        && !is_moderate(x.value().polygamma(m + order as u32))
    {
        return power_of_value(value, &(x * unit_of(x.value())), T::from_f64(power));
    }
    integrate(value, x, polygamma_up_to(order - 1, x, m + 1))
}

// Functions that are linear around the value.

macro_rules! linear {
    ($($name:ident($($p:ident),*))*; $($name2:ident)*) => {
        $(
            #[track_caller]
            pub(super) fn $name<T: Scalar, const K: usize>(x: Taylor<T, K> $(, $p: T::Real)*) -> Taylor<T, K> {
                Taylor::from_partials(Scalar::$name(x.as_partials() $(, $p)*))
            }
        )*
        $(
            pub(super) fn $name2<T: Scalar, const K: usize>(x: Taylor<T, K>, y: Taylor<T, K>) -> Taylor<T, K> {
                Taylor::from_partials(Scalar::$name2(x.as_partials(), y.as_partials()))
            }
        )*
    };
}

linear! {
    abs() signum() floor() ceil() round() trunc() fract() clamp(lo, hi) relu() leaky_relu(slope);
    max min copysign abs_sub
}
