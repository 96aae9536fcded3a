//! How weights start.

use rand::{Rng, RngExt};

/// The distribution of the first weights of a layer, between `−bound` and `bound`
/// uniformly; biases start at zero.
///
/// ```
/// use dualtape::nn::{Activation, Init, Mlp};
/// use rand::SeedableRng;
/// use rand::rngs::SmallRng;
///
/// let mut rng = SmallRng::seed_from_u64(7);
/// let mlp: Mlp = Mlp::random(600, &[(1, Activation::Relu)], Init::He, &mut rng);
/// let (bias, weights) = mlp.parameters().split_last().unwrap();
/// assert_eq!(*bias, 0.0);
/// assert!(weights.iter().all(|w| w.abs() < 0.1)); // √(6/600)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Init {
    /// `bound = 1`, as micrograd does.
    Uniform,
    /// `bound = √(6/inputs)`: keeps the variance of signals through rectifiers
    /// (He et al., *Delving Deep into Rectifiers*, 2015).
    He,
    /// `bound = √(6/(inputs + outputs))`: keeps the variance of signals and of
    /// gradients through a nearly linear layer (Glorot & Bengio 2010).
    Xavier,
}

impl Init {
    /// Draws one weight of a layer.
    pub(super) fn weight(self, inputs: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> f64 {
        let bound = match self {
            Init::Uniform => 1.0,
            Init::He => (6.0 / inputs as f64).sqrt(),
            Init::Xavier => (6.0 / (inputs + outputs) as f64).sqrt(),
        };
        rng.random_range(-bound..bound)
    }
}
