//! Rows of numbers to learn from: splitting, scaling, and minibatches.
//!
//! All randomness is a function of a seed. [`Minibatches`] draws the order of an epoch from the seed and the number of
//! the epoch alone, so a run that is resumed at epoch 7 continues bit for bit. The generator is ChaCha with 8 rounds
//! (Bernstein 2008), the same in all versions and on all machines. The epoch is its stream.

use std::any::Any;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::scalar::{Real, Scalar};

#[cfg(feature = "files")]
mod csv;

#[cfg(feature = "files")]
pub use csv::{DataError, Target, read_indices};

/// Rows of features, each with its targets: numbers of type `R` in regression, classes of type
/// `usize` in classification.
///
/// All features lie row after row in one slice, and so do all targets, as
/// [`dense`](crate::dense) and the losses take them.
///
/// ```
/// use dualtape::nn::Dataset;
///
/// let data = Dataset::new((2, 1), vec![5.1, 3.5, 6.2, 2.9, 5.9, 3.0], vec![0_usize, 1, 2]);
/// assert_eq!((data.len(), data.inputs(), data.outputs()), (3, 2, 1));
/// assert_eq!(data.row(1), (&[6.2, 2.9][..], &[1][..]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<R = f64, T = R> {
    inputs: usize,
    outputs: usize,
    features: Vec<R>,
    targets: Vec<T>,
}

impl<R: Copy, T: Copy> Dataset<R, T> {
    /// Returns rows of `widths.0` features and `widths.1` targets, row after row.
    ///
    /// # Panics
    ///
    /// When a width is 0, or features and targets are not the same whole number of rows.
    ///
    /// ```
    /// use dualtape::nn::Dataset;
    ///
    /// let parabola = Dataset::new((1, 1), vec![-1.0, 0.0, 1.0], vec![1.0, 0.0, 1.0]);
    /// assert_eq!(parabola.len(), 3);
    /// ```
    #[track_caller]
    pub fn new(widths: (usize, usize), features: Vec<R>, targets: Vec<T>) -> Self {
        let (inputs, outputs) = widths;
        assert!(inputs > 0 && outputs > 0, "Dataset: rows of width {widths:?}; give each a feature and a target");
        let (n, m) = (features.len(), targets.len());
        assert!(
            n.is_multiple_of(inputs) && m.is_multiple_of(outputs) && n / inputs == m / outputs,
            "Dataset: {n} features in rows of {inputs} and {m} targets in rows of {outputs}; pass the same whole number \
             of rows of each"
        );
        Dataset { inputs, outputs, features, targets }
    }

    /// Returns the number of rows.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]).len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.features.len() / self.inputs
    }

    /// Returns whether there are no rows.
    ///
    /// ```
    /// assert!(dualtape::nn::Dataset::<f64>::new((2, 1), vec![], vec![]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Returns the number of features of a row.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]).inputs(), 2);
    /// ```
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns the number of targets of a row.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]).outputs(), 1);
    /// ```
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Returns all features, row after row.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]).features(), [1.0, 2.0]);
    /// ```
    pub fn features(&self) -> &[R] {
        &self.features
    }

    /// Returns all features, to [scale](Standardizer) them in place.
    ///
    /// ```
    /// let mut data = dualtape::nn::Dataset::new((2, 1), vec![4.0, 16.0], vec![1.0]);
    /// data.features_mut().iter_mut().for_each(|pixel| *pixel /= 16.0);
    /// assert_eq!(data.features(), [0.25, 1.0]);
    /// ```
    pub fn features_mut(&mut self) -> &mut [R] {
        &mut self.features
    }

    /// Returns all targets, row after row.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]).targets(), [3.0]);
    /// ```
    pub fn targets(&self) -> &[T] {
        &self.targets
    }

    /// Returns all targets, to [scale](Standardizer) them in place.
    ///
    /// ```
    /// let mut data = dualtape::nn::Dataset::new((1, 1), vec![1.0], vec![300.0]);
    /// data.targets_mut()[0] /= 100.0;
    /// assert_eq!(data.targets(), [3.0]);
    /// ```
    pub fn targets_mut(&mut self) -> &mut [T] {
        &mut self.targets
    }

    /// Returns the features and the targets of row i.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    ///
    /// ```
    /// let data = dualtape::nn::Dataset::new((2, 1), vec![1.0, 2.0], vec![3.0]);
    /// assert_eq!(data.row(0), (&[1.0, 2.0][..], &[3.0][..]));
    /// ```
    #[track_caller]
    pub fn row(&self, i: usize) -> (&[R], &[T]) {
        let n = self.len();
        assert!(i < n, "Dataset: there is no row {i} among {n}, counted from 0");
        (&self.features[i * self.inputs..][..self.inputs], &self.targets[i * self.outputs..][..self.outputs])
    }

    /// Returns some rows, in the given order. A row may be taken more than once.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    ///
    /// ```
    /// let data = dualtape::nn::Dataset::new((1, 1), vec![0.1, 0.2, 0.3], vec![0_usize, 1, 2]);
    /// assert_eq!(data.select(&[2, 0]).targets(), [2, 0]);
    /// ```
    #[track_caller]
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut selected =
            Dataset { inputs: self.inputs, outputs: self.outputs, features: Vec::new(), targets: Vec::new() };
        self.select_into(rows, &mut selected);
        selected
    }

    /// Selects rows as [`select`](Dataset::select) does and overwrites `batch` with them. From the
    /// second minibatch on it allocates nothing.
    ///
    /// # Panics
    ///
    /// When there is no such row, or `batch` has rows of other widths.
    ///
    /// ```
    /// let data = dualtape::nn::Dataset::new((1, 1), vec![0.1, 0.2, 0.3], vec![0_usize, 1, 2]);
    /// let mut batch = data.select(&[]);
    /// data.select_into(&[2, 0], &mut batch);
    /// assert_eq!(batch.features(), [0.3, 0.1]);
    /// ```
    #[track_caller]
    pub fn select_into(&self, rows: &[usize], batch: &mut Self) {
        let (ours, theirs) = ((self.inputs, self.outputs), (batch.inputs, batch.outputs));
        assert_eq!(ours, theirs, "Dataset: rows of width {ours:?} for a batch of {theirs:?}; make it of the same data");
        batch.features.clear();
        batch.targets.clear();
        for &i in rows {
            let (features, targets) = self.row(i);
            batch.features.extend_from_slice(features);
            batch.targets.extend_from_slice(targets);
        }
    }

    /// Returns two parts, each in random order: the rows to learn from, and a fraction of all rows to hold out,
    /// rounded to whole rows. The same seed gives the same parts.
    ///
    /// # Panics
    ///
    /// When the fraction is not between 0 and 1.
    ///
    /// ```
    /// use dualtape::nn::Dataset;
    ///
    /// let data = Dataset::new((1, 1), vec![0.0; 10], (0..10_usize).collect());
    /// let (train, test) = data.split(0.2, 7);
    /// assert_eq!((train.len(), test.len()), (8, 2));
    /// assert_eq!(data.split(0.2, 7).1, test);
    /// assert_ne!(data.split(0.2, 8).1, test);
    /// ```
    #[track_caller]
    pub fn split(&self, held_out: f64, seed: u64) -> (Self, Self) {
        assert!((0.0..=1.0).contains(&held_out), "Dataset::split: a fraction of {held_out}; pass one between 0 and 1");
        let mut rows: Vec<usize> = (0..self.len()).collect();
        rows.shuffle(&mut generator(seed, SPLIT));
        let (test, train) = rows.split_at((held_out * self.len() as f64).round() as usize);
        (self.select(train), self.select(test))
    }
}

impl<R: Real, T: 'static> Dataset<R, T> {
    /// Returns a checksum of the widths, the features and the targets, in order: FNV-1a (Fowler, Noll & Vo 1991) with
    /// 64 bits. Targets that are neither numbers nor classes count by their number alone.
    pub(super) fn checksum(&self) -> u64 {
        let bits = |x: &R| x.to_f64().expect("f32 and f64 are numbers in f64").to_bits();
        let targets = &self.targets as &dyn Any;
        let targets: Vec<u64> = match (targets.downcast_ref::<Vec<R>>(), targets.downcast_ref::<Vec<usize>>()) {
            (Some(numbers), _) => numbers.iter().map(bits).collect(),
            (_, Some(classes)) => classes.iter().map(|&class| class as u64).collect(),
            _ => Vec::new(),
        };
        let sizes = [self.inputs, self.outputs, self.targets.len()].map(|n| n as u64);
        let words = sizes.into_iter().chain(self.features.iter().map(bits)).chain(targets);
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        words.flat_map(u64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, mix)
    }
}

impl<R: Real> Dataset<R, usize> {
    /// Returns the number of classes: the largest class plus one, or 0 without rows.
    ///
    /// ```
    /// let data = dualtape::nn::Dataset::new((1, 1), vec![0.1, 0.2], vec![0_usize, 2]);
    /// assert_eq!(data.classes(), 3);
    /// ```
    pub fn classes(&self) -> usize {
        self.targets.iter().max().map_or(0, |largest| largest + 1)
    }

    /// Returns the rows with each class as a row of numbers: [`one_hot`].
    ///
    /// # Panics
    ///
    /// When a class is not below `classes`.
    ///
    /// ```
    /// let data = dualtape::nn::Dataset::new((1, 1), vec![0.1, 0.2], vec![0_usize, 2]);
    /// assert_eq!(data.one_hot(3).targets(), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Dataset<R, R> {
        Dataset::new((self.inputs, self.outputs * classes), self.features.clone(), one_hot(&self.targets, classes))
    }
}

/// Returns each label as `classes` numbers, 1 at the place of its class and 0 elsewhere.
///
/// # Panics
///
/// When a label is not below `classes`.
///
/// ```
/// assert_eq!(dualtape::nn::one_hot::<f64>(&[1, 0], 2), [0.0, 1.0, 1.0, 0.0]);
/// ```
#[track_caller]
pub fn one_hot<R: Real>(labels: &[usize], classes: usize) -> Vec<R> {
    let mut rows = vec![R::zero(); labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        assert!(label < classes, "nn::one_hot: there is a label {label} and {classes} classes, counted from 0");
        rows[row * classes + label] = R::one();
    }
    rows
}

/// Shifts and scales each column to mean 0 and standard deviation 1: `z = (x − mean) / deviation`.
///
/// Fit it to the training rows and apply it to all others, so that no information about the others leaks into the
/// training. The deviation is the population's (with n, not n − 1), as in scikit-learn's `StandardScaler`. A column of
/// equal numbers is only shifted.
///
/// ```
/// use dualtape::nn::{Dataset, Standardizer};
///
/// let mut train = Dataset::new((2, 1), vec![1.0, 7.0, 3.0, 7.0], vec![0.0, 1.0]);
/// let mut test = Dataset::new((2, 1), vec![5.0, 8.0], vec![1.0]);
/// let scale = Standardizer::fit(train.features(), train.inputs());
/// scale.apply(train.features_mut());
/// scale.apply(test.features_mut());
/// assert_eq!(train.features(), [-1.0, 0.0, 1.0, 0.0]);
/// assert_eq!(test.features(), [3.0, 1.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Standardizer<R = f64> {
    means: Vec<R>,
    deviations: Vec<R>,
}

impl<R: Real> Standardizer<R> {
    /// Returns the scaling with these means and deviations, one for each column.
    ///
    /// # Panics
    ///
    /// When there are none, their numbers differ, a mean is not finite, or a deviation is not finite and above 0.
    ///
    /// ```
    /// let mut pixels = [0.0, 4.0, 16.0];
    /// dualtape::nn::Standardizer::new(&[0.0; 3], &[16.0; 3]).apply(&mut pixels);
    /// assert_eq!(pixels, [0.0, 0.25, 1.0]);
    /// ```
    #[track_caller]
    pub fn new(means: &[R], deviations: &[R]) -> Self {
        let (n, m) = (means.len(), deviations.len());
        assert!(n == m && n > 0, "Standardizer: {n} means and {m} deviations; pass one of each for every column");
        for (column, (&mean, &deviation)) in means.iter().zip(deviations).enumerate() {
            assert!(
                Scalar::is_finite(mean) && is_deviation(deviation),
                "Standardizer: the mean {mean} and the deviation {deviation} of column {column}, counted from 0; pass \
                 finite numbers without NaN, and 1 as the deviation of a constant column"
            );
        }
        Standardizer { means: means.to_vec(), deviations: deviations.to_vec() }
    }

    /// Returns the scaling by the means and deviations of the columns of `rows`, computed in `f64`.
    ///
    /// # Panics
    ///
    /// When `rows` is empty or not a whole number of rows, or a mean or a deviation is not finite.
    ///
    /// ```
    /// let scale = dualtape::nn::Standardizer::fit(&[1.0, 10.0, 5.0, 10.0], 2);
    /// assert_eq!((scale.means(), scale.deviations()), (&[3.0, 10.0][..], &[2.0, 1.0][..]));
    /// ```
    #[track_caller]
    pub fn fit(rows: &[R], columns: usize) -> Self {
        let n = rows.len();
        assert!(
            columns > 0 && n > 0 && n.is_multiple_of(columns),
            "Standardizer::fit: {n} numbers in rows of {columns}; pass a whole number of rows, at least one"
        );
        let count = (n / columns) as f64;
        let fit_column = |column: usize| {
            let values = || rows[column..].iter().step_by(columns).map(|x| x.to_f64().expect("a float has an f64"));
            let first = rows[column];
            if values().all(|x| first == R::from_f64(x)) {
                return (first, R::one());
            }
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
            (R::from_f64(mean), R::from_f64(variance.sqrt()))
        };
        let (means, deviations): (Vec<R>, Vec<R>) = (0..columns).map(fit_column).unzip();
        Standardizer::new(&means, &deviations)
    }

    /// Computes `(x − mean) / deviation` in each column of `rows`, in any scalar, so the derivative
    /// with respect to a feature is in the feature's own unit.
    ///
    /// # Panics
    ///
    /// When `rows` is not a whole number of rows.
    ///
    /// ```
    /// use dualtape::derivative;
    /// use dualtape::nn::Standardizer;
    ///
    /// let scale = Standardizer::new(&[20.0], &[4.0]);
    /// let (z, slope) = derivative(
    ///     |x| {
    ///         let mut row = [x];
    ///         scale.apply(&mut row);
    ///         row[0]
    ///     },
    ///     22.0,
    /// );
    /// assert_eq!((z, slope), (0.5, 0.25));
    /// ```
    #[track_caller]
    pub fn apply<S: Scalar<Real = R>>(&self, rows: &mut [S]) {
        self.change(rows, |x, mean, deviation| (x - mean) / deviation);
    }

    /// Undoes [`apply`](Standardizer::apply), up to rounding: `x = z·deviation + mean`. Outputs of a network that has
    /// learned standardized targets need it.
    ///
    /// # Panics
    ///
    /// When `rows` is not a whole number of rows.
    ///
    /// ```
    /// let mut outputs = [-1.0, 0.5];
    /// dualtape::nn::Standardizer::new(&[20.0], &[4.0]).invert(&mut outputs);
    /// assert_eq!(outputs, [16.0, 22.0]);
    /// ```
    #[track_caller]
    pub fn invert<S: Scalar<Real = R>>(&self, rows: &mut [S]) {
        self.change(rows, |z, mean, deviation| z * deviation + mean);
    }

    /// Returns the mean of each column.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Standardizer::fit(&[1.0, 3.0], 1).means(), [2.0]);
    /// ```
    pub fn means(&self) -> &[R] {
        &self.means
    }

    /// Returns the standard deviation of each column, 1 where all numbers are equal.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Standardizer::fit(&[1.0, 5.0], 1).deviations(), [2.0]);
    /// ```
    pub fn deviations(&self) -> &[R] {
        &self.deviations
    }

    #[track_caller]
    fn change<S: Scalar<Real = R>>(&self, rows: &mut [S], change: impl Fn(S, R, R) -> S) {
        let (n, columns) = (rows.len(), self.means.len());
        assert!(
            n.is_multiple_of(columns),
            "Standardizer: {n} numbers do not divide into rows of {columns}; pass rows as wide as those it was \
             fitted to"
        );
        for row in rows.chunks_mut(columns) {
            for ((x, &mean), &deviation) in row.iter_mut().zip(&self.means).zip(&self.deviations) {
                *x = change(*x, mean, deviation);
            }
        }
    }
}

/// Returns whether a column may be divided by it.
pub(super) fn is_deviation<R: Real>(x: R) -> bool {
    Scalar::is_finite(x) && x > R::zero()
}

/// The rows of every epoch in groups of a given size; the last group may be smaller.
///
/// ```
/// use dualtape::nn::{Dataset, Minibatches};
///
/// let data = Dataset::new((1, 1), vec![0.1, 0.2, 0.3], vec![0_usize, 1, 2]);
/// let mut minibatches = Minibatches::shuffled(data.len(), 2, 7);
/// let mut batch = data.select(&[]);
/// for epoch in 0..10 {
///     for rows in minibatches.epoch(epoch) {
///         data.select_into(rows, &mut batch);
///         assert!(batch.len() == 2 || batch.len() == 1);
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Minibatches {
    size: usize,
    seed: Option<u64>,
    rows: Vec<usize>,
    /// The epoch whose order the rows have.
    shuffled: Option<u64>,
}

impl Minibatches {
    /// Returns the rows in the order of the data, the same in every epoch.
    ///
    /// # Panics
    ///
    /// When the size is 0.
    ///
    /// ```
    /// let mut minibatches = dualtape::nn::Minibatches::in_order(5, 2);
    /// assert!(minibatches.epoch(3).eq([&[0, 1][..], &[2, 3], &[4]]));
    /// ```
    #[track_caller]
    pub fn in_order(rows: usize, size: usize) -> Self {
        assert!(size > 0, "Minibatches: groups of 0 rows; pass a size of at least 1");
        Minibatches { size, seed: None, rows: (0..rows).collect(), shuffled: None }
    }

    /// Returns the rows in a random order, a new one in every epoch.
    ///
    /// # Panics
    ///
    /// When the size is 0.
    ///
    /// ```
    /// let mut minibatches = dualtape::nn::Minibatches::shuffled(5, 2, 7);
    /// let third = minibatches.epoch(3).collect::<Vec<_>>().concat();
    /// assert_ne!(minibatches.epoch(4).collect::<Vec<_>>().concat(), third);
    /// assert_eq!(minibatches.epoch(3).collect::<Vec<_>>().concat(), third);
    /// ```
    #[track_caller]
    pub fn shuffled(rows: usize, size: usize, seed: u64) -> Self {
        Minibatches { seed: Some(seed), ..Minibatches::in_order(rows, size) }
    }

    /// Returns the groups of one epoch, which depend on the seed and on `epoch` alone. It allocates nothing.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Minibatches::shuffled(100, 32, 7).epoch(0).len(), 4);
    /// ```
    pub fn epoch(&mut self, epoch: u64) -> impl ExactSizeIterator<Item = &[usize]> {
        if let Some(seed) = self.seed
            && self.shuffled.replace(epoch) != Some(epoch)
        {
            self.rows.iter_mut().enumerate().for_each(|(i, row)| *row = i);
            self.rows.shuffle(&mut generator(seed, epoch));
        }
        self.rows.chunks(self.size)
    }
}

/// The stream of a split, which no epoch reaches.
const SPLIT: u64 = u64::MAX;

/// Returns a generator for each seed and stream. Epochs have the streams from 0 on, other uses the streams beyond 2⁶².
pub(super) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

#[cfg(test)]
mod tests {
    use super::Dataset;

    #[test]
    fn the_checksum_is_fnv_1a_of_the_bytes() {
        // Widths 1 and 1, one target; the feature 1.0; the class 2.
        let data = Dataset::new((1, 1), vec![1.0], vec![2_usize]);
        assert_eq!(data.checksum(), CHECKSUM);
        assert_eq!(Dataset::new((1, 1), vec![1.0_f32], vec![2_usize]).checksum(), CHECKSUM);
        for other in [
            Dataset::new((1, 1), vec![-1.0], vec![2_usize]),
            Dataset::new((1, 1), vec![1.0], vec![3]),
            Dataset::new((1, 2), vec![1.0], vec![2, 0]),
        ] {
            assert_ne!(other.checksum(), CHECKSUM);
        }
        assert_ne!(Dataset::new((1, 1), vec![1.0], vec![2.0]).checksum(), CHECKSUM);
        let [a, b] = [true, false].map(|target| Dataset::new((1, 1), vec![1.0], vec![target]).checksum());
        assert_eq!(a, b);
    }

    const CHECKSUM: u64 = 0x3899_da10_5a03_2afb;
}
