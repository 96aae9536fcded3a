//! Panics that belong to a program, and their messages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const OTHER_GRADIENTS: &str = "these gradients are of another recording than the variable ";
pub(crate) const ON_PURPOSE: &str = "on purpose";
pub(crate) const CLAMP: &str = "min > max, or either was NaN";

/// Whether panics are expected now, on any thread: a program waits for its threads.
static EXPECTING: AtomicBool = AtomicBool::new(false);

/// The fuzzer ends at any panic; those inside [`outcome`] are part of the program.
pub(crate) fn silence_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fatal = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !EXPECTING.load(Ordering::SeqCst) {
                fatal(info);
            }
        }));
    });
}

/// The result, or the message of the panic.
pub(crate) fn outcome<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    let before = EXPECTING.swap(true, Ordering::SeqCst);
    let outcome = catch_unwind(AssertUnwindSafe(act));
    EXPECTING.store(before, Ordering::SeqCst);
    outcome.map_err(|payload| match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().expect("a message").to_string(),
    })
}
