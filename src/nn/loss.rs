//! Losses, penalties and accuracy.
//!
//! | for | loss | of an output x |
//! |---|---|---|
//! | numbers | [`squared_error`], [`mean_squared_error`] | `(x − target)²` |
//! | | [`mean_absolute_error`] | `|x − target|` |
//! | | [`huber`] | the first near the target, the second far from it |
//! | two classes | [`hinge`] | `relu(1 − label·x)`, labels −1 and 1 |
//! | | [`binary_cross_entropy`] | `−ln` of the probability of the label, 0 or 1 |
//! | many classes | [`cross_entropy`] | `−ln` of the probability of the class |
//!
//! A mean over a batch leaves few statements on a tape: one for each output, which is [fused](crate::fuse()), or one
//! for each logit and each row of classes. Losses take logits instead of probabilities, and keep all digits of large
//! ones.

use num_traits::{Float, One, Zero};

use crate::memory::pool::Scratch;
use crate::scalar::function::Function;
use crate::scalar::softmax::log_sum_exp;
use crate::scalar::sums::{dot, sum, weighted_sum};
use crate::scalar::{Real, Scalar};
use crate::tools::fuse::fuse;

/// Returns `Σᵢ (outputᵢ − targetᵢ)²`.
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
    let differences = Scratch::of(outputs.iter().zip(targets).map(|(&output, &target)| output - target));
    dot(&differences, &differences)
}

/// Returns `1/n Σᵢ (outputᵢ − targetᵢ)²`; NaN of empty slices.
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

/// Returns `1/n Σᵢ |outputᵢ − targetᵢ|`; NaN of empty slices.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::mean_absolute_error;
///
/// let (loss, g) = gradient(|y| mean_absolute_error(y, &[1.0, -1.0]), &[3.0, -2.0]);
/// assert_eq!((loss, g), (1.5, vec![0.5, -0.5]));
/// ```
#[track_caller]
pub fn mean_absolute_error<S: Scalar>(outputs: &[S], targets: &[S::Real]) -> S {
    assert_pairs("mean_absolute_error", outputs.len(), "targets", targets.len());
    mean(outputs, targets, |target| Loss::Absolute { target })
}

/// Returns the mean of `e²/2` where the error `e = output − target` is at most `delta`, and of `delta·(|e| − delta/2)`
/// where it is larger, so that outliers pull no harder than others (Huber 1964). Empty slices give NaN.
///
/// # Panics
///
/// When the lengths differ, or `delta` is not positive.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::huber;
///
/// let (loss, g) = gradient(|y| huber(y, &[0.0, 0.0], 1.0), &[0.5, -100.0]);
/// assert_eq!((loss, g), (0.5 * (0.125 + 99.5), vec![0.25, -0.5]));
/// ```
#[track_caller]
pub fn huber<S: Scalar>(outputs: &[S], targets: &[S::Real], delta: S::Real) -> S {
    assert_pairs("huber", outputs.len(), "targets", targets.len());
    assert!(
        delta > S::Real::zero(),
        "nn::huber: delta is {delta}; pass the error, above 0, from which on it is linear"
    );
    mean(outputs, targets, |target| Loss::Huber { target, delta })
}

/// Returns `1/n Σᵢ relu(1 − labelᵢ·scoreᵢ)` for labels −1 and 1: the loss of the support vector machine. It is zero
/// when every score is on the right side by a margin of 1. Empty slices give NaN.
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
    mean(scores, labels, |label| Loss::Hinge { label })
}

/// Returns `1/n Σᵢ −ln P(labelᵢ)`, where the [sigmoid](Scalar::sigmoid) of a logit is the probability of label 1. A
/// label between 0 and 1 is the target probability. Empty slices give NaN.
///
/// # Panics
///
/// When the lengths differ, or a label is not between 0 and 1.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::binary_cross_entropy;
///
/// let (loss, g) = gradient(|x| binary_cross_entropy(x, &[0.0, 1.0]), &[1e4, 1e4]);
/// assert_eq!((loss, g), (5e3, vec![0.5, 0.0]));
/// ```
#[track_caller]
pub fn binary_cross_entropy<S: Scalar>(logits: &[S], labels: &[S::Real]) -> S {
    weighted_binary_cross_entropy(logits, labels, [S::Real::one(); 2])
}

/// Returns [`binary_cross_entropy`] with a weight for label 0 and one for label 1: `Σᵢ −wᵢ·ln P(labelᵢ) / Σᵢ wᵢ`.
///
/// # Panics
///
/// As [`binary_cross_entropy`].
///
/// ```
/// use dualtape::nn::weighted_binary_cross_entropy;
///
/// // Label 1 counts three times.
/// assert_eq!(weighted_binary_cross_entropy(&[1e4, -1e4], &[0.0, 1.0], [1.0, 3.0]), 1e4);
/// assert_eq!(weighted_binary_cross_entropy(&[1e4, 1e4], &[0.0, 1.0], [1.0, 3.0]), 2.5e3);
/// ```
#[track_caller]
pub fn weighted_binary_cross_entropy<S: Scalar>(logits: &[S], labels: &[S::Real], weights: [S::Real; 2]) -> S {
    assert_pairs("binary_cross_entropy", logits.len(), "labels", labels.len());
    let one = S::Real::one();
    let of_label = |label: S::Real| [weights[0] * (one - label), weights[1] * label];
    let mut total = S::Real::zero();
    for (row, &label) in labels.iter().enumerate() {
        assert!(
            S::Real::zero() <= label && label <= one,
            "nn::binary_cross_entropy: label {row} is {label}; pass 0, 1, or a probability (labels of -1 and 1 are for \
             nn::hinge)"
        );
        let [negative, positive] = of_label(label);
        total += negative + positive;
    }
    total_of(logits, labels, |label| Loss::CrossEntropy { weights: of_label(label) }) / total
}

/// Returns `1/n Σᵢ −ln P(classᵢ)`, where the softmax of a row of logits has the probabilities of the classes, counted
/// from 0. The rows follow each other, one for each element of `classes`. Without rows it is NaN.
///
/// # Panics
///
/// When the logits are not one row of equal length for each class passed, or there is no such class.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::cross_entropy;
///
/// let (loss, g) = gradient(|x| cross_entropy(x, &[2, 0]), &[0.0, 1e4, 0.0, 0.0, 0.0, -1e4]);
/// assert_eq!(loss, 0.5 * (1e4 + 2.0_f64.ln()));
/// assert_eq!(g, [0.0, 0.5, -0.5, -0.25, 0.25, 0.0]);
/// ```
#[track_caller]
pub fn cross_entropy<S: Scalar>(logits: &[S], classes: &[usize]) -> S {
    mean_cross_entropy("cross_entropy", logits, classes, |_| S::Real::one())
}

/// Returns [`cross_entropy`] with a weight for each class: `Σᵢ −wᵢ·ln P(classᵢ) / Σᵢ wᵢ`, where `wᵢ` is the weight of
/// the class of row i.
///
/// # Panics
///
/// As [`cross_entropy`], or when there is no weight for a class.
///
/// ```
/// use dualtape::nn::weighted_cross_entropy;
///
/// // Rare classes may count for more.
/// assert_eq!(weighted_cross_entropy(&[1e4, 0.0, 1e4, 0.0], &[0, 1], &[1.0, 3.0]), 7.5e3);
/// ```
#[track_caller]
pub fn weighted_cross_entropy<S: Scalar>(logits: &[S], classes: &[usize], weights: &[S::Real]) -> S {
    let width = logits.len() / classes.len().max(1);
    assert!(
        classes.is_empty() || weights.len() == width,
        "nn::weighted_cross_entropy: {width} classes and {} weights; pass one for each",
        weights.len()
    );
    mean_cross_entropy("weighted_cross_entropy", logits, classes, |class| weights[class])
}

/// The loss of a row is `−ln P(class) = ln Σⱼ exp(xⱼ − x_class)`. The differences are taken first, so a small loss
/// keeps its digits.
#[track_caller]
fn mean_cross_entropy<S: Scalar>(name: &str, logits: &[S], classes: &[usize], weight: impl Fn(usize) -> S::Real) -> S {
    let (rows, width) = (classes.len(), logits.len() / classes.len().max(1));
    assert!(
        logits.len() == rows * width,
        "nn::{name}: {} logits and {rows} classes; pass a row of logits for each class",
        logits.len()
    );
    for (row, &class) in classes.iter().enumerate() {
        assert!(
            class < width,
            "nn::{name}: row {row} is of class {class} and there are {width} logits for it; classes count from 0"
        );
    }
    let weights = Scratch::of(classes.iter().map(|&class| weight(class)));
    let total = weights.iter().fold(S::Real::zero(), |sum, &weight| sum + weight);
    let mut margins = Scratch::with_capacity(width);
    let loss = |(row, &class): (usize, &usize)| {
        let logits = &logits[row * width..(row + 1) * width];
        margins.clear();
        let margin = |(other, &x): (usize, &S)| if other == class { S::zero() } else { x - logits[class] };
        margins.extend(logits.iter().enumerate().map(margin));
        log_sum_exp(&margins)
    };
    let losses = Scratch::of(classes.iter().enumerate().map(loss));
    weighted_sum(&losses, &weights) / total
}

/// Returns `Σᵢ |pᵢ|`, the penalty that makes parameters zero. Multiply it by its weight, and leave the biases out with
/// [`Mlp::weights`](super::Mlp::weights).
///
/// On a tape it is one statement, the product with the signs.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::l1;
///
/// assert_eq!(gradient(|p| l1(p), &[3.0, -4.0, 0.0]), (7.0, vec![1.0, -1.0, 0.0]));
/// ```
pub fn l1<S: Scalar>(parameters: &[S]) -> S {
    let sign = |p: &S| if p.value().is_zero() { S::zero() } else { S::from_real(Float::signum(p.value())) };
    dot(parameters, &parameters.iter().map(sign).collect::<Vec<S>>())
}

/// Returns `Σᵢ pᵢ²`, the penalty that keeps parameters small. Multiply it by its weight, and leave the biases out with
/// [`Mlp::weights`](super::Mlp::weights).
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

/// Returns the fraction of scores on the side of their label, where a score above zero counts as positive. Empty
/// slices give NaN.
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

/// The loss of one output.
enum Loss<R> {
    Absolute { target: R },
    Huber { target: R, delta: R },
    Hinge { label: R },
    CrossEntropy { weights: [R; 2] },
}

impl<R: Real> Function<R> for Loss<R> {
    type Output = R;

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        let x = x[0];
        match *self {
            Loss::Absolute { target } => (x - target).abs(),
            Loss::Huber { target, delta } => {
                let (error, half) = (x - target, R::from_f64(0.5));
                let size = error.abs();
                if size > delta { (size - delta * half) * delta } else { error * error * half }
            }
            Loss::Hinge { label } => (x * -label + R::one()).relu(),
            // −ln σ(x) = softplus(−x) for label 1, and softplus(x) for label 0. The terms of the sum are positive, so
            // none cancels another.
            Loss::CrossEntropy { weights: [negative, positive] } => {
                let term = |weight: R, x: S| if weight.is_zero() { S::zero() } else { x.softplus() * weight };
                term(negative, x) + term(positive, -x)
            }
        }
    }
}

/// Returns the mean of the losses of all outputs.
#[track_caller]
fn mean<S: Scalar>(outputs: &[S], targets: &[S::Real], loss: impl Fn(S::Real) -> Loss<S::Real>) -> S {
    total_of(outputs, targets, loss) / count::<S>(outputs.len())
}

/// Returns the sum of the losses of all outputs.
#[track_caller]
fn total_of<S: Scalar>(outputs: &[S], targets: &[S::Real], loss: impl Fn(S::Real) -> Loss<S::Real>) -> S {
    let losses = Scratch::of(outputs.iter().zip(targets).map(|(&x, &target)| fuse(&loss(target), [x])));
    sum(&losses)
}

fn count<S: Scalar>(n: usize) -> S::Real {
    <S::Real as Scalar>::from_f64(n as f64)
}

#[track_caller]
fn assert_pairs(name: &str, outputs: usize, others: &str, n: usize) {
    assert_eq!(outputs, n, "nn::{name}: {outputs} outputs and {n} {others}; pass one for each");
}
