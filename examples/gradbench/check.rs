//! Compares answers with recorded ones.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::problem::{Clock, Entry};
use crate::recorded::{self, TOLERANCE};

/// Prints a line for every function and input, and returns whether all answers agree.
pub(crate) fn table(folder: &Path, problems: Vec<&Entry>, out: &mut dyn Write) -> Result<bool, Box<dyn Error>> {
    writeln!(out, "{:9} {:6} {:10} {:6} {:>8}", "problem", "size", "function", "form", "error")?;
    let mut agree = true;
    for problem in problems {
        for (size, input) in recorded::inputs(folder, problem.name)? {
            for (number, function) in problem.functions.iter().enumerate() {
                let golden = recorded::golden(folder, problem.name, &size, function)?;
                // The evaluation has one form.
                let forms = if number == 0 { &problem.forms[..1] } else { problem.forms };
                for &form in forms {
                    let answer = problem.evaluate(function, form, &input, Clock::of_thread(1, Duration::ZERO))?.output;
                    let error = recorded::error(&answer, &golden);
                    agree &= error <= TOLERANCE;
                    writeln!(out, "{:9} {size:6} {function:10} {:6} {error:8.1e}", problem.name, form.name())?;
                }
            }
        }
    }
    Ok(agree)
}
