//! Fourier transforms by rustfft, differentiated in both modes.

use dualtape::{Scalar, gradient, gradient_forward};
use num_complex::Complex;
use rustfft::{FftNum, FftPlanner};

/// Returns `Σₖ k·|Xₖ|²` of the spectrum X of a real signal.
fn weighted_power<S: Scalar<Real = f64> + FftNum>(signal: &[S]) -> S {
    let mut spectrum: Vec<Complex<S>> = signal.iter().map(|&x| Complex::new(x, S::zero())).collect();
    FftPlanner::new().plan_fft_forward(spectrum.len()).process(&mut spectrum);
    spectrum.iter().enumerate().map(|(k, x)| (x.re * x.re + x.im * x.im) * k as f64).sum()
}

#[test]
fn a_transform_has_its_derivatives_in_both_modes() {
    // Lengths for the radix, mixed, prime and Bluestein algorithms.
    for n in [8, 12, 17, 59, 64, 100] {
        let signal: Vec<f64> = (0..n).map(|i| (0.7 * i as f64).sin() + 0.1 * i as f64).collect();
        let (power, reverse) = gradient(weighted_power, &signal);
        let (same, forward) = gradient_forward(weighted_power, &signal);
        assert_eq!(power, same);

        // The gradient is twice the inverse transform, without 1/n, of the weighted spectrum.
        let mut spectrum: Vec<Complex<f64>> = signal.iter().map(|&x| Complex::new(x, 0.0)).collect();
        let mut planner = FftPlanner::new();
        planner.plan_fft_forward(n).process(&mut spectrum);
        spectrum.iter_mut().enumerate().for_each(|(k, x)| *x *= k as f64);
        planner.plan_fft_inverse(n).process(&mut spectrum);
        for (expected, found) in spectrum.iter().zip(forward.iter().zip(&reverse)) {
            let error = (found.0 - 2.0 * expected.re).abs().max((found.1 - 2.0 * expected.re).abs());
            assert!(error < 1e-11 * power, "{n}: {found:?}, {expected}");
        }
    }
}
