//! Shared by all problems: their input, their functions, and the clock.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A problem, as its input is written in messages.
pub(crate) trait Problem: DeserializeOwned {
    /// The names of its functions: if there are two, the plain one and its derivative.
    const FUNCTIONS: &'static [&'static str];

    /// Evaluates one of the functions.
    fn run(&self, function: &str, clock: Clock) -> Measured<Value>;
}

/// A problem by its name.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) functions: &'static [&'static str],
    evaluate: fn(&str, &Value) -> Result<Measured<Value>, String>,
}

impl Entry {
    pub(crate) const fn of<P: Problem>(name: &'static str) -> Self {
        Entry { name, functions: P::FUNCTIONS, evaluate: evaluate::<P> }
    }

    /// Evaluates a function. The error says whether the function's name or its input is at fault.
    pub(crate) fn evaluate(&self, function: &str, input: &Value) -> Result<Measured<Value>, String> {
        if !self.functions.contains(&function) {
            return Err(format!("no function {function} in module {}", self.name));
        }
        let measured = (self.evaluate)(function, input)?;
        if is_finite(&measured.output) { Ok(measured) } else { Err("the result is not finite".to_string()) }
    }
}

fn evaluate<P: Problem>(function: &str, input: &Value) -> Result<Measured<Value>, String> {
    let problem = P::deserialize(input).map_err(|error| error.to_string())?;
    let clock = Clock::of(input);
    // Inputs whose parts do not fit together end in a panic.
    catch_unwind(AssertUnwindSafe(|| problem.run(function, clock))).map_err(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref().map_or("a panic", |message: &&str| message).to_string(),
    })
}

/// Returns whether all numbers are finite; JSON writes others as null.
fn is_finite(output: &Value) -> bool {
    match output {
        Value::Null => false,
        Value::Array(elements) => elements.iter().all(is_finite),
        Value::Object(fields) => fields.values().all(is_finite),
        _ => true,
    }
}

/// The least number of evaluations, and the least time they take, to time a function.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    min_runs: f64,
    min_time: Duration,
}

impl Clock {
    fn of(input: &Value) -> Self {
        let number = |field: &str| input.get(field).and_then(Value::as_f64);
        let min_time = Duration::try_from_secs_f64(number("min_seconds").unwrap_or(0.0));
        Clock { min_runs: number("min_runs").unwrap_or(1.0), min_time: min_time.unwrap_or_default() }
    }

    /// Runs until there are enough runs and they have taken enough time.
    pub(crate) fn time<T>(self, mut run: impl FnMut() -> T) -> Measured<T> {
        let mut runs = Vec::new();
        let mut total = Duration::ZERO;
        loop {
            let start = Instant::now();
            let output = black_box(run());
            let time = start.elapsed();
            runs.push(time);
            total += time;
            if runs.len() as f64 >= self.min_runs && total >= self.min_time {
                return Measured { output, runs };
            }
        }
    }
}

/// The result of a function in its last run, and the time of every run.
pub(crate) struct Measured<T> {
    pub(crate) output: T,
    pub(crate) runs: Vec<Duration>,
}

impl<T> Measured<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Measured<U> {
        Measured { output: change(self.output), runs: self.runs }
    }
}
