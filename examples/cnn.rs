//! How is a model with a structure of its own trained?
//!
//! A convolutional network is a struct of its filters and of its last layer. `gradient_of` returns the gradient as the
//! same struct, and Adam moves one along the other. It learns to read handwritten digits of 8 by 8 pixels from 600
//! images, and has to read 90 % of 600 others.
//!
//! ```text
//! cargo run --release --features macros --example cnn
//! ```

use dualtape::nn::{Adam, Schedule, cross_entropy, predictions};
use dualtape::{Parameters, Scalar, affine, dense, function, gradient_forward, gradient_of};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The width of an image.
const WIDTH: usize = 8;

/// The width of its convolution with a filter of 3 by 3.
const INNER: usize = WIDTH - 2;

const FILTERS: usize = 8;

/// The numbers of images to learn from and in a step, and how often each is seen.
const TRAINING: usize = 600;
const BATCH: usize = 20;
const EPOCHS: usize = 10;

/// The number of features after the maxima over fields of 2 by 2.
const FEATURES: usize = FILTERS * (INNER / 2) * (INNER / 2);

#[derive(Parameters)]
struct Network<S> {
    /// The filters, of 9 weights and a bias each.
    filters: [[S; 10]; FILTERS],
    /// The last layer: for each class one weight for each feature, and a bias.
    readout: Vec<[S; FEATURES + 1]>,
}

fn relu<S: Scalar>(x: S) -> S {
    x.relu()
}

impl<S: Scalar<Real = f64>> Network<S> {
    /// Returns a score for each class, image by image.
    fn scores(&self, images: &[Vec<f64>]) -> Vec<S> {
        // A convolution is a dense layer at every place of the filter.
        let places = (0..INNER * INNER).map(|place| (place / INNER, place % INNER));
        let patches: Vec<S> = images
            .iter()
            .flat_map(|image| {
                places.clone().flat_map(move |(y, x)| {
                    (y..y + 3).flat_map(move |y| image[y * WIDTH + x..][..3].iter().map(|&pixel| S::from_real(pixel)))
                })
            })
            .collect();
        let rows = images.len() * INNER * INNER;
        let maps = dense(self.filters.as_flattened(), &patches, rows, &function!(relu: S -> S));
        let pooled: Vec<S> = maps
            .chunks_exact(INNER * INNER * FILTERS)
            .flat_map(|maps| {
                (0..FEATURES).map(move |feature| {
                    let (cell, filter) = (feature / FILTERS, feature % FILTERS);
                    let (y, x) = (cell / (INNER / 2) * 2, cell % (INNER / 2) * 2);
                    let at = |y: usize, x: usize| maps[(y * INNER + x) * FILTERS + filter];
                    at(y, x).max(at(y, x + 1)).max(at(y + 1, x).max(at(y + 1, x + 1)))
                })
            })
            .collect();
        affine(self.readout.as_flattened(), &pooled, images.len())
    }
}

/// Returns the images, with pixels between 0 and 1, and their digits.
fn digits() -> (Vec<Vec<f64>>, Vec<usize>) {
    let rows = include_str!("../data/digits.csv").lines().skip(1).map(|line| {
        let mut numbers: Vec<f64> = line.split(',').map(|number| number.parse().expect("a number")).collect();
        let digit = numbers.pop().expect("the digit is last") as usize;
        (numbers.into_iter().map(|pixel| pixel / 16.0).collect(), digit)
    });
    rows.unzip()
}

fn main() {
    let (images, digits) = digits();
    let mut rng = StdRng::seed_from_u64(1);
    let mut random = || rng.random_range(-0.3..0.3);
    let mut network = Network {
        filters: [(); FILTERS].map(|()| [(); 10].map(|()| random())),
        readout: (0..10).map(|_| [(); FEATURES + 1].map(|()| random())).collect(),
    };

    let first = |network: &_| cross_entropy(&Network::scores(network, &images[..1]), &digits[..1]);
    let first_forward = |p: &[_]| cross_entropy(&network.unflatten(p).scores(&images[..1]), &digits[..1]);
    let (_, reverse) = gradient_of(&network, first);
    let (_, forward) = gradient_forward(first_forward, &network.flatten());
    assert!(reverse.flatten().iter().zip(&forward).all(|(a, b)| (a - b).abs() < 1e-12));

    let steps = EPOCHS * TRAINING.div_ceil(BATCH);
    let mut adam = Adam::new(Schedule::Cosine { from: 0.02, to: 0.0, steps });
    for epoch in 1..=EPOCHS {
        let mut loss = 0.0;
        for (images, digits) in images[..TRAINING].chunks(BATCH).zip(digits.chunks(BATCH)) {
            let (of_batch, gradient) = gradient_of(&network, |network| cross_entropy(&network.scores(images), digits));
            adam.step_model(&mut network, &gradient);
            loss += of_batch / TRAINING.div_ceil(BATCH) as f64;
        }
        println!("epoch {epoch:2}  loss {loss:.4}");
    }

    let unseen = TRAINING..2 * TRAINING;
    let read = predictions(&network.scores(&images[unseen.clone()]), 10);
    let right = read.iter().zip(&digits[unseen]).filter(|(read, digit)| read == digit).count();
    let accuracy = right as f64 / TRAINING as f64;
    println!(
        "\n{} parameters read {:.1} % of the digits that they have not seen.",
        network.flatten().len(),
        100.0 * accuracy
    );
    assert!(accuracy >= 0.9);
}
