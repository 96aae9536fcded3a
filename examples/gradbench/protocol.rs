//! The messages of the driver and the answers to them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::PROBLEMS;
use crate::problem::{Entry, Measured};

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

/// Returns the answer to a message.
pub(crate) fn answer(message: &Message) -> Value {
    let id = message.id;
    match message.kind.as_str() {
        "start" => json!({ "id": id, "tool": "dualtape" }),
        "define" => match problem(&message.module) {
            Ok(_) => json!({ "id": id, "success": true }),
            Err(error) => json!({ "id": id, "success": false, "error": error }),
        },
        "evaluate" => match problem(&message.module).and_then(|p| p.evaluate(&message.function, &message.input)) {
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
