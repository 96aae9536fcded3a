//! How does a GPT learn?
//!
//! microgpt followed micrograd: a GPT of 4192 parameters learns to invent names, letter by letter. `model.rs` has all
//! of its mathematics, written once over [`Scalar`](dualtape::Scalar). Reverse mode trains, and forward mode confirms
//! all derivatives of the first and the last step.
//!
//! ```text
//! cargo run --release --example microgpt
//! cargo run --release --example microgpt -- --seed 7 --layers 2 --width 32 --steps 10000 --batch 8
//! ```

mod model;
mod options;
mod pictures;
mod training;

use std::error::Error;
use std::fs;
use std::io::{IsTerminal, stdout};

use dualtape::plot::Terminal;
use dualtape::{Dual, gradient, gradient_forward};
use indicatif::{ProgressBar, ProgressStyle};
use model::{Gpt, Slices};
use options::Options;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use training::{Names, Training};

/// The largest difference allowed between the two modes.
const AGREEMENT: f64 = 1e-12;

const TEMPERATURE: f64 = 0.5;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    fs::create_dir_all(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let (names, mut training) = Names::and_start(&options)?;
    println!("{} parameters, {} names to learn from", training.parameters.len(), names.known.len());

    let (first, last) = (training.step, options.stop.min(options.steps));
    let report = options.steps.div_ceil(10);
    let bar = progress_bar(options.steps);
    let mut validations = Vec::new();
    for step in first..last {
        bar.set_position(step as u64);
        if step == first || step + 1 == last {
            let difference = confirm(&training.gpt, &training.parameters, names.at(step))?;
            let n = training.parameters.len();
            bar.suspend(|| println!("forward mode: all {n} derivatives, largest difference {difference:.1e}"));
        }
        training.step(&names, &options);
        if training.step.is_multiple_of(report) || training.step == last {
            let (loss, unseen) = (training.recent_loss(report), training.loss_of_unseen(&names));
            validations.push((training.step as f64, unseen));
            let samples = samples(&training, 5).join(" ");
            bar.suspend(|| {
                println!("step {:5}  loss {loss:.4}, of unseen names {unseen:.4}  {samples}", training.step)
            });
            training.save(&options.out.join("microgpt.json"))?;
        }
    }
    bar.finish_and_clear();

    let curves = pictures::losses(first, &training.losses, &validations);
    println!("\n{}", curves.text(&Terminal { rows: 10, ..Terminal::stdout() }));
    println!("Names that it invents: {}", samples(&training, 20).join(" "));
    for (file, picture) in [
        ("microgpt_losses.svg", curves.svg()),
        ("microgpt_attention.svg", pictures::attention(&training.gpt, &training.parameters, names.at(0))),
    ] {
        let path = options.out.join(file);
        fs::write(&path, picture).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("the picture is {}", path.display());
    }
    Ok(())
}

/// Returns names drawn with the trained model; the same after the same step.
fn samples(training: &Training, count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(training.step as u64);
    let mut sample = || training.gpt.sample(&training.parameters, TEMPERATURE, || random.random());
    (0..count).map(|_| sample()).collect()
}

/// Returns the largest difference between the derivatives in forward mode and in reverse mode.
fn confirm(gpt: &Gpt, parameters: &[f64], name: &str) -> Result<f64, String> {
    let (_, reverse) = gradient(|p| gpt.loss::<Slices, _>(p, name), parameters);
    let (_, forward) = gradient_forward(|p: &[Dual<f64, 8>]| gpt.loss::<Slices, _>(p, name), parameters);
    let differences = reverse.iter().zip(&forward).map(|(reverse, forward)| (reverse - forward).abs());
    let difference = differences.reduce(|a, b| if a > b { a } else { b }).unwrap_or(0.0);
    if difference < AGREEMENT { Ok(difference) } else { Err(format!("the modes differ by {difference:e}")) }
}

fn progress_bar(steps: usize) -> ProgressBar {
    if !stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40.cyan/blue} step {pos} of {len}, {eta} left");
    ProgressBar::new(steps as u64).with_style(style.expect("the template is right"))
}
