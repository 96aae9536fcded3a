//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::failure::Failure;

pub(crate) const HELP: &str = "\
Trains a network of 337 parameters to tell two moons apart, as micrograd's demo does,
and draws what it learned in the terminal and in moons.svg, and how it learned it in
moons_training.svg, which moves.

Usage: cargo run --release --example moons -- [options]

  --data FILE     the points: columns x1,x2,y with labels y of -1 and 1
  --weights FILE  the initial weights: columns index,layer,neuron,kind,value
  --seed N        start from random weights instead
  --steps N       how many steps to train (100)
  --out DIR       the folder for the pictures, which must exist (the current one)
  --help          this text

Exit code: 0 on success, 1 when the training goes wrong (the loss overflows, or
forward and reverse mode disagree), 2 when an option or a file is wrong.
";

pub(crate) struct Options {
    pub(crate) data: PathBuf,
    pub(crate) start: Start,
    pub(crate) steps: usize,
    pub(crate) out: PathBuf,
}

/// The source of the initial weights.
pub(crate) enum Start {
    Weights(PathBuf),
    Seed(u64),
}

/// Returns the options of the command line, or nothing when it asks for help.
pub(crate) fn parse() -> Result<Option<Options>, Failure> {
    let (mut data, mut weights, mut seed, mut steps, mut out) = (None, None, None, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Long("data") => data = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("weights") => weights = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("seed") => seed = Some(whole("--seed", parser.value().map_err(usage)?, 0)?),
            Long("steps") => steps = Some(whole("--steps", parser.value().map_err(usage)?, 1)?),
            Long("out") => out = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(usage(other.unexpected())),
        }
    }
    let start = match (weights, seed) {
        (Some(_), Some(_)) => return Err(usage("--seed and --weights exclude each other")),
        (None, Some(seed)) => Start::Seed(seed),
        (weights, None) => Start::Weights(weights.unwrap_or_else(|| ours("moons_weights.csv"))),
    };
    Ok(Some(Options {
        data: data.unwrap_or_else(|| ours("moons.csv")),
        start,
        steps: steps.unwrap_or(100) as usize,
        out: out.unwrap_or_else(|| PathBuf::from(".")),
    }))
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("{error}; see --help"))
}

/// Returns a whole number of at least `least`.
fn whole(option: &str, text: OsString, least: u64) -> Result<u64, Failure> {
    let number = text.to_str().and_then(|text| text.parse().ok()).filter(|&number| number >= least);
    number.ok_or_else(|| usage(format!("{option} {text:?}: expected a whole number of at least {least}")))
}

/// Returns the path of a file that comes with the crate.
fn ours(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}
