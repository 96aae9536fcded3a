//! A training in a terminal: progress bar and Ctrl-C.

use std::io;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use indicatif::ProgressStyle;

use super::{Callback, Epoch, Step};

/// A progress bar with the losses and the learning rate. It shows nothing if standard error is not a terminal.
///
/// ```
/// use dualtape::nn::{Activation, Dataset, Mlp, ProgressBar, Schedule, Sgd, Supervised, Trainer};
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(5).callback(ProgressBar::new());
/// trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    /// The text about the validation data.
    validation: String,
}

impl ProgressBar {
    /// Returns a bar that appears with the first step.
    ///
    /// ```
    /// let _bar = dualtape::nn::ProgressBar::new();
    /// ```
    #[expect(clippy::new_without_default, reason = "a value that draws on a terminal is no default")]
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {msg}, {eta} left").expect("the template is right");
        ProgressBar { bar: indicatif::ProgressBar::new(0).with_style(style), validation: String::new() }
    }
}

impl<R> Callback<R> for ProgressBar {
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        if self.bar.is_hidden() {
            return ControlFlow::Continue(());
        }
        if self.bar.is_finished() {
            self.bar.reset();
        }
        let &Step { epoch, epochs, number, steps, loss, rate } = step;
        self.bar.set_length(epochs.saturating_mul(steps) as u64);
        self.bar.set_position(((epoch - 1) * steps + number) as u64);
        let validation = &self.validation;
        self.bar.set_message(format!("epoch {epoch} of {epochs}, loss {loss:.4}{validation}, rate {rate:.1e}"));
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, epoch: &Epoch, _: &[R]) -> ControlFlow<()> {
        self.validation = epoch.validation_loss.map_or(String::new(), |loss| format!(", validation {loss:.4}"));
        ControlFlow::Continue(())
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Ends a training at Ctrl-C, after the current step. The best weights so far remain, and a checkpoint if one was
/// asked for. At a second Ctrl-C, or when nothing trains, the program exits as usual.
///
/// ```
/// use dualtape::nn::{Activation, CtrlC, Dataset, Mlp, Schedule, Sgd, Supervised, Trainer};
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(5).callback(CtrlC::new()?);
/// trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CtrlC {
    _listening: (),
}

/// Whether this program trains, and is to stop.
static STATE: AtomicU8 = AtomicU8::new(IDLE);
const IDLE: u8 = 0;
const TRAINING: u8 = 1;
const STOPPING: u8 = 2;

/// The exit code of a program that SIGINT ended, as shells report it.
const INTERRUPTED: i32 = 130;

impl CtrlC {
    /// Listens to Ctrl-C from now on.
    ///
    /// # Errors
    ///
    /// When the program has another handler of Ctrl-C, or the system refuses this one.
    ///
    /// ```
    /// assert!(dualtape::nn::CtrlC::new().is_ok() && dualtape::nn::CtrlC::new().is_ok());
    /// ```
    pub fn new() -> io::Result<Self> {
        static HANDLER: OnceLock<Result<(), String>> = OnceLock::new();
        let handler = || {
            if STATE.compare_exchange(TRAINING, STOPPING, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                std::process::exit(INTERRUPTED);
            }
        };
        match HANDLER.get_or_init(|| ctrlc::set_handler(handler).map_err(|error| error.to_string())) {
            Ok(()) => Ok(CtrlC { _listening: () }),
            Err(problem) => Err(io::Error::other(problem.clone())),
        }
    }
}

impl<R> Callback<R> for CtrlC {
    fn step(&mut self, _: &Step) -> ControlFlow<()> {
        match STATE.compare_exchange(IDLE, TRAINING, Ordering::SeqCst, Ordering::SeqCst) {
            Err(STOPPING) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn end(&mut self) {
        STATE.store(IDLE, Ordering::SeqCst);
    }
}
