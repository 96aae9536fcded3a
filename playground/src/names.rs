//! The tab of microgpt: a GPT learns to invent names, and shows where it looks.

use dualtape::check::difference;
use dualtape::{derivative, gradient};
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

#[path = "../../examples/microgpt/model.rs"]
mod model;

use model::{Adam, CONTEXT, Gpt, HEADS, LETTERS, Slices, tokens};

/// The number of steps after which the rate is 0.
pub const STEPS: usize = 1000;

const TEMPERATURE: f64 = 0.5;

/// A training of microgpt, of 4192 parameters.
pub struct Names {
    gpt: Gpt,
    names: Vec<String>,
    parameters: Vec<f64>,
    adam: Adam,
    losses: Vec<f64>,
}

/// A matrix of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its name.
    pub name: String,
    /// The number of its rows.
    pub rows: usize,
    /// The number of its columns.
    pub columns: usize,
}

/// The derivative of the loss of a name with respect to one weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The weight.
    pub value: f64,
    /// By the reverse sweep, by forward mode, and by differences.
    pub slopes: [f64; 3],
}

impl Names {
    /// Returns the training before its first step, from names in lines. The seed shuffles them and draws the weights.
    ///
    /// # Panics
    ///
    /// When there are no names, or one is not of letters from a to z.
    pub fn new(lines: &str, seed: u64) -> Self {
        let gpt = Gpt { width: 16, layers: 1 };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut names: Vec<String> = lines.lines().map(str::to_string).collect();
        assert!(
            !names.is_empty() && names.iter().all(|name| check(name).is_ok()),
            "Names: there have to be names of letters"
        );
        names.shuffle(&mut random);
        let parameters = gpt.initial(|| random.random());
        Names { gpt, names, adam: Adam::new(parameters.len()), parameters, losses: Vec::new() }
    }

    /// Returns the loss of every step so far, before the step.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Learns from the next name, and returns it. After the last step nothing changes.
    pub fn step(&mut self) -> &str {
        let step = self.losses.len();
        let name = &self.names[step % self.names.len()];
        if step < STEPS {
            let (loss, slopes) = gradient(|p| self.gpt.loss::<Slices, _>(p, name), &self.parameters);
            self.adam.step(&mut self.parameters, &slopes, step, STEPS);
            self.losses.push(loss);
        }
        name
    }

    /// Returns names that the model invents now, the same for the same seed.
    pub fn samples(&self, count: usize, seed: u64) -> Vec<String> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| self.gpt.sample(&self.parameters, TEMPERATURE, || random.random())).collect()
    }

    /// Returns how much every place of a name, which begins with its start, looks at every place: a square of rows for each
    /// head.
    ///
    /// # Errors
    ///
    /// When the name has other letters than from a to z, or is too long.
    pub fn attention(&self, name: &str) -> Result<Vec<Vec<f64>>, String> {
        check(name)?;
        let (tokens, places) = (&tokens(name)[..=name.len()], name.len() + 1);
        let mut heads = vec![Vec::new(); HEADS];
        let mut call = 0;
        self.gpt.logits::<Slices, f64>(&self.parameters, tokens, &mut |weights| {
            heads[call % HEADS].extend((0..places).map(|place| weights.get(place).copied().unwrap_or(0.0)));
            call += 1;
        });
        Ok(heads)
    }

    /// Returns the matrices in the order of the parameters.
    pub fn shapes(&self) -> Vec<Shape> {
        self.gpt.shapes().into_iter().map(|(name, rows, columns)| Shape { name, rows, columns }).collect()
    }

    /// Returns the parameters, and the gradient of the loss of a name with respect to them.
    ///
    /// # Errors
    ///
    /// As [`attention`](Names::attention).
    pub fn gradient(&self, name: &str) -> Result<(&[f64], Vec<f64>), String> {
        check(name)?;
        let (_, slopes) = gradient(|p| self.gpt.loss::<Slices, _>(p, name), &self.parameters);
        Ok((&self.parameters, slopes))
    }

    /// Returns the derivative of the loss of a name with respect to one parameter, in three ways.
    ///
    /// # Errors
    ///
    /// As [`attention`](Names::attention).
    ///
    /// # Panics
    ///
    /// When there is no such parameter.
    pub fn slope(&self, name: &str, parameter: usize) -> Result<Slope, String> {
        let (parameters, slopes) = self.gradient(name)?;
        let value = parameters[parameter];
        let (_, forward) = derivative(
            |x| {
                let mut p: Vec<_> = parameters.iter().map(|&p| dualtape::Dual::constant(p)).collect();
                p[parameter] = x;
                self.gpt.loss::<Slices, _>(&p, name)
            },
            value,
        );
        let loss_at = |x: f64| {
            let mut p = parameters.to_vec();
            p[parameter] = x;
            self.gpt.loss::<Slices, f64>(&p, name)
        };
        Ok(Slope { value, slopes: [slopes[parameter], forward, difference(loss_at, value).0] })
    }
}

fn check(name: &str) -> Result<(), String> {
    match name.chars().find(|letter| !LETTERS.contains(*letter)) {
        Some(letter) => Err(format!("{letter:?} is no letter from a to z")),
        None if name.is_empty() || name.len() >= CONTEXT => {
            Err(format!("a name has from 1 to {} letters", CONTEXT - 1))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = include_str!("../../data/names.txt");

    fn after(steps: usize) -> Names {
        let mut names = Names::new(NAMES, 7);
        (0..steps).for_each(|_| _ = names.step());
        names
    }

    #[test]
    fn it_learns_and_the_same_seed_gives_the_same_bits() {
        let [a, b] = [after(200), after(200)];
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&a.losses()[150..]) < mean(&a.losses()[..10]) - 0.5, "{:?}", a.losses());
        assert_eq!(a.parameters, b.parameters);
        assert_eq!(a.samples(5, 3), b.samples(5, 3));
        assert!(a.samples(5, 3) != a.samples(5, 4) && a.samples(5, 3).iter().all(|name| name.len() <= CONTEXT));
    }

    #[test]
    fn every_place_looks_at_itself_and_before() {
        for head in after(10).attention("emma").expect("a name") {
            assert_eq!(head.len(), 25);
            for (place, row) in head.chunks(5).enumerate() {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(
                    row[..=place].iter().all(|&weight| weight > 0.0)
                        && row[place + 1..].iter().all(|&weight| weight == 0.0)
                );
            }
        }
    }

    #[test]
    fn the_slope_of_one_weight_agrees_in_three_ways() {
        let names = after(5);
        let weights: usize = names.shapes().iter().map(|shape| shape.rows * shape.columns).sum();
        assert_eq!(weights, 4192);
        for parameter in [0, 5 * 16 + 3, 2000, 4191] {
            let Slope { value, slopes: [reverse, forward, differences] } =
                names.slope("olivia", parameter).expect("a name");
            assert_eq!(value, names.parameters[parameter]);
            assert!((reverse - forward).abs() < 1e-14, "{reverse} and {forward}");
            assert!((reverse - differences).abs() < 1e-8, "{reverse} and {differences}");
        }
    }

    #[test]
    fn training_ends_and_names_of_other_letters_are_refused() {
        let mut names = Names::new("ab\nba", 1);
        (0..STEPS + 5).for_each(|_| _ = names.step());
        assert_eq!(names.losses().len(), STEPS);
        assert_eq!(names.attention("Zoë").err().as_deref(), Some("'Z' is no letter from a to z"));
        for name in ["", "abcdefghijklmnop"] {
            assert_eq!(names.slope(name, 0), Err("a name has from 1 to 15 letters".to_string()));
        }
    }
}
