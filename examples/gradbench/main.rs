//! How does the crate do on GradBench?
//!
//! [GradBench](https://github.com/gradbench/gradbench) measures the time that tools for automatic differentiation take
//! for twelve problems. This program is such a tool. It reads the messages of the benchmark's driver from standard
//! input, a line of JSON each, and answers each with a line on standard output. With `--check` it evaluates recorded
//! inputs instead, and prints the errors and the times of the answers.
//!
//! Every objective is written once over `S: Scalar`. The plain function is its `f64` reading, and the derivative is
//! another reading of the same code.
//!
//! ```text
//! cargo run --release --example gradbench < messages.jsonl
//! cargo run --release --example gradbench -- --check DIR
//! ```

mod ba;
mod check;
mod descent;
mod det;
mod gmm;
mod hello;
mod ht;
mod kmeans;
mod llsq;
mod lse;
mod lstm;
mod ode;
mod particle;
mod problem;
mod protocol;
mod saddle;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use problem::Entry;

/// All problems, by their name in messages.
const PROBLEMS: [Entry; 12] = [
    Entry::of::<hello::Hello>("hello"),
    Entry::of::<ba::Bundle>("ba"),
    Entry::of::<det::Determinant>("det"),
    Entry::of::<gmm::Mixture>("gmm"),
    Entry::of::<ht::Hand>("ht"),
    Entry::of::<kmeans::Clusters>("kmeans"),
    Entry::of::<llsq::LeastSquares>("llsq"),
    Entry::of::<lse::LogSumExp>("lse"),
    Entry::of::<lstm::Lstm>("lstm"),
    Entry::of::<ode::Chain>("ode"),
    Entry::of::<particle::Particle>("particle"),
    Entry::of::<saddle::Saddle>("saddle"),
];

const HELP: &str = "\
Differentiates the problems of GradBench.

Without options it is a tool for the benchmark's driver: it answers the messages on standard input.

  --check DIR   evaluate DIR/inputs/*/*.json and compare with DIR/golden
  --only NAME   of this problem only
  --help        print this
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gradbench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all went well.
fn run() -> Result<bool, Box<dyn Error>> {
    let mut folder: Option<PathBuf> = None;
    let mut only: Option<String> = None;
    let mut options = lexopt::Parser::from_env();
    while let Some(option) = options.next()? {
        match option {
            Long("check") => folder = Some(options.value()?.into()),
            Long("only") => only = Some(options.value()?.string()?),
            Long("help") | Short('h') => {
                stdout().write_all(HELP.as_bytes())?;
                return Ok(true);
            }
            _ => return Err(option.unexpected().into()),
        }
    }
    if let Some(unknown) = only.as_ref().filter(|name| PROBLEMS.iter().all(|problem| problem.name != **name)) {
        let names = PROBLEMS.map(|problem| problem.name).join(", ");
        return Err(format!("there is no problem {unknown:?}; there are {names}").into());
    }
    match folder {
        Some(folder) => check::table(&folder, only.as_deref(), &mut stdout()),
        None => answer(stdin().lock(), stdout().lock()).map(|()| true),
    }
}

/// Answers messages until there are none.
fn answer(messages: impl BufRead, mut answers: impl Write) -> Result<(), Box<dyn Error>> {
    for message in messages.lines() {
        let answer = protocol::answer(&serde_json::from_str(&message?)?);
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}
