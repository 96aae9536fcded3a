//! The sentences with which a tape refuses variables, and a way to read them.

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) const STALE: &str = "a variable was used after its tape was cleared or dropped: make it anew with \
                                `tape.var(value)` for every recording, and keep plain numbers (`.value()`) between \
                                recordings";
pub(crate) const FOREIGN: &str = "a variable of another thread's tape was used: send plain numbers (`.value()`) to the \
                                  other thread and make variables on a tape of that thread; a sum is differentiated on \
                                  all threads by `Terms::par_gradient`";
pub(crate) const PAUSED: &str = "a variable of a paused tape was used: another tape over the same scalar was started \
                                 later and records now. Pass `.primal()` to treat it as a constant; to differentiate \
                                 through an inner derivative take it at the variable itself, so that it records on a \
                                 tape of its own level";

/// The message with which `act` panics, without what `assert_eq!` puts around it.
#[track_caller]
pub(crate) fn message<T>(act: impl FnOnce() -> T) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(act())));
    let payload = outcome.expect_err("the operation should panic");
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
    let text = text.expect("a panic has a message");
    let text = text.strip_prefix("assertion `left == right` failed: ").unwrap_or(text);
    text.split("\n  left: ").next().unwrap_or(text).to_string()
}
