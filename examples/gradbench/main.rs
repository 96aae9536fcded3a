//! How does the crate do on GradBench?
//!
//! [GradBench](https://github.com/gradbench/gradbench) measures the time that tools for automatic differentiation take
//! for twelve problems. This program is such a tool. It reads the messages of the benchmark's driver from standard
//! input, a line of JSON each, and answers each with a line on standard output. With `--check` it evaluates recorded
//! inputs instead, and prints the errors of the answers. With `--times` it prints their times.
//!
//! Every objective is written over `S: Scalar`, and the evaluation is its `f64` reading. The derivative is another reading
//! in two forms. The plain form has bare operations and one call. The tuned form uses the tools of the crate: kernels,
//! sums of terms, long loops. It answers the driver.
//!
//! ```text
//! cargo run --release --example gradbench < messages.jsonl
//! cargo run --release --example gradbench -- --check DIR
//! cargo run --release --example gradbench -- --times DIR
//! ```

mod ba;
mod check;
mod descent;
mod det;
mod form;
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
mod recorded;
mod saddle;
mod times;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use form::Form;
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

  --check DIR   evaluate DIR/inputs/*/*.json, the derivatives in both forms, and compare with DIR/golden
  --times DIR   time the evaluations and the derivatives of these inputs in turn
  --only NAME   of this problem only
  --plain       answer messages with derivatives in the plain form
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
    let mut table: Option<(Table, PathBuf)> = None;
    let mut only: Option<String> = None;
    let mut form = Form::Tuned;
    let mut options = lexopt::Parser::from_env();
    while let Some(option) = options.next()? {
        match option {
            Long("check") => table = Some((check::table, options.value()?.into())),
            Long("times") => table = Some((times::table, options.value()?.into())),
            Long("only") => only = Some(options.value()?.string()?),
            Long("plain") => form = Form::Plain,
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
    let problems = PROBLEMS.iter().filter(|problem| only.as_ref().is_none_or(|only| only == problem.name)).collect();
    match table {
        Some((table, folder)) => table(&folder, problems, &mut stdout()),
        None => answer(stdin().lock(), stdout().lock(), form).map(|()| true),
    }
}

/// Prints a table of some problems from a folder, and returns whether all went well.
type Table = fn(&Path, Vec<&Entry>, &mut dyn Write) -> Result<bool, Box<dyn Error>>;

/// Answers messages until there are none.
fn answer(messages: impl BufRead, mut answers: impl Write, form: Form) -> Result<(), Box<dyn Error>> {
    for message in messages.lines() {
        let answer = protocol::answer(&serde_json::from_str(&message?)?, form);
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}
