//! Why the program ends early.

use std::io;

/// A reason, with the text to print.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The options, the files or the folder are unusable: exit code 2.
    Usage(String),
    /// The training went wrong: exit code 1.
    Outcome(String),
    /// The reader of the output has closed it, as in `moons | head`: no failure at all.
    Closed,
}

/// Converts an error of writing to the standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Usage(format!("cannot write to the standard output: {error}")),
        }
    }
}
