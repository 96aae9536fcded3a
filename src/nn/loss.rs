//! What a network is to make small, and how well it classifies.

use crate::{Scalar, dot, sum};

/// `Σᵢ (outputᵢ − targetᵢ)²`.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::squared_error;
///
/// let (loss, g) = gradient(|y| squared_error(y, &[1.0, -1.0]), &[3.0, 0.0]);
/// assert_eq!((loss, g), (5.0, vec![4.0, 2.0]));
/// ```
#[track_caller]
pub fn squared_error<S: Scalar>(outputs: &[S], targets: &[S::Real]) -> S {
    assert_pairs("squared_error", outputs.len(), "targets", targets.len());
    let differences: Vec<S> = outputs.iter().zip(targets).map(|(&output, &target)| output - target).collect();
    dot(&differences, &differences)
}

/// `1/n Σᵢ (outputᵢ − targetᵢ)²`; NaN of empty slices.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// assert_eq!(dualtape::nn::mean_squared_error(&[3.0, 0.0], &[1.0, -1.0]), 2.5);
/// ```
#[track_caller]
pub fn mean_squared_error<S: Scalar>(outputs: &[S], targets: &[S::Real]) -> S {
    squared_error(outputs, targets) / count::<S>(outputs.len())
}

/// `1/n Σᵢ relu(1 − labelᵢ·scoreᵢ)` for labels −1 and 1: the loss of the
/// support vector machine, zero when every score is on the right side by a margin of
/// 1; NaN of empty slices.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::hinge;
///
/// let (loss, g) = gradient(|s| hinge(s, &[1.0, -1.0]), &[3.0, 0.5]);
/// assert_eq!((loss, g), (0.75, vec![0.0, 0.5]));
/// ```
#[track_caller]
pub fn hinge<S: Scalar>(scores: &[S], labels: &[S::Real]) -> S {
    assert_pairs("hinge", scores.len(), "labels", labels.len());
    let one = count::<S>(1);
    let losses: Vec<S> = scores.iter().zip(labels).map(|(&score, &label)| (score * -label + one).relu()).collect();
    sum(&losses) / count::<S>(scores.len())
}

/// `Σᵢ pᵢ²`, the penalty that keeps parameters small; multiply it by its weight.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::l2;
///
/// assert_eq!(gradient(|p| l2(p) * 0.5, &[3.0, -4.0]), (12.5, vec![3.0, -4.0]));
/// ```
pub fn l2<S: Scalar>(parameters: &[S]) -> S {
    dot(parameters, parameters)
}

/// The fraction of scores on the side of their label, where a score counts as
/// positive when it is above zero; NaN of empty slices.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// assert_eq!(dualtape::nn::accuracy(&[3.0, 0.5, -0.1, 0.0], &[1.0, -1.0, -1.0, -1.0]), 0.75);
/// ```
#[track_caller]
pub fn accuracy<S: Scalar>(scores: &[S], labels: &[S::Real]) -> f64 {
    assert_pairs("accuracy", scores.len(), "labels", labels.len());
    let zero = <S::Real as Scalar>::from_f64(0.0);
    let right = scores.iter().zip(labels).filter(|&(&score, &label)| (score > zero) == (label > zero)).count();
    right as f64 / scores.len() as f64
}

fn count<S: Scalar>(n: usize) -> S::Real {
    <S::Real as Scalar>::from_f64(n as f64)
}

#[track_caller]
fn assert_pairs(name: &str, outputs: usize, others: &str, n: usize) {
    assert_eq!(outputs, n, "nn::{name}: {outputs} outputs and {n} {others}; pass one for each");
}
