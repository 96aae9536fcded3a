//! Times derivatives beside the evaluation.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::problem::{Clock, Entry};
use crate::recorded::{self, TOLERANCE};

/// In each round the evaluation and the forms of the derivative run in turn.
const ROUNDS: usize = 7;

/// The least time of a function in a round.
const MIN_TIME: Duration = Duration::from_millis(30);

/// Prints a line for every problem that has a derivative, input and form: milliseconds of the evaluation and of the
/// derivative, and their ratio in the same round, as medians. Returns whether the forms have the same derivatives.
pub(crate) fn table(folder: &Path, problems: Vec<&Entry>, out: &mut dyn Write) -> Result<bool, Box<dyn Error>> {
    writeln!(
        out,
        "{:9} {:14} {:6} {:>10} {:>10} {:>8}",
        "problem", "size", "form", "evaluation", "derivative", "ratio"
    )?;
    let mut agree = true;
    for problem in problems {
        let &[evaluation, derivative] = problem.functions else { continue };
        let mut inputs = recorded::inputs(folder, problem.name)?;
        if let Some((_, largest)) = inputs.last() {
            inputs.extend(further(problem.name, largest));
        }
        for (size, input) in inputs {
            let run = |function, form| {
                let measured = problem.evaluate(function, form, &input, Clock::of_thread(3, MIN_TIME))?;
                let time = median(measured.runs.iter().map(Duration::as_secs_f64).collect());
                Ok::<_, String>((measured.output, time * 1e3))
            };
            let mut evaluations = Vec::new();
            let mut derivatives = vec![Vec::new(); problem.forms.len()];
            for _ in 0..ROUNDS {
                evaluations.push(run(evaluation, problem.forms[0])?.1);
                let mut first = None;
                for (&form, times) in problem.forms.iter().zip(&mut derivatives) {
                    let (answer, time) = run(derivative, form)?;
                    times.push(time);
                    agree &= recorded::error(&answer, first.get_or_insert(answer.clone())) <= TOLERANCE;
                }
            }
            for (form, times) in problem.forms.iter().zip(derivatives) {
                let ratios = times.iter().zip(&evaluations).map(|(time, evaluation)| time / evaluation).collect();
                let [evaluation, time, ratio] = [evaluations.clone(), times, ratios].map(median);
                let (name, form) = (problem.name, form.name());
                writeln!(out, "{name:9} {size:14} {form:6} {evaluation:10.4} {time:10.4} {ratio:8.2}")?;
            }
        }
    }
    Ok(agree)
}

/// Returns sizes of which there are no recorded inputs: the lists of one that is recorded, repeated or cut short.
fn further(problem: &str, input: &Value) -> Vec<(String, Value)> {
    let with = |size: &str, list: &str, len: usize| {
        let mut input = input.clone();
        let elements = input[list].as_array().into_iter().flatten().cloned().cycle().take(len).collect();
        input[list] = elements;
        (size.to_string(), input)
    };
    match problem {
        "lse" => vec![with("n=1280000", "x", 1_280_000)],
        "lstm" => vec![with("l=4 c=8192", "sequence", 8192)],
        "ode" => {
            let (size, mut long) = with("n=100 s=1000", "x", 100);
            long["s"] = json!(1000);
            vec![with("n=10000 s=100", "x", 10_000), (size, long)]
        }
        _ => vec![],
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
