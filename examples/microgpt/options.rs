//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

const HELP: &str = "\
Trains a GPT to invent names, and draws its losses and what it looks at.

Usage: cargo run --release --example microgpt -- [options]

  --seed N       draw weights and the order of the names (else those of microgpt)
  --width N      the numbers for each letter, a multiple of 4 (16)
  --layers N     the number of layers (1)
  --steps N      how many steps to train (1000)
  --batch N      how many names in each step, on all cores (1)
  --resume FILE  go on with the weights of an earlier run, after its last step
  --stop N       stop after step N of --steps, to go on later
  --out DIR      the folder for the pictures and the weights (target)
";

pub(crate) struct Options {
    pub(crate) seed: Option<u64>,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) steps: usize,
    pub(crate) batch: usize,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) stop: usize,
    pub(crate) out: PathBuf,
}

impl Options {
    /// Returns the options of the command line; a request for help ends the program.
    pub(crate) fn parse() -> Result<Options, lexopt::Error> {
        let out = concat!(env!("CARGO_MANIFEST_DIR"), "/target").into();
        let (seed, resume, stop) = (None, None, usize::MAX);
        let mut options = Options { seed, width: 16, layers: 1, steps: 1000, batch: 1, resume, stop, out };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("seed") => options.seed = Some(arguments.value()?.parse()?),
                Long("width") => options.width = arguments.value()?.parse()?,
                Long("layers") => options.layers = arguments.value()?.parse()?,
                Long("steps") => options.steps = arguments.value()?.parse()?,
                Long("batch") => options.batch = arguments.value()?.parse()?,
                Long("resume") => options.resume = Some(arguments.value()?.into()),
                Long("stop") => options.stop = arguments.value()?.parse()?,
                Long("out") => options.out = arguments.value()?.into(),
                Long("help") | Short('h') => {
                    print!("{HELP}");
                    std::process::exit(0)
                }
                _ => return Err(argument.unexpected()),
            }
        }
        if options.width == 0 || !options.width.is_multiple_of(4) || options.batch == 0 {
            return Err("--width is a multiple of 4, and --batch at least 1".into());
        }
        Ok(options)
    }
}
