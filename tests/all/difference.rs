//! Differences of plain functions: they keep their digits, and their errors are honest.

use dualtape::Real;
use dualtape::check::difference;
use num_traits::Float;

/// Asserts that a slope has `digits` digits, and that tenfold the reported error covers its true error.
#[track_caller]
fn close<R: Real>((slope, error): (R, R), exact: R, digits: i32) {
    let off = Float::abs(slope - exact);
    assert!(
        off <= Float::abs(exact) * R::from_f64(10.0_f64.powi(-digits)),
        "{slope} instead of {exact}, to {digits} digits"
    );
    assert!(off <= error * R::from_f64(10.0), "{slope} instead of {exact}, with an error of {error}");
}

/// Asserts that the reported error leaves no digits.
#[track_caller]
fn unknown((slope, error): (f64, f64)) {
    assert!(slope.is_nan() || error >= 0.1 * slope.abs(), "{slope} with an error of {error}");
}

#[test]
fn smooth_functions_keep_ten_digits_at_every_size_of_x() {
    for x in [1e-200, 1e-30, 1e-9, 1e-3, 0.5, 1.0, 30.0, 1e5, 1e10, 1e200] {
        close(difference(f64::ln, x), 1.0 / x, 10);
        close(difference(f64::sqrt, x), 0.5 / x.sqrt(), 10);
        close(difference(|x| x.powf(1.3), x), 1.3 * x.powf(0.3), 10);
        close(difference(|x| 3.0 - 2.0 * x, -x), -2.0, 10);
    }
    for x in [1e-100, 1e-9, 0.3, 1.5, -20.0, 1e4] {
        close(difference(f64::sin, x), x.cos(), 10);
        close(difference(|x| (1e3 * x).sin(), x), 1e3 * (1e3 * x).cos(), 9);
    }
    close(difference(f64::atan, 30.0), 1.0 / 901.0, 10);
    close(difference(f64::exp, 700.0), 700.0_f64.exp(), 10);
    close(difference(f64::exp, -700.0), (-700.0_f64).exp(), 10);
}

#[test]
fn single_precision_keeps_four_digits() {
    for x in [1e-20_f32, 1e-3, 0.3, 2.0, 1e4] {
        close(difference(f32::ln, x), 1.0 / x, 4);
        close(difference(f32::sin, x), x.cos(), 4);
        close(difference(f32::sqrt, x), 0.5 / x.sqrt(), 4);
    }
}

#[test]
fn zeros_of_the_slope_are_found() {
    for (f, x) in [
        (f64::cos as fn(f64) -> f64, 0.0),
        (f64::cosh, 0.0),
        (|x| (x - 3.0).powi(2), 3.0),
        (|x| x.powi(3), 0.0),
        (|_| 5.0, 2.0),
        (|x| if x == 0.0 { 0.0 } else { (-x.powi(-2)).exp() }, 0.0),
    ] {
        let (slope, error) = difference(f, x);
        assert!(slope.abs() <= 10.0 * error && error < 1e-10, "{slope} with an error of {error}");
    }
}

#[test]
fn slopes_near_the_end_of_a_domain_keep_their_digits() {
    for distance in [1e-1, 1e-3, 1e-6, 1e-9] {
        let x = 1.0 - distance;
        close(difference(f64::asin, x), 1.0 / ((1.0 - x) * (1.0 + x)).sqrt(), 7);
        close(difference(f64::atanh, x), 1.0 / ((1.0 - x) * (1.0 + x)), 6);
        close(difference(|x| (1e-8 + x).ln(), distance * 1e-8), 1.0 / (1e-8 + distance * 1e-8), 9);
        close(difference(|x| 1.0 / x, -distance), -distance.powi(-2), 10);
    }
}

#[test]
fn at_the_end_of_a_domain_and_outside_there_is_no_difference() {
    for (f, x) in [
        (f64::sqrt as fn(f64) -> f64, 0.0),
        (f64::ln, 0.0),
        (f64::ln, -1.0),
        (f64::asin, 1.0),
        (f64::recip, 0.0),
        (f64::sin, f64::INFINITY),
        (f64::sin, f64::NAN),
    ] {
        let (slope, error) = difference(f, x);
        assert!(slope.is_nan() && error == f64::INFINITY, "{slope} with an error of {error} at {x}");
    }
}

#[test]
fn a_kink_has_the_mean_slope_and_half_the_jump() {
    assert_eq!(difference(f64::abs, 0.0), (0.0, 1.0));
    let (slope, error) = difference(|x: f64| x.max(0.0) * 3.0, 0.0);
    assert!((slope - 1.5).abs() < 1e-12 && (error - 1.5).abs() < 1e-12);
    let (slope, error) =
        difference(|x: f64| if x < 2.0 { x.sin() } else { 2.0_f64.sin() + x.ln() - 2.0_f64.ln() }, 2.0);
    let sides = [2.0_f64.cos(), 0.5];
    assert!((slope - (sides[0] + sides[1]) / 2.0).abs() < 1e-8 && (error - (sides[1] - sides[0]) / 2.0).abs() < 1e-8);
}

#[test]
fn beside_a_kink_there_is_a_slope() {
    for distance in [0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9] {
        close(difference(|x: f64| (x - 1.0).abs(), 1.0 + distance), 1.0, 6);
        close(difference(|x: f64| (x - 1.0).abs() * x, 1.0 - distance), 2.0 * distance - 1.0, 6);
        close(difference(f64::abs, -distance), -1.0, 6);
        close(difference(f64::floor, 1.0 - distance), 0.0, 6);
        close(difference(f64::fract, 1.0 - distance), 1.0, 6);
    }
}

#[test]
fn noise_is_in_the_error() {
    for (noise, digits) in [(1e-12, 8), (1e-9, 5), (1e-6, 2)] {
        // Random digits from the bits of x, and a grid of values.
        let random = |x: f64| (x.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / 2.0_f64.powi(53);
        let noisy = |x: f64| x.sin() + noise * (random(x) - 0.5);
        let rounded = |x: f64| (x.sin() / noise).round() * noise;
        for x in (0..50).map(|i| 0.1 + 0.02 * f64::from(i)) {
            close(difference(noisy, x), x.cos(), digits);
            close(difference(rounded, x), x.cos(), digits);
        }
    }
}

#[test]
fn a_function_without_a_slope_has_a_large_error() {
    unknown(difference(f64::cbrt, 0.0));
    unknown(difference(f64::floor, 3.0));
    unknown(difference(f64::signum, 0.0));
    unknown(difference(|x| if x == 0.0 { 1.0 } else { 0.0 }, 0.0));
    unknown(difference(|x| if x == 0.0 { 0.0 } else { x * (1.0 / x).sin() }, 0.0));
    unknown(difference(|x: f64| (x * 1e9).sin(), 1e9));
}

#[test]
fn the_number_of_evaluations_grows_with_doubt() {
    let count = |f: fn(f64) -> f64, x| {
        let calls = std::cell::Cell::new(0);
        difference(
            |x| {
                calls.set(calls.get() + 1);
                f(x)
            },
            x,
        );
        calls.get()
    };
    assert_eq!(count(f64::exp, 1.0), 17);
    assert_eq!(count(|_| 5.0, 1.0), 17);
    assert_eq!(count(f64::ln, -1.0), 17);
    assert_eq!(count(f64::ln, 1e-9), 33);
    assert_eq!(count(|x| x.cbrt() * (1.0 / x).sin(), 1e-30), 113);
}
