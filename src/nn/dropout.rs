//! Dropout: training with a part of the neurons.

use rand::{Rng, RngExt};

use super::Mlp;
use crate::scalar::Scalar;

/// Which neurons of the hidden layers a training step leaves out, at every row of a batch.
///
/// Each neuron is left out with the same probability. The others count for more, so that the mean
/// stays the same and the network needs no change after the training (Srivastava et al. 2014).
///
/// It is [drawn](Dropout::draw) before a step. The network with it, [`Mlp::forward_dropped`], is then a function like
/// any other, the same in every reading.
///
/// ```
/// use dualtape::nn::{Activation, Dropout, Mlp};
/// use rand::SeedableRng;
/// use rand::rngs::StdRng;
///
/// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
/// let mut dropout = Dropout::new(0.0);
/// dropout.draw(&mlp, 1, &mut StdRng::seed_from_u64(1));
/// assert_eq!(mlp.forward_dropped(&[1.0, 2.0], 1, &dropout), mlp.forward(&[1.0, 2.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
    /// Whether a neuron is kept: layer by layer, in it row by row.
    kept: Vec<bool>,
}

impl Dropout {
    /// Returns a dropout of neurons with this probability.
    ///
    /// # Panics
    ///
    /// When the probability is not at least 0 and below 1.
    ///
    /// ```
    /// use dualtape::nn::Dropout;
    ///
    /// assert!(std::panic::catch_unwind(|| Dropout::new(1.0)).is_err());
    /// ```
    #[track_caller]
    pub fn new(probability: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&probability),
            "Dropout::new: the probability is {probability}; pass one of at least 0 and below 1"
        );
        Dropout { probability, kept: Vec::new() }
    }

    /// Draws which neurons of a network are left out at each of `rows` rows: layer by layer, row by row, neuron by
    /// neuron.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dropout, Mlp};
    /// use rand::SeedableRng;
    /// use rand::rngs::StdRng;
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
    /// let drawn = |seed| {
    ///     let mut dropout = Dropout::new(0.5);
    ///     dropout.draw(&mlp, 32, &mut StdRng::seed_from_u64(seed));
    ///     dropout
    /// };
    /// assert!(drawn(1) == drawn(1) && drawn(1) != drawn(2));
    /// ```
    pub fn draw<S>(&mut self, mlp: &Mlp<S>, rows: usize, rng: &mut (impl Rng + ?Sized)) {
        let neurons = rows * mlp.hidden_neurons();
        self.kept.clear();
        self.kept.extend(drawn(self.probability, rng).take(neurons));
    }

    /// Returns a function that leaves neurons out of the outputs of one hidden layer after the other.
    pub(super) fn of_layers<S: Scalar>(&self) -> impl FnMut(&mut [S]) {
        leave_out(self.probability, self.kept.iter().copied())
    }

    #[track_caller]
    pub(super) fn assert_drawn(&self, neurons: usize) {
        assert_eq!(
            self.kept.len(),
            neurons,
            "Mlp::forward_dropped: the dropout is of {} neurons, all rows together, and the network has {neurons}; draw \
             it for this network and number of rows",
            self.kept.len()
        );
    }
}

/// Returns whether each neuron in turn is kept.
pub(super) fn drawn(probability: f64, rng: &mut (impl Rng + ?Sized)) -> impl Iterator<Item = bool> {
    std::iter::repeat_with(move || !rng.random_bool(probability))
}

/// Removes the neurons that are not kept from the outputs of one hidden layer after the other.
pub(super) fn leave_out<S: Scalar>(probability: f64, mut kept: impl Iterator<Item = bool>) -> impl FnMut(&mut [S]) {
    let scale = <S::Real as Scalar>::from_f64(1.0 / (1.0 - probability));
    move |outputs| {
        for (output, kept) in outputs.iter_mut().zip(kept.by_ref()) {
            *output = if kept { *output * scale } else { S::zero() };
        }
    }
}
