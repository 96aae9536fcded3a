//! Pictures of what a network learns: curves, decision boundaries, histograms, confusion matrices.
//!
//! Each picture has three forms. An SVG file is complete: it needs no font of the system, has axes with units and a
//! legend, and follows the reader's preference for light or dark colours. A terminal shows curves in braille dots and
//! boundaries in colour; without a terminal, or with `NO_COLOR` set, the text has plain characters. A notebook of
//! [evcxr](https://github.com/evcxr/evcxr) shows a picture by its `evcxr_display`.
//!
//! ```
//! use dualtape::nn::{Activation, Adam, Dataset, Mlp, Schedule, Supervised, Trainer};
//! use dualtape::plot::Curves;
//!
//! let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
//! let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
//! let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.1))).epochs(50);
//! trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
//!
//! let curves = Curves::of_history(trainer.history());
//! print!("{curves}"); // in a terminal
//! assert!(curves.svg().starts_with("<svg")); // for a file
//! # Ok::<(), dualtape::nn::TrainError>(())
//! ```
//!
//! | to see | call |
//! |---|---|
//! | how a training went, numbers over numbers | [`Curves`] |
//! | the classes that a function of two numbers gives to the plane | [`Boundary`] |
//! | how numbers are distributed | [`Histogram`] |
//! | which classes are taken for which | [`Confusion::picture`](crate::nn::Confusion::picture) |
//! | several side by side, or one after the other | [`Picture`] |
//!
//! The same numbers give the same bytes.

mod axis;
mod boundary;
mod chart;
mod confusion;
mod contour;
mod curves;
mod histogram;
mod picture;
mod terminal;

pub use boundary::Boundary;
pub use curves::Curves;
pub use histogram::Histogram;
pub use picture::Picture;
pub use terminal::Terminal;
