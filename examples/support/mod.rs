//! Shared by the examples that train networks: options, data, and output.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow::{self, Continue};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dualtape::nn::{
    Batch, Callback, Confusion, CtrlC, Dataset, Epoch, Objective, Optimizer, ProgressBar, Standardizer, Target,
    Trainer, Update, read_indices,
};
use dualtape::plot::{Curves, Picture, Terminal};
use dualtape::{Dual, gradient, gradient_forward};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) epochs: usize,
    /// The number of derivatives to confirm in forward mode at every epoch's end.
    check: usize,
    /// The folder for pictures.
    out: PathBuf,
}

impl Options {
    /// Returns the options of the program; help and mistakes end it.
    pub(crate) fn parse(epochs: usize) -> Options {
        let out = concat!(env!("CARGO_MANIFEST_DIR"), "/target").into();
        Options::read(Options { seed: 0, epochs, check: 0, out }).unwrap_or_else(|error| {
            eprintln!("{error}; try --help");
            std::process::exit(2)
        })
    }

    fn read(mut self) -> Result<Options, lexopt::Error> {
        use lexopt::prelude::*;

        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("seed") => self.seed = arguments.value()?.parse()?,
                Long("epochs") => self.epochs = arguments.value()?.parse()?,
                Long("check") => self.check = 16,
                Long("out") => self.out = arguments.value()?.into(),
                Long("help") | Short('h') => {
                    println!("--seed N    the seed of all that is random (0)");
                    println!("--epochs N  the number of epochs ({})", self.epochs);
                    println!("--check     compare the modes at the end of every epoch, for 16 parameters");
                    println!("--out DIR   the folder for the picture ({})", self.out.display());
                    std::process::exit(0)
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(self)
    }

    /// Returns a trainer that shows its progress, ends at Ctrl-C, and prints the cost of an epoch.
    pub(crate) fn trainer<'a, U: Update, T: Copy + 'a>(
        &self,
        optimizer: Optimizer<U>,
        objective: &'a impl Objective<f64, T>,
        train: &Dataset<f64, T>,
    ) -> Result<Trainer<'a, U>, Box<dyn Error>> {
        let trainer = Trainer::new(optimizer).epochs(self.epochs).seed(self.seed).check(self.check);
        Ok(trainer.callback(ProgressBar::new()).callback(CtrlC::new()?).callback(Clock::new(objective, train)))
    }

    /// Writes a picture, and says where.
    pub(crate) fn save(&self, name: &str, picture: &Picture) -> Outcome {
        fs::create_dir_all(&self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        let path = self.out.join(name).with_extension("svg");
        fs::write(&path, picture.svg()).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("the picture is {}", path.display());
        Ok(())
    }
}

/// Compares every epoch with the plain losses of its rows, which are computed right after it.
struct Clock<'a, O, T> {
    objective: &'a O,
    batches: Vec<Dataset<f64, T>>,
    start: Instant,
    epochs: Vec<Duration>,
    ratios: Vec<f64>,
}

impl<'a, O: Objective<f64, T>, T: Copy> Clock<'a, O, T> {
    fn new(objective: &'a O, train: &Dataset<f64, T>) -> Self {
        let rows: Vec<usize> = (0..train.len()).collect();
        let batches = rows.chunks(32).map(|rows| train.select(rows)).collect();
        Clock { objective, batches, start: Instant::now(), epochs: Vec::new(), ratios: Vec::new() }
    }
}

impl<O: Objective<f64, T>, T: Copy> Callback for Clock<'_, O, T> {
    fn epoch(&mut self, _: &Epoch, parameters: &[f64]) -> ControlFlow<()> {
        let epoch = self.start.elapsed();
        let start = Instant::now();
        let losses = self.batches.iter().map(|batch| self.objective.loss(parameters, &Batch::new(batch)));
        assert!(losses.sum::<f64>().is_finite());
        self.ratios.push(epoch.as_secs_f64() / start.elapsed().as_secs_f64());
        self.epochs.push(epoch);
        self.start = Instant::now();
        Continue(())
    }

    fn end(&mut self) {
        self.epochs.sort();
        self.ratios.sort_by(f64::total_cmp);
        let Some(epoch) = self.epochs.get(self.epochs.len() / 2) else { return };
        let ratio = self.ratios[self.ratios.len() / 2];
        println!(
            "an epoch takes {epoch:.1?}, {ratio:.1} times the plain losses of its rows (medians of {})",
            self.epochs.len()
        );
    }
}

/// Reads the parts of a data set: the rows of `data/NAME.csv` listed in `data/NAME_PART_idx.txt`.
pub(crate) fn read<T: Target<f64>, const N: usize>(
    name: &str,
    parts: [&str; N],
) -> Result<[Dataset<f64, T>; N], Box<dyn Error>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let all = Dataset::read_csv(format!("{folder}/{name}.csv"), &["target"])?;
    let mut selected = parts.map(|_| all.select(&[]));
    for (part, rows) in parts.iter().zip(&mut selected) {
        *rows = all.select(&read_indices(format!("{folder}/{name}_{part}_idx.txt"), all.len())?);
    }
    Ok(selected)
}

/// Compares 32 derivatives of the loss of some rows with forward mode.
pub(crate) fn confirm<T: Copy>(objective: &impl Objective<f64, T>, parameters: &[f64], data: &Dataset<f64, T>) {
    let rows = data.select(&(0..data.len().min(32)).collect::<Vec<_>>());
    let (_, reverse) = gradient(|p| objective.loss(p, &Batch::new(&rows)), parameters);
    let sample: Vec<usize> = (0..32).map(|i| i * parameters.len() / 32).collect();
    let loss = |x: &[Dual<f64, _>]| {
        let mut inputs: Vec<_> = parameters.iter().map(|&p| Dual::constant(p)).collect();
        sample.iter().zip(x).for_each(|(&index, &x)| inputs[index] = x);
        objective.loss(&inputs, &Batch::new(&rows))
    };
    let point: Vec<f64> = sample.iter().map(|&index| parameters[index]).collect();
    let (_, forward) = gradient_forward(loss, &point);
    let largest = reverse.iter().fold(0.0, |largest, g| f64::max(largest, g.abs()));
    let differences = sample.iter().zip(&forward).map(|(&index, forward)| (reverse[index] - forward).abs());
    let difference = differences.fold(0.0, f64::max) / largest;
    println!("32 of {} derivatives in forward mode: largest relative difference {difference:.1e}", parameters.len());
    assert!(difference < 1e-9, "the modes disagree");
}

/// Gives every feature the mean 0 and the deviation 1 in the first part, the training data.
pub(crate) fn standardize<T: Copy>(parts: &mut [Dataset<f64, T>]) {
    let standardizer = Standardizer::fit(parts[0].features(), parts[0].inputs());
    parts.iter_mut().for_each(|part| standardizer.apply(part.features_mut()));
}

/// Prints the confusion matrix, and fails when less than this fraction is right.
pub(crate) fn report(predicted: &[usize], test: &Dataset<f64, usize>, claim: f64) -> Result<Confusion, Box<dyn Error>> {
    let confusion = Confusion::of(predicted, test.targets(), test.classes());
    println!("\n{confusion}\n{:.1} % of {} are right", 100.0 * confusion.accuracy(), test.len());
    if confusion.accuracy() < claim {
        return Err(format!("less than {:.1} %", 100.0 * claim).into());
    }
    Ok(confusion)
}

/// Prints some of the epochs, the last among them, and draws the losses of all.
pub(crate) fn print(history: &[Epoch]) {
    let every = history.len().div_ceil(6).max(1);
    history.iter().filter(|epoch| (history.len() - epoch.number).is_multiple_of(every)).for_each(|e| println!("{e}"));
    println!("\n{}", Curves::of_history(history).text(&Terminal { rows: 8, ..Terminal::stdout() }));
}
