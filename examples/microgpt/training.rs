//! The names, and the state of a training: one step, its losses, and files to resume it from.

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use dualtape::{Terms, Var};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::model::{Adam, Gpt, Slices};
use crate::options::Options;

/// The number of names that the model never sees; its loss at them shows how well it has learned.
const UNSEEN: usize = 500;

pub(crate) struct Names {
    /// The names in the order of the training, which begins again after the last one.
    pub(crate) known: Vec<String>,
    unseen: Vec<String>,
}

/// The start of microgpt, and the names of its steps.
#[derive(Deserialize)]
struct Reference {
    initial: Vec<f64>,
    documents: Vec<String>,
}

impl Names {
    /// Returns the names and the training at its first step: microgpt's own, or drawn with the seed.
    pub(crate) fn and_start(options: &Options) -> Result<(Names, Training), Box<dyn Error>> {
        let read = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        let mut random = StdRng::seed_from_u64(options.seed.unwrap_or(0));
        let mut names: Vec<String> = read("data/names.txt")?.lines().map(str::to_string).collect();
        names.shuffle(&mut random);

        let gpt = Gpt { width: options.width, layers: options.layers };
        let (known, parameters) = if options.seed.is_none() && gpt == (Gpt { width: 16, layers: 1 }) {
            let reference: Reference = serde_json::from_str(&read("tests/data/micrograd/microgpt.json")?)?;
            (reference.documents, reference.initial)
        } else {
            let mut drawn = names.clone();
            let unseen: HashSet<String> = drawn.drain(..UNSEEN).collect();
            drawn.retain(|name| !unseen.contains(name));
            (drawn, gpt.initial(|| random.random()))
        };
        let seen: HashSet<&String> = known.iter().collect();
        names.retain(|name| !seen.contains(name));
        names.truncate(UNSEEN);
        let training = match &options.resume {
            Some(path) => Training::load(path, gpt)?,
            None => Training { gpt, step: 0, adam: Adam::new(parameters.len()), parameters, losses: Vec::new() },
        };
        Ok((Names { known, unseen: names }, training))
    }

    pub(crate) fn at(&self, index: usize) -> &str {
        &self.known[index % self.known.len()]
    }
}

pub(crate) struct Training {
    pub(crate) gpt: Gpt,
    /// The number of steps taken.
    pub(crate) step: usize,
    pub(crate) parameters: Vec<f64>,
    adam: Adam,
    /// The loss before every step of this run.
    pub(crate) losses: Vec<f64>,
}

impl Training {
    /// Learns from the next names, on all cores.
    pub(crate) fn step(&mut self, names: &Names, options: &Options) {
        let batch: Vec<usize> = (self.step * options.batch..).take(options.batch).collect();
        let weights = vec![1.0 / options.batch as f64; options.batch];
        let loss = |index: usize, p: &[Var]| self.gpt.loss::<Slices, _>(p, names.at(index));
        let (loss, gradient) = Terms::of(&batch).weighted(&weights).par_gradient(loss, &self.parameters);
        self.adam.step(&mut self.parameters, &gradient, self.step, options.steps);
        self.losses.push(loss);
        self.step += 1;
    }

    /// Returns the mean of the last losses.
    pub(crate) fn recent_loss(&self, steps: usize) -> f64 {
        let recent = &self.losses[self.losses.len().saturating_sub(steps)..];
        recent.iter().sum::<f64>() / recent.len() as f64
    }

    /// Returns the mean of the losses of the names that the model has not seen.
    pub(crate) fn loss_of_unseen(&self, names: &Names) -> f64 {
        let losses = names.unseen.iter().map(|name| self.gpt.loss::<Slices, f64>(&self.parameters, name));
        losses.sum::<f64>() / names.unseen.len() as f64
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), String> {
        let (Gpt { width, layers }, Adam { m, v }) = (self.gpt, self.adam.clone());
        let saved = Saved { width, layers, step: self.step, parameters: self.parameters.clone(), m, v };
        let text = serde_json::to_string(&saved).expect("numbers are JSON");
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn load(path: &Path, gpt: Gpt) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let Saved { width, layers, step, parameters, m, v } =
            serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        let saved = Gpt { width, layers };
        if saved != gpt || [&parameters, &m, &v].map(Vec::len) != [gpt.len(); 3] {
            return Err(wrong(&format!("the weights are of {saved:?}, and {gpt:?} is wanted")));
        }
        Ok(Training { gpt, step, parameters, adam: Adam { m, v }, losses: Vec::new() })
    }
}

/// A training in a file of JSON, which gives the same bits back.
#[derive(Serialize, Deserialize)]
struct Saved {
    width: usize,
    layers: usize,
    step: usize,
    parameters: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
}
