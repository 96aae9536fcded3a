//! microgpt's training, number by number: all of its 1000 steps when optimized, and 30 otherwise.

#[expect(dead_code, reason = "the example draws the first weights")]
#[path = "../examples/microgpt/model.rs"]
mod model;
#[expect(dead_code, reason = "the other tests use more of it")]
#[path = "support"]
mod support {
    pub(crate) mod compare;
    pub(crate) mod reference;
}

use dualtape::{Dual, gradient, gradient_forward};
use model::{Adam, Bare, Form, Gpt, Slices};
use serde_json::Value;
use support::compare::assert_all_close;
use support::reference::{number, numbers, read};

const GPT: Gpt = Gpt { width: 16, layers: 1 };

/// Trains from the reference's start, and compares every number of the reference.
fn assert_the_training_of<F: Form>() {
    const ALL: usize = 1000;
    let reference = read("microgpt.json");
    let mut parameters = numbers(&reference["initial"]);
    let mut adam = Adam::new(parameters.len());
    let (names, losses) = (reference["documents"].as_array().unwrap(), numbers(&reference["losses"]));
    assert_eq!((names.len(), losses.len(), parameters.len()), (ALL, ALL, GPT.len()));

    let steps = if cfg!(debug_assertions) { 30 } else { ALL };
    for step in 0..steps {
        let name = names[step].as_str().unwrap();
        let (loss, g) = gradient(|p| GPT.loss::<F, _>(p, name), &parameters);
        assert_eq!(loss, GPT.loss::<F, f64>(&parameters, name), "plain evaluation at step {step}");
        assert!((loss - losses[step]).abs() < 1e-12, "step {step}: a loss of {loss} instead of {}", losses[step]);
        if step == 0 {
            assert_all_close("the first gradient", &g, &numbers(&reference["first_gradient"]), 1e-12);
        }
        if !cfg!(debug_assertions) && [0, ALL - 1].contains(&step) {
            let loss = |p: &[Dual<f64, 8>]| GPT.loss::<F, _>(p, name);
            assert_all_close("forward mode", &gradient_forward(loss, &parameters).1, &g, 1e-12);
        }
        adam.step(&mut parameters, &g, step, ALL);
    }
    if steps == ALL {
        assert_all_close("the final parameters", &parameters, &numbers(&reference["final"]), 1e-9);
        assert_the_names(&reference, &parameters);
    }
}

/// Draws names with the random numbers of the reference, and compares every letter.
fn assert_the_names(reference: &Value, parameters: &[f64]) {
    let samples = reference["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 20);
    for sample in samples {
        let mut uniform = sample["uniform"].as_array().unwrap().iter().map(number);
        let name = GPT.sample(parameters, 0.5, || uniform.next().expect("a number for every letter"));
        assert_eq!(name, sample["text"].as_str().unwrap());
        assert_eq!(uniform.next(), None, "{name} has too few letters");
    }
}

#[test]
fn bare_operations_train_as_microgpt_does() {
    assert_the_training_of::<Bare>();
}

#[test]
fn functions_over_slices_train_as_microgpt_does() {
    assert_the_training_of::<Slices>();
}

#[test]
fn the_final_parameters_invent_the_names_of_microgpt() {
    let reference = read("microgpt.json");
    assert_the_names(&reference, &numbers(&reference["final"]));
}
