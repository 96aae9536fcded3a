//! A step of training the GPT of the example `microgpt`: with bare operations, with functions over slices, and by hand.
//!
//! Given the time of a step in Python, it prints how many times as fast the ways are:
//!
//! ```text
//! taskset -c 1 cargo bench --bench microgpt -- --python $(taskset -c 1 python3 benches/microgpt/recipe.py)
//! ```

mod by_hand;
#[expect(dead_code, reason = "the example uses the rest")]
#[path = "../../examples/microgpt/model.rs"]
mod model;
#[path = "../support/turns.rs"]
mod turns;

use dualtape::gradient;
use model::{Adam, Bare, Form, Gpt, Slices};
use serde::Deserialize;

const GPT: Gpt = Gpt { width: 16, layers: 1 };

/// The names that a run trains on, which are the first ones of the recipe.
const NAMES: usize = 20;

#[derive(Deserialize)]
struct Reference {
    initial: Vec<f64>,
    documents: Vec<String>,
}

fn by<F: Form>(parameters: &[f64], name: &str) -> (f64, Vec<f64>) {
    gradient(|p| GPT.loss::<F, _>(p, name), parameters)
}

/// Trains on the names, and returns the last loss.
fn train(start: &Reference, gradient: fn(&[f64], &str) -> (f64, Vec<f64>)) -> f64 {
    let mut parameters = start.initial.clone();
    let mut adam = Adam::new(parameters.len());
    let mut last = 0.0;
    for (step, name) in start.documents[..NAMES].iter().enumerate() {
        let (loss, g) = gradient(&parameters, name);
        adam.step(&mut parameters, &g, step, 1000);
        last = loss;
    }
    last
}

fn main() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/micrograd/microgpt.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let start: Reference = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    for name in &start.documents[..NAMES] {
        let (loss, expected) = by_hand::gradient(&start.initial, name);
        for (y, g) in [by::<Bare>(&start.initial, name), by::<Slices>(&start.initial, name)] {
            assert!((y - loss).abs() < 1e-12, "{name}: a loss of {y} instead of {loss}");
            assert!(g.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{name}: another gradient");
        }
    }

    let arguments: Vec<String> = std::env::args().collect();
    let rounds = if arguments.iter().any(|argument| argument == "--test") { 1 } else { 31 };
    let python = arguments.iter().position(|argument| argument == "--python");
    let python: Option<f64> = python.map(|at| arguments[at + 1].parse().expect("--python is followed by microseconds"));
    let ways =
        [("by hand", by_hand::gradient as fn(&[f64], &str) -> _), ("slices", by::<Slices>), ("bare", by::<Bare>)];
    let start = &start;
    let mut runs = ways.map(|(_, gradient)| move || _ = std::hint::black_box(train(start, gradient)));
    let mut runs: Vec<&mut dyn FnMut()> = runs.iter_mut().map(|run| run as &mut dyn FnMut()).collect();
    let times = turns::medians(&mut runs, rounds);
    println!("A step of training, medians of {rounds} runs in turn");
    for ((way, _), time) in ways.iter().zip(&times) {
        let step = time / NAMES as f64;
        print!("{way:<8} {:>8.1} µs  {:>6.1} times by hand", step * 1e6, time / times[0]);
        match python {
            Some(python) => println!("  {:>6.0} times as fast as Python", python / (step * 1e6)),
            None => println!(),
        }
    }
}
