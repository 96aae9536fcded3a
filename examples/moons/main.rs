//! How do I train a classifier?
//!
//! micrograd's demo: a network of 337 parameters learns to tell two interleaved half circles apart. The network and
//! its loss are written once, over [`Scalar`]: `f64` evaluates them, reverse mode trains, and forward mode confirms
//! the gradients.
//!
//! ```text
//! cargo run --release --example moons
//! cargo run --release --example moons -- --seed 7 --steps 200
//! ```

mod data;
mod failure;
mod options;
mod output;
mod pictures;

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use data::Data;
use dualtape::nn::{Activation, Init, Mlp, Schedule, Sgd, accuracy, hinge, l2};
use dualtape::plot::Terminal;
use dualtape::{Scalar, Terms, Var, gradient_forward};
use failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use options::{Options, Start};
use output::Output;
use rand::SeedableRng;
use rand::rngs::StdRng;

const LAYERS: [(usize, Activation); 3] = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];

/// The weight of the sum of all squared parameters in the loss.
const PENALTY: f64 = 1e-4;

/// The largest difference allowed between the two modes, relative to the largest partial derivative above 1.
const AGREEMENT: f64 = 1e-12;

/// The approximate number of pictures of the animation.
const FRAMES: usize = 25;

/// Returns the loss and the accuracy of a network, in any scalar.
fn evaluate<S: Scalar<Real = f64>>(mlp: &Mlp<S>, data: &Data) -> (S, f64) {
    let scores = mlp.forward_all(&data.points);
    let loss = hinge(&scores, &data.labels) + l2(mlp.parameters()) * PENALTY;
    (loss, accuracy(&scores, &data.labels))
}

/// Computes the gradient of the loss with respect to the parameters, in reverse mode. The terms of the sum are groups
/// of points, and the penalty, so the tape holds one group at a time.
fn reverse(mlp: &Mlp, data: &Data) -> Vec<f64> {
    const PART: usize = 50;
    let parts: Vec<_> = data.points.chunks(PART).zip(data.labels.chunks(PART)).collect();
    let term = |part: usize, p: &[Var]| match parts.get(part) {
        Some((points, labels)) => {
            hinge(&mlp.with_parameters(p).forward_all(points), labels)
                * (points.len() as f64 / data.points.len() as f64)
        }
        None => l2(p) * PENALTY,
    };
    Terms::all(parts.len() + 1).gradient(term, mlp.parameters()).1
}

/// Computes the same gradient in forward mode, eight parameters at a time.
fn forward(mlp: &Mlp, data: &Data) -> Vec<f64> {
    gradient_forward(|p| evaluate(&mlp.with_parameters(p), data).0, mlp.parameters()).1
}

/// The history of the training.
#[derive(Default)]
struct History {
    /// The loss before every step and after the last.
    losses: Vec<f64>,
    accuracies: Vec<f64>,
    /// The network before some of the steps and after the last.
    networks: Vec<(usize, Mlp)>,
    /// The largest difference between the modes at the steps where they were compared.
    differences: Vec<f64>,
    evaluations: Vec<Duration>,
    gradients: Vec<Duration>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Outcome(message)) => {
            eprintln!("moons: {message}");
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            eprintln!("moons: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(options) = options::parse()? else {
        write!(stdout(), "{}", options::HELP)?;
        return Ok(());
    };
    let data = data::points(&options.data)?;
    let mut mlp = match &options.start {
        Start::Weights(path) => {
            let shape: Mlp = Mlp::zeros(2, &LAYERS);
            shape.with_parameters(&data::weights(path, shape.parameters().len())?)
        }
        Start::Seed(seed) => Mlp::random(2, &LAYERS, Init::Uniform, &mut StdRng::seed_from_u64(*seed)),
    };
    let picture = Output::create(&options.out, "moons.svg")?;
    let animation = Output::create(&options.out, "moons_training.svg")?;

    writeln!(stdout(), "{mlp}, {} parameters", mlp.parameters().len())?;
    let mut history = train(&mut mlp, &data, options.steps)?;
    let (loss, accuracy) = evaluate(&mlp, &data);
    assure_finite(loss, options.steps)?;
    history.losses.push(loss);
    history.accuracies.push(accuracy);
    history.networks.push((options.steps, mlp.clone()));

    let terminal = Terminal::stdout();
    write!(stdout(), "\n{}", pictures::boundary(&mlp, &data).text(&Terminal { rows: 24, ..terminal }))?;
    write!(stdout(), "\n{}\n", pictures::losses(&history).text(&Terminal { rows: 10, ..terminal }))?;
    summarize(&history, &options, accuracy, mlp.parameters().len())?;
    let picture = picture.finish(&pictures::training(&mlp, &data, &history).svg())?;
    let animation = animation.finish(&pictures::animation(&history, &data).svg())?;
    writeln!(stdout(), "The pictures are {} and, moving, {}.", picture.display(), animation.display())?;
    Ok(())
}

/// Descends for some steps of the full batch, printing the loss before each.
fn train(mlp: &mut Mlp, data: &Data, steps: usize) -> Result<History, Failure> {
    let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.1, steps });
    let mut history = History::default();
    let bar = progress_bar(steps);
    for step in 0..steps {
        let start = Instant::now();
        let (loss, accuracy) = evaluate(mlp, data);
        history.evaluations.push(start.elapsed());

        let start = Instant::now();
        let gradient = reverse(mlp, data);
        history.gradients.push(start.elapsed());

        assure_finite(loss, step)?;
        history.losses.push(loss);
        history.accuracies.push(accuracy);
        if step % steps.div_ceil(FRAMES) == 0 {
            history.networks.push((step, mlp.clone()));
        }
        bar.suspend(|| writeln!(stdout(), "step {step} loss {loss:?}, accuracy {:?}%", accuracy * 100.0))?;
        if [0, 50, steps - 1].contains(&step) {
            let difference = largest_difference(&gradient, &forward(mlp, data));
            bar.suspend(|| {
                let n = gradient.len();
                writeln!(
                    stdout(),
                    "  in forward mode: all {n} partial derivatives, largest difference {difference:.1e}"
                )
            })?;
            if difference.is_nan() || difference >= AGREEMENT {
                return Err(Failure::Outcome(format!(
                    "forward and reverse mode differ by {difference:e} at step {step}"
                )));
            }
            history.differences.push(difference);
        }
        sgd.step(mlp.parameters_mut(), &gradient);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(history)
}

fn assure_finite(loss: f64, step: usize) -> Result<(), Failure> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(Failure::Outcome(format!("the loss is {loss} at step {step}; check the data for large numbers")))
}

/// Returns a bar, hidden unless the output is a terminal.
fn progress_bar(steps: usize) -> ProgressBar {
    if !stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40.cyan/blue} step {pos} of {len}, {eta} left");
    ProgressBar::new(steps as u64).with_style(style.expect("the template is right"))
}

/// Returns the largest difference of two gradients, relative to the largest entry above 1.
fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    // In the total order NaN is above everything.
    let largest = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(f64::abs).max_by(f64::total_cmp).unwrap_or(0.0);
    let scale = largest(&mut a.iter().copied()).max(1.0);
    largest(&mut a.iter().zip(b).map(|(a, b)| a - b)) / scale
}

fn summarize(history: &History, options: &Options, accuracy: f64, parameters: usize) -> Result<(), Failure> {
    let loss = history.losses.last().expect("the final loss");
    let difference = history.differences.iter().copied().fold(0.0, f64::max);
    let (evaluation, gradient) = (median(&history.evaluations), median(&history.gradients));
    let out = &mut stdout();
    writeln!(out, "Loss {loss:?} and accuracy {:?}% after {} steps.", accuracy * 100.0, options.steps)?;
    writeln!(
        out,
        "A step took {gradient:.0} µs for loss and gradient, {:.1} times the {evaluation:.0} µs of the loss alone in f64.",
        gradient / evaluation
    )?;
    writeln!(
        out,
        "Forward and reverse mode agree: {} times {parameters} partial derivatives, largest difference {difference:.1e}.",
        history.differences.len()
    )?;
    Ok(())
}

/// Returns the median, in microseconds.
fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}
