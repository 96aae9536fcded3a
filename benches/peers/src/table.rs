//! The answers compared, then the ways timed in turn, then a line of the table.

use crate::heap;
use crate::peers::{Answer, Peer, Way};
use crate::turns::medians;

const ROUNDS: usize = 31;

const PLAIN: &str = "plain `f64`";
const BY_HAND: &str = "by hand";
const OURS: &str = "dualtape";

/// The figures in the cells of a row.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    /// Microseconds, and in brackets the ratio to the plain evaluation.
    Time,
    /// Nanoseconds for each of so many operations.
    TimePerOperation(usize),
    /// Bytes held at the peak for each of so many operations.
    HeapPerOperation(usize),
}

/// A derivative and the ways to it, in columns.
pub(crate) struct Row {
    title: String,
    measure: Measure,
    truth: Answer,
    ways: Vec<Column>,
}

struct Column {
    name: &'static str,
    way: Box<dyn Way>,
    is_right: bool,
}

impl Row {
    /// A row with the plain function and the hand-written answer.
    pub(crate) fn new(
        title: impl Into<String>,
        measure: Measure,
        plain: impl FnMut() -> f64 + 'static,
        mut by_hand: impl FnMut() -> Answer + 'static,
    ) -> Self {
        let truth = by_hand();
        let plain = crate::peers::way(plain, |y| (y, Vec::new()));
        let by_hand = crate::peers::way(by_hand, |answer| answer);
        let ways = [(PLAIN, plain), (BY_HAND, by_hand)].map(|(name, way)| Column {
            name,
            way: way.expect("a way"),
            is_right: true,
        });
        Row { title: title.into(), measure, truth, ways: ways.into() }
    }

    /// The row with a peer's way, if it has one.
    pub(crate) fn with<P: Peer>(mut self, way: Option<Box<dyn Way>>) -> Self {
        if let Some(mut way) = way {
            let is_right = agrees(&way.answer(), &self.truth, P::TOLERANCE);
            self.ways.push(Column { name: P::NAME, way, is_right });
        }
        self
    }

    /// The median of each column, and NaN of one that is wrong.
    fn figures(&mut self) -> Vec<f64> {
        let operations = match self.measure {
            Measure::Time => 1.0,
            Measure::TimePerOperation(n) | Measure::HeapPerOperation(n) => n as f64,
        };
        let figures: Vec<f64> = if let Measure::HeapPerOperation(_) = self.measure {
            self.ways.iter_mut().map(|column| heap::peak(|| column.way.run()) as f64).collect()
        } else {
            let mut runs: Vec<_> = self.ways.iter_mut().map(|column| || column.way.run()).collect();
            let mut runs: Vec<&mut dyn FnMut()> = runs.iter_mut().map(|run| run as &mut dyn FnMut()).collect();
            medians(&mut runs, ROUNDS)
        };
        let right = |(column, figure): (&Column, f64)| if column.is_right { figure / operations } else { f64::NAN };
        self.ways.iter().zip(figures).map(right).collect()
    }

    /// Measures, and prints a line with a cell for each of the names. Returns the peers that need less than this crate.
    fn print(&mut self, names: &[&str]) -> Option<String> {
        let figures = self.figures();
        print!("| {} ", self.title);
        for name in names {
            let figure = self.ways.iter().position(|column| column.name == *name).map(|i| figures[i]);
            let text = match (figure, self.measure) {
                (None, _) => "-".into(),
                (Some(figure), _) if figure.is_nan() => "wrong".into(),
                (Some(seconds), Measure::Time) if *name == PLAIN => digits(1e6 * seconds),
                (Some(seconds), Measure::Time) => {
                    format!("{} ({})", digits(1e6 * seconds), digits(seconds / figures[0]))
                }
                (Some(seconds), Measure::TimePerOperation(_)) => digits(1e9 * seconds),
                (Some(bytes), Measure::HeapPerOperation(_)) => digits(bytes),
            };
            print!("| {text} ");
        }
        println!("|");
        let own = self.ways.iter().position(|column| column.name == OURS).map(|i| figures[i])?;
        let columns = self
            .ways
            .iter()
            .zip(&figures)
            .filter(|(column, _)| ![PLAIN, BY_HAND].contains(&column.name) && !column.name.starts_with(OURS));
        let ahead: Vec<String> = columns
            .filter(|&(_, &figure)| figure < own)
            .map(|(column, figure)| format!("{} takes {:.0} %", column.name, 100.0 * figure / own))
            .collect();
        (!ahead.is_empty()).then(|| format!("- {}: {}", self.title, ahead.join(", ")))
    }
}

/// Prints the rows below a heading, with a column for each name, and then a line for every row where a peer leads.
pub(crate) fn print(rows: impl IntoIterator<Item = Row>, peers: &[&'static str]) {
    let names = [&[PLAIN, BY_HAND], peers].concat();
    println!("| | {} |", names.join(" | "));
    println!("|---{}|", "|---".repeat(names.len()));
    let ahead: Vec<String> = rows.into_iter().filter_map(|mut row| row.print(&names)).collect();
    println!("\nAhead of {OURS}, of its figure:\n\n{}", ahead.join("\n"));
}

fn agrees((y, derivatives): &Answer, (value, expected): &Answer, tolerance: f64) -> bool {
    let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= tolerance * scale;
    let largest = expected.iter().fold(0.0_f64, |largest, g| largest.max(g.abs()));
    close(*y, *value, value.abs())
        && derivatives.len() == expected.len()
        && derivatives.iter().zip(expected).all(|(&a, &b)| close(a, b, largest))
}

/// Two digits or more that count.
fn digits(x: f64) -> String {
    match x {
        _ if x >= 99.5 => format!("{x:.0}"),
        _ if x >= 9.95 => format!("{x:.1}"),
        _ if x >= 0.0995 => format!("{x:.2}"),
        _ if x > 0.0 => format!("{x:.3}"),
        _ => "0".into(),
    }
}
