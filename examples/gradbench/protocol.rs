//! The messages of the driver and the answers to them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::PROBLEMS;
use crate::form::Form;
use crate::problem::{Clock, Entry, Measured};

/// A message of the driver; its fields depend on the kind.
#[derive(Deserialize)]
pub(crate) struct Message {
    id: i64,
    kind: String,
    #[serde(default)]
    module: String,
    #[serde(default)]
    function: String,
    #[serde(default)]
    input: Value,
}

/// Returns the answer to a message, with derivatives in a form.
pub(crate) fn answer(message: &Message, form: Form) -> Value {
    let id = message.id;
    match message.kind.as_str() {
        "start" => json!({ "id": id, "tool": "dualtape" }),
        "define" => match problem(&message.module) {
            Ok(_) => json!({ "id": id, "success": true }),
            Err(error) => json!({ "id": id, "success": false, "error": error }),
        },
        "evaluate" => match evaluate(message, form) {
            Ok(Measured { output, runs }) => {
                let timings: Vec<Value> = runs
                    .iter()
                    .map(|run| json!({ "name": "evaluate", "nanoseconds": run.as_nanos() as u64 }))
                    .collect();
                json!({ "id": id, "success": true, "output": output, "timings": timings })
            }
            Err(error) => json!({ "id": id, "success": false, "error": error }),
        },
        _ => json!({ "id": id }),
    }
}

fn problem(module: &str) -> Result<&'static Entry, String> {
    PROBLEMS.iter().find(|problem| problem.name == module).ok_or_else(|| format!("unknown module {module}"))
}

fn evaluate(message: &Message, form: Form) -> Result<Measured<Value>, String> {
    problem(&message.module)?.evaluate(&message.function, form, &message.input, Clock::of(&message.input))
}
