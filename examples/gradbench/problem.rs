//! Shared by all problems: their input, their functions, and the clock.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::form::Form;

/// A problem, as its input is written in messages.
pub(crate) trait Problem: DeserializeOwned {
    /// The names of its functions: if there are two, the evaluation and the derivative.
    const FUNCTIONS: &'static [&'static str];

    /// The forms in which the derivative is written.
    const FORMS: &'static [Form] = &[Form::Plain, Form::Tuned];

    /// Evaluates one of the functions, the derivative in a form.
    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value>;
}

/// Evaluates a function by its name, in a form, at the input of a message.
type Evaluate = fn(&str, Form, &Value, Clock) -> Result<Measured<Value>, String>;

/// A problem by its name.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) functions: &'static [&'static str],
    pub(crate) forms: &'static [Form],
    evaluate: Evaluate,
}

impl Entry {
    pub(crate) const fn of<P: Problem>(name: &'static str) -> Self {
        Entry { name, functions: P::FUNCTIONS, forms: P::FORMS, evaluate: evaluate::<P> }
    }

    /// Evaluates a function. The error says whether the function's name or its input is at fault.
    pub(crate) fn evaluate(
        &self,
        function: &str,
        form: Form,
        input: &Value,
        clock: Clock,
    ) -> Result<Measured<Value>, String> {
        if !self.functions.contains(&function) {
            return Err(format!("no function {function} in module {}", self.name));
        }
        let measured = (self.evaluate)(function, form, input, clock)?;
        if is_finite(&measured.output) { Ok(measured) } else { Err("the result is not finite".to_string()) }
    }
}

fn evaluate<P: Problem>(function: &str, form: Form, input: &Value, clock: Clock) -> Result<Measured<Value>, String> {
    let problem = P::deserialize(input).map_err(|error| error.to_string())?;
    // Inputs whose parts do not fit together end in a panic.
    let run = || problem.run(function, form, clock);
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| match panic.downcast::<String>() {
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
    now: fn() -> Duration,
}

impl Clock {
    /// Returns the clock that an input asks for.
    pub(crate) fn of(input: &Value) -> Self {
        let number = |field: &str| input.get(field).and_then(Value::as_f64);
        let min_time = Duration::try_from_secs_f64(number("min_seconds").unwrap_or(0.0)).unwrap_or_default();
        Clock { min_runs: number("min_runs").unwrap_or(1.0), min_time, now: elapsed }
    }

    /// Returns a clock that counts the processor time of the thread, which other programs hardly change.
    pub(crate) fn of_thread(min_runs: u32, min_time: Duration) -> Self {
        Clock { min_runs: min_runs.into(), min_time, now: || ThreadTime::now().as_duration() }
    }

    /// Runs until there are enough runs and they have taken enough time.
    pub(crate) fn time<T>(self, mut run: impl FnMut() -> T) -> Measured<T> {
        let mut runs = Vec::new();
        let mut total = Duration::ZERO;
        loop {
            let start = (self.now)();
            let output = black_box(run());
            let time = (self.now)() - start;
            runs.push(time);
            total += time;
            if runs.len() as f64 >= self.min_runs && total >= self.min_time {
                return Measured { output, runs };
            }
        }
    }
}

/// Returns the time since the first call.
fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
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
