//! Metrics: how well a network does on data outside its training.
//!
//! Undefined ratios follow scikit-learn (Pedregosa et al. 2011). The precision of a class that is never predicted is
//! 0, so that averages over classes stay numbers.

use std::fmt;

use super::{mean_squared_error, squared_error};
use crate::scalar::Scalar;
use crate::scalar::softmax::index_of_largest;
use crate::scalar::sums::sum;

/// Returns the class of every row of `outputs`, which has one score for each class: the class of the largest score, or
/// the first of equals. A row with NaN gives the class of the first NaN.
///
/// # Panics
///
/// When `outputs` is not a whole number of rows.
///
/// ```
/// assert_eq!(dualtape::nn::predictions(&[0.1, 0.7, 0.2, 3.0, -1.0, 3.0], 3), [1, 0]);
/// ```
#[track_caller]
pub fn predictions<S: Scalar>(outputs: &[S], classes: usize) -> Vec<usize> {
    let n = outputs.len();
    assert!(
        classes > 0 && n.is_multiple_of(classes),
        "nn::predictions: {n} outputs do not divide into rows of {classes} classes; pass the width of the last \
         layer as the number of classes"
    );
    outputs.chunks(classes).map(|scores| index_of_largest(scores).expect("there is a class")).collect()
}

/// The confusion matrix: how often each class was taken for each. Its methods return the usual ratios.
///
/// ```
/// use dualtape::nn::Confusion;
///
/// let (predicted, actual) = ([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]);
/// let confusion = Confusion::of(&predicted, &actual, 2);
/// assert_eq!(confusion.accuracy(), 0.6);
/// assert_eq!(confusion.count(1, 0), 1); // a 1 that was taken for a 0
/// assert_eq!((confusion.precision(0), confusion.recall(0)), (0.5, 0.5));
/// assert_eq!(
///     confusion.to_string(),
///     "actual \\ predicted 0 1\n\
///      0                  1 1\n\
///      1                  1 2\n"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// Row by row, a row for each actual class.
    counts: Vec<usize>,
}

impl Confusion {
    /// Counts how often each class was predicted for each actual class.
    ///
    /// # Panics
    ///
    /// When the lengths differ, or a class is not below `classes`.
    ///
    /// ```
    /// use dualtape::nn::{Confusion, predictions};
    ///
    /// let outputs = [0.1, 0.9, 0.8, 0.2];
    /// assert_eq!(Confusion::of(&predictions(&outputs, 2), &[1, 0], 2).accuracy(), 1.0);
    /// ```
    #[track_caller]
    pub fn of(predicted: &[usize], actual: &[usize], classes: usize) -> Self {
        let (n, m) = (predicted.len(), actual.len());
        assert_eq!(n, m, "Confusion: {n} predicted classes and {m} actual ones; pass one for each");
        let mut counts = vec![0; classes * classes];
        for (&predicted, &actual) in predicted.iter().zip(actual) {
            let class = predicted.max(actual);
            assert!(class < classes, "Confusion: there is a class {class} and {classes} classes, counted from 0");
            counts[actual * classes + predicted] += 1;
        }
        Confusion { classes, counts }
    }

    /// Returns the number of classes.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Confusion::of(&[0], &[0], 3).classes(), 3);
    /// ```
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Returns how often the class `actual` was taken for `predicted`.
    ///
    /// # Panics
    ///
    /// When there is no such class.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Confusion::of(&[2, 2], &[0, 0], 3).count(0, 2), 2);
    /// ```
    #[track_caller]
    pub fn count(&self, actual: usize, predicted: usize) -> usize {
        let (class, classes) = (actual.max(predicted), self.classes);
        assert!(class < classes, "Confusion: there is no class {class} among {classes}, counted from 0");
        self.counts[actual * classes + predicted]
    }

    /// Returns the fraction of right predictions; NaN without any.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Confusion::of(&[0, 1, 1, 1], &[0, 0, 1, 1], 2).accuracy(), 0.75);
    /// ```
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.classes).map(|class| self.count(class, class)).sum();
        right as f64 / self.counts.iter().sum::<usize>() as f64
    }

    /// Returns the fraction of right predictions among the predictions of this class; 0 without any.
    ///
    /// # Panics
    ///
    /// When there is no such class.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Confusion::of(&[1, 1, 1, 1], &[0, 0, 0, 1], 2).precision(1), 0.25);
    /// ```
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.predicted(class))
    }

    /// Returns the fraction of this class that was predicted as such; 0 without any.
    ///
    /// # Panics
    ///
    /// When there is no such class.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Confusion::of(&[1, 0, 0, 0], &[1, 1, 1, 1], 2).recall(1), 0.25);
    /// ```
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.actual(class))
    }

    /// Returns the harmonic mean of precision and recall; 0 when both are 0.
    ///
    /// # Panics
    ///
    /// When there is no such class.
    ///
    /// ```
    /// let confusion = dualtape::nn::Confusion::of(&[1, 1, 1, 1], &[0, 0, 1, 1], 2);
    /// assert_eq!((confusion.precision(1), confusion.recall(1), confusion.f1(1)), (0.5, 1.0, 2.0 / 3.0));
    /// ```
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        ratio(2 * self.count(class, class), self.predicted(class) + self.actual(class))
    }

    /// Returns the mean of a measure over the classes, each with the same weight ("macro"); NaN without classes.
    ///
    /// ```
    /// use dualtape::nn::Confusion;
    ///
    /// let confusion = Confusion::of(&[1, 1, 1, 1], &[0, 0, 1, 1], 2);
    /// assert_eq!(confusion.mean(Confusion::recall), 0.5);
    /// assert_eq!(confusion.mean(Confusion::f1), 1.0 / 3.0);
    /// ```
    pub fn mean(&self, measure: impl Fn(&Self, usize) -> f64) -> f64 {
        (0..self.classes).map(|class| measure(self, class)).sum::<f64>() / self.classes as f64
    }

    fn predicted(&self, class: usize) -> usize {
        (0..self.classes).map(|actual| self.count(actual, class)).sum()
    }

    fn actual(&self, class: usize) -> usize {
        (0..self.classes).map(|predicted| self.count(class, predicted)).sum()
    }
}

/// Writes the counts as a table, a row for each actual class.
impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self.counts.iter().copied().max().unwrap_or(0).max(self.classes.saturating_sub(1));
        let width = largest.to_string().len();
        let corner = "actual \\ predicted";
        write!(f, "{corner}")?;
        (0..self.classes).try_for_each(|class| write!(f, " {class:width$}"))?;
        for class in 0..self.classes {
            write!(f, "\n{class:<0$}", corner.len())?;
            (0..self.classes).try_for_each(|predicted| write!(f, " {:width$}", self.count(class, predicted)))?;
        }
        writeln!(f)
    }
}

/// Returns `part/whole`, or 0 if `whole` is 0.
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Returns `√(1/n Σᵢ (outputᵢ − targetᵢ)²)`, in the unit of the targets; NaN of empty slices.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// assert_eq!(dualtape::nn::root_mean_squared_error(&[3.0, 0.0], &[0.0, 4.0]), 12.5_f64.sqrt());
/// ```
#[track_caller]
pub fn root_mean_squared_error<S: Scalar>(outputs: &[S], targets: &[S::Real]) -> S {
    mean_squared_error(outputs, targets).sqrt()
}

/// Returns `R² = 1 − Σᵢ (outputᵢ − targetᵢ)² / Σᵢ (targetᵢ − mean)²`: the fraction of the targets' variance that the
/// outputs explain. It is 1 when every output is right, 0 when each is the mean, and negative when they do worse.
///
/// If all targets are equal, it is 1 when the outputs are right and otherwise 0, as in scikit-learn. Empty slices give
/// NaN.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::nn::r_squared;
///
/// let targets = [1.0, 2.0, 3.0];
/// assert_eq!(r_squared(&[1.0, 2.0, 3.0], &targets), 1.0);
/// assert_eq!(r_squared(&[2.0, 2.0, 2.0], &targets), 0.0);
/// assert_eq!(r_squared(&[3.0, 2.0, 1.0], &targets), -3.0);
/// ```
#[track_caller]
pub fn r_squared<S: Scalar>(outputs: &[S], targets: &[S::Real]) -> S {
    let unexplained = squared_error(outputs, targets);
    let alike = targets.windows(2).all(|pair| pair[0] == pair[1]);
    if alike && !targets.is_empty() {
        let right = unexplained == <S::Real as Scalar>::from_f64(0.0);
        return if right { S::one() } else { S::zero() };
    }
    let mean = sum(targets) / <S::Real as Scalar>::from_f64(targets.len() as f64);
    S::one() - unexplained / squared_error(targets, &vec![mean; targets.len()])
}
