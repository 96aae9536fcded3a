//! The tab of networks: a training, step by step, and what the modes say about it.

use std::ops::RangeInclusive;

use dualtape::check::difference;
use dualtape::graph::{Graph, Traced, trace_parametric};
use dualtape::nn::{
    Activation, Adam, Dataset, Init, Minibatches, Mlp, RmsProp, Schedule, Sgd, binary_cross_entropy, cross_entropy,
    hinge, l2, mean_squared_error, predictions,
};
use dualtape::{Scalar, gradient, jvp};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::plane;
use crate::settings::{Loss, Points, Rule, Settings};

/// A training of a network, which can be asked at every step.
pub struct Training {
    settings: Settings,
    points: Points,
    data: Dataset<f64, usize>,
    network: Mlp,
    optimizer: Optimizer,
    minibatches: Minibatches,
    /// The loss of every step, before the step.
    losses: Vec<f64>,
}

enum Optimizer {
    Sgd(Sgd),
    RmsProp(RmsProp),
    Adam(Adam),
}

/// The derivatives with respect to one parameter.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The parameter.
    pub name: String,
    /// By the reverse sweep, by forward mode, and by differences.
    pub slopes: [f64; 3],
}

impl Training {
    /// Returns the training before its first step.
    ///
    /// # Errors
    ///
    /// When there are no points.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let points = plane::points(&settings);
        if points.is_empty() {
            return Err("there are no points yet: click into the plane".to_string());
        }
        let data = plane::dataset(&points);
        let classes = settings.source.classes();
        let last = (if classes == 2 { 1 } else { classes }, Activation::Linear);
        let hidden = settings.layers.iter().map(|&neurons| (neurons, settings.activation.activation()));
        let layers: Vec<(usize, Activation)> = hidden.chain([last]).collect();
        let network = Mlp::random(2, &layers, Init::Xavier, &mut ChaCha8Rng::seed_from_u64(settings.seed));
        let schedule = Schedule::Constant(settings.rate);
        let optimizer = match settings.rule {
            Rule::Sgd => Optimizer::Sgd(Sgd::new(schedule)),
            Rule::Momentum => Optimizer::Sgd(Sgd::new(schedule).momentum(0.9)),
            Rule::RmsProp => Optimizer::RmsProp(RmsProp::new(schedule)),
            Rule::Adam => Optimizer::Adam(Adam::new(schedule)),
        };
        let batch = if settings.batch == 0 { data.len() } else { settings.batch };
        let minibatches = Minibatches::shuffled(data.len(), batch, settings.seed);
        Ok(Training { settings, points, data, network, optimizer, minibatches, losses: Vec::new() })
    }

    /// Returns the points.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// Returns the network as it is now.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// Returns the loss of every step so far, before the step.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Takes a step, and returns the loss before it.
    ///
    /// # Errors
    ///
    /// When the loss is infinite or NaN. Then nothing changes.
    pub fn step(&mut self) -> Result<f64, String> {
        let steps_of_epoch = self.minibatches.epoch(0).len();
        let (epoch, index) = (self.losses.len() / steps_of_epoch, self.losses.len() % steps_of_epoch);
        let rows = self.minibatches.epoch(epoch as u64).nth(index).expect("an epoch has this step");
        let batch = self.data.select(rows);
        let (loss, slopes) = gradient(|p| self.loss(p, &batch), self.network.parameters());
        if !loss.is_finite() || slopes.iter().any(|slope| !slope.is_finite()) {
            return Err(format!("the loss of step {} is {loss}: try a smaller rate", self.losses.len() + 1));
        }
        let parameters = self.network.parameters_mut();
        match &mut self.optimizer {
            Optimizer::Sgd(sgd) => sgd.step(parameters, &slopes),
            Optimizer::RmsProp(rms_prop) => rms_prop.step(parameters, &slopes),
            Optimizer::Adam(adam) => adam.step(parameters, &slopes),
        }
        self.losses.push(loss);
        Ok(loss)
    }

    /// Returns the loss of a batch.
    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S], batch: &Dataset<f64, usize>) -> S {
        let network = self.network.with_parameters(parameters);
        let loss = self.loss_of(&network.forward_batch(batch.features(), batch.len()), batch.targets());
        if self.settings.penalty == 0.0 { loss } else { loss + l2(&network.weights()) * self.settings.penalty }
    }

    /// Returns the loss of outputs, without the penalty. The only output of two classes is large for the second; otherwise
    /// every class has an output of its own.
    fn loss_of<S: Scalar<Real = f64>>(&self, outputs: &[S], classes: &[usize]) -> S {
        let width = self.network.outputs();
        let sign = |is_it: bool| if is_it { 1.0 } else { -1.0 };
        let signs = || -> Vec<f64> {
            let of = |&class: &usize| (0..width).map(move |output| sign(class == if width == 1 { 1 } else { output }));
            classes.iter().flat_map(of).collect()
        };
        match self.settings.loss {
            Loss::Hinge => hinge(outputs, &signs()),
            Loss::Squared => mean_squared_error(outputs, &signs()),
            Loss::CrossEntropy if width == 1 => {
                binary_cross_entropy(outputs, &classes.iter().map(|&class| class as f64).collect::<Vec<_>>())
            }
            Loss::CrossEntropy => cross_entropy(outputs, classes),
        }
    }

    /// Returns the part of the points that the network puts into their class.
    pub fn accuracy(&self) -> f64 {
        let outputs = self.network.forward_batch(self.data.features(), self.data.len());
        let right = classes_of(&outputs, self.network.outputs()).zip(self.data.targets()).filter(|(a, b)| a == *b);
        right.count() as f64 / self.data.len() as f64
    }

    /// Returns the outputs at a grid of `n` by `n` points, row by row from the upper left: for every point one number for
    /// each output.
    pub fn outputs_on_grid(&self, n: usize, range: RangeInclusive<f64>) -> Vec<f64> {
        let (low, step) = (*range.start(), (range.end() - range.start()) / n as f64);
        let at = |i: usize| low + (i as f64 + 0.5) * step;
        let features: Vec<f64> = (0..n * n).flat_map(|i| [at(i % n), -at(i / n)]).collect();
        self.network.forward_batch(&features, n * n)
    }

    /// Returns the derivatives of the loss of all points with respect to every parameter, in three ways.
    pub fn compare(&self) -> Vec<Compared> {
        let parameters = self.network.parameters();
        let (_, reverse) = gradient(|p| self.loss(p, &self.data), parameters);
        let compared = (0..parameters.len()).map(|i| {
            // NOTE(size): `gradient_forward`, in eight lanes, makes the program 100 kB larger.
            let mut along = vec![0.0; parameters.len()];
            along[i] = 1.0;
            let forward = jvp(|p| [self.loss(p, &self.data)], parameters, &along).1[0];
            let loss_at = |x: f64| {
                let mut moved = parameters.to_vec();
                moved[i] = x;
                self.loss(&moved, &self.data)
            };
            let slopes = [reverse[i], forward, difference(loss_at, parameters[i]).0];
            Compared { name: self.network.parameter_name(i), slopes }
        });
        compared.collect()
    }

    /// Returns the graph of the loss at one point, with one neuron open and all others folded. Layers, neurons and points
    /// count from 0.
    ///
    /// # Panics
    ///
    /// When there is no such layer or point.
    pub fn neuron(&self, layer: usize, neuron: usize, point: usize) -> Graph {
        let (inputs, classes) = self.data.row(point);
        let loss = |x: &[Traced], p: &[Traced]| {
            let x = [x[0].label("x"), x[1].label("y")];
            self.loss_of(&self.network.with_parameters(p).forward(&x), classes).label("loss")
        };
        let graph = trace_parametric(loss, inputs, self.network.parameters());
        let [layer, neuron] = [format!("layer {}", layer + 1), format!("neuron {}", neuron + 1)];
        graph.fold("layer").open(&layer).fold("neuron").open(&neuron)
    }
}

/// Returns the class of every row of outputs.
fn classes_of(outputs: &[f64], width: usize) -> impl Iterator<Item = usize> {
    let classes =
        if width == 1 { outputs.iter().map(|&x| usize::from(x > 0.0)).collect() } else { predictions(outputs, width) };
    classes.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Shape, Source};

    fn training(settings: Settings) -> Training {
        Training::new(settings).expect("there are points")
    }

    #[test]
    fn the_moons_are_learned_with_337_parameters() {
        let mut moons = training(Settings::default());
        assert_eq!(moons.network().parameters().len(), 337);
        for _ in 0..300 {
            moons.step().expect("finite");
        }
        assert_eq!(moons.accuracy(), 1.0);
        assert!(moons.losses()[299] < 0.05 && moons.losses()[0] > 0.5, "{:?}", moons.losses());
    }

    #[test]
    fn every_source_loss_and_rule_makes_the_loss_smaller() {
        for source in [Source::Moons, Source::Circles, Source::Xor, Source::Spirals, Source::YinYang] {
            for loss in [Loss::CrossEntropy, Loss::Hinge, Loss::Squared] {
                for rule in [Rule::Sgd, Rule::Momentum, Rule::RmsProp, Rule::Adam] {
                    let (points, batch) = (60, if rule == Rule::Sgd { 20 } else { 0 });
                    let settings = Settings {
                        source,
                        loss,
                        rule,
                        points,
                        batch,
                        layers: vec![8],
                        activation: Shape::Tanh,
                        ..Settings::default()
                    };
                    let mut training = training(settings);
                    let whole = |training: &Training| training.loss(training.network.parameters(), &training.data);
                    let before = whole(&training);
                    for _ in 0..60 {
                        training.step().expect("finite");
                    }
                    let after = whole(&training);
                    assert!(after < before, "{source} {loss} {rule}: {before} to {after}");
                }
            }
        }
    }

    #[test]
    fn equal_settings_give_equal_bits_and_minibatches_are_shuffled() {
        let settings = Settings { batch: 16, ..Settings::default() };
        let [mut a, mut b] = [training(settings.clone()), training(settings)];
        for _ in 0..20 {
            assert_eq!(a.step(), b.step());
        }
        assert_eq!(a.network(), b.network());
        let mut whole = training(Settings::default());
        assert_ne!(whole.step(), Ok(a.losses()[0]));
    }

    #[test]
    fn the_three_ways_to_the_gradient_agree() {
        for settings in [
            Settings { layers: vec![4], ..Settings::default() },
            Settings { layers: vec![3], source: Source::YinYang, loss: Loss::CrossEntropy, ..Settings::default() },
        ] {
            let compared = training(Settings { activation: Shape::Tanh, ..settings }).compare();
            assert_eq!(compared[1].name, "layer 1, neuron 1, weight 2");
            for Compared { name, slopes: [reverse, forward, differences] } in compared {
                assert!((reverse - forward).abs() < 1e-14, "{name}: {reverse} and {forward}");
                assert!((reverse - differences).abs() < 1e-7, "{name}: {reverse} and {differences}");
            }
        }
    }

    #[test]
    fn an_open_neuron_shows_the_derivatives_of_the_loss() {
        let training = training(Settings { layers: vec![4, 3], activation: Shape::Tanh, ..Settings::default() });
        let graph = training.neuron(1, 2, 5);
        let (x, class) = training.data.row(5);
        let loss = |p: &[_]| training.loss_of(&training.network.with_parameters(p).forward_batch(x, 1), class);
        let (value, slopes) = gradient(loss, training.network.parameters());
        assert_eq!((graph.output().value(), graph.output().label()), (value, Some("loss")));
        for (node, slope) in graph.nodes()[2..].iter().zip(slopes) {
            assert!((node.gradient() - slope).abs() < 1e-15, "{:?}: {} and {slope}", node.label(), node.gradient());
        }

        let page = graph.page("neuron").expect("it is small");
        let boxes = |name: &str| page.matches(&format!("\"name\":\"{name}\"")).count();
        // The first layer is one box, the neighbours are two, and the weights of the neuron are drawn.
        assert_eq!(["layer 1", "neuron 1", "neuron 2", "neuron 3", "w4", "b"].map(boxes), [1, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn the_grid_begins_at_the_upper_left() {
        let training = training(Settings { layers: vec![], ..Settings::default() });
        let grid = training.outputs_on_grid(4, -2.0..=2.0);
        assert_eq!(grid.len(), 16);
        assert_eq!([grid[0], grid[7]], [[-1.5, 1.5], [1.5, 0.5]].map(|point| training.network().forward(&point)[0]));
    }

    #[test]
    fn no_points_and_too_large_rates_are_told() {
        let own = Settings { source: Source::Own, ..Settings::default() };
        assert_eq!(Training::new(own).err().as_deref(), Some("there are no points yet: click into the plane"));
        let mut wild = training(Settings { rate: 10.0, rule: Rule::Sgd, loss: Loss::Squared, ..Settings::default() });
        let error = (0..1000).find_map(|_| wild.step().err()).expect("it diverges");
        assert!(error.ends_with(": try a smaller rate"), "{error}");
    }
}
