//! A fit with bounds by L-BFGS-B, and how the fitted parameters depend on the data: `implicit::argmin_within`.

use dualtape::implicit::argmin_within;
use dualtape::{Scalar, function, gradient};
use dualtape_integrations::within::argmin_by_basin;
use nalgebra::{DMatrix, DVector};

/// The amount, the rate and the offset of a decay, none of them negative.
const BOUNDS: [std::ops::RangeInclusive<f64>; 3] = [0.0..=10.0, 0.0..=10.0, 0.0..=10.0];

/// At the least sum of squares, by construction of the data.
const FITTED: [f64; 3] = [2.0, 0.5, 0.0];

/// Half the sum of squares of `amount·exp(−rate·t) + offset − y` at the times 0, ½, 1 …
fn misfit<S: Scalar<Real = f64>>(x: &[S], y: &[S]) -> S {
    let error = |(i, &y): (usize, &S)| (x[0] * (x[1] * (-0.5 * i as f64)).exp() + x[2] - y).powi(2);
    y.iter().enumerate().map(error).sum::<S>() * 0.5
}

/// Returns measurements that the decay with the fitted amount and rate fits best, as long as the offset is not negative:
/// without the bound it would be.
fn measurements() -> Vec<f64> {
    let [amount, rate, _] = FITTED;
    let decay = DVector::from_fn(12, |i, _| (-0.5 * rate * i as f64).exp());
    let by_rate = DVector::from_fn(12, |i, _| -0.5 * i as f64 * amount * decay[i]);
    // Errors across both columns of the Jacobian, with a sum below 0.
    let columns = DMatrix::from_columns(&[decay.clone(), by_rate]).qr().q();
    let ones = DVector::from_element(12, 1.0);
    let across = &ones - &columns * (columns.transpose() * &ones);
    (decay * amount - across * 0.3).as_slice().to_vec()
}

#[test]
fn a_parameter_at_its_bound_stays_and_the_others_move_with_the_data() {
    let y = measurements();
    let fit = |y: &[f64]| {
        argmin_by_basin(
            &function!([y: &[f64]] |x: &[S]| -> S {
                misfit(x, &y.iter().map(|&y| S::from_real(y)).collect::<Vec<S>>())
            }),
            &[1.0, 1.0, 1.0],
            &BOUNDS,
        )
    };
    let x = fit(&y);
    println!("amount, rate and offset {x:?}");
    assert!(x.iter().zip(FITTED).all(|(x, fitted)| (x - fitted).abs() < 1e-8));
    assert_eq!(x[2], 0.0);

    let f = function!(misfit: &[S], &[S] -> S);
    let slopes = [0, 1, 2].map(|i| gradient(|y| argmin_within(&f, &x, &BOUNDS, y)[i], &y).1);
    assert!(slopes[2].iter().all(|&slope| slope == 0.0));
    for i in 0..y.len() {
        let at = |step: f64| {
            let mut y = y.clone();
            y[i] += step;
            fit(&y)
        };
        let (above, below) = (at(1e-4), at(-1e-4));
        for parameter in [0, 1] {
            let difference = (above[parameter] - below[parameter]) / 2e-4;
            let slope = slopes[parameter][i];
            assert!((slope - difference).abs() < 1e-6, "{parameter}, {i}: {slope}, {difference}");
        }
    }
}
