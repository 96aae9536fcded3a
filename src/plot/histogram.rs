//! Histograms: how numbers are distributed.

use std::fmt;

use super::axis::{Axis, rounded};
use super::chart::Chart;
use super::{Picture, Terminal};

/// A histogram, for instance of weights, gradients or errors.
///
/// ```
/// use dualtape::plot::Histogram;
///
/// let histogram = Histogram::new("Weights of layer 1", "weight", &[-0.5, 0.1, 0.2, 0.2, 1.5], 4);
/// assert_eq!(histogram.counts(), [1, 3, 0, 1]);
/// assert!(histogram.svg().contains(">Weights of layer 1</text>"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    title: String,
    label: String,
    low: f64,
    high: f64,
    counts: Vec<usize>,
}

impl Histogram {
    /// Counts the numbers in this many bins of equal width, from the least to the largest. Infinite numbers and NaN
    /// are in no bin.
    ///
    /// # Panics
    ///
    /// When the number of bins is 0.
    ///
    /// [`Histogram`] has an example.
    #[track_caller]
    pub fn new(title: &str, label: &str, numbers: &[f64], bins: usize) -> Self {
        assert!(bins > 0, "Histogram: 0 bins; pass at least 1");
        let Axis { low, high, .. } = Axis::over(label, numbers.iter().copied(), false, 0.0);
        let mut counts = vec![0; bins];
        for x in numbers.iter().filter(|x| (low..=high).contains(x)) {
            let place = (x / (high - low) - low / (high - low)) * bins as f64;
            counts[(place as usize).min(bins - 1)] += 1;
        }
        Histogram { title: title.to_string(), label: label.to_string(), low, high, counts }
    }

    /// Returns the number of numbers in each bin.
    ///
    /// [`Histogram`] has an example.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// Returns the drawing.
    ///
    /// [`Picture::above`] has an example.
    pub fn picture(&self) -> Picture {
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let axes =
            (Axis::between(&self.label, self.low, self.high, false), Axis::between("count", 0.0, 1.06 * most, false));
        let mut chart = Chart::new(&self.title, (560.0, 400.0), axes, &[], true);
        for (bin, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            chart.rectangle("t0 rim", [(self.edge(bin), 0.0), (self.edge(bin + 1), count as f64)]);
        }
        chart.finish()
    }

    /// Returns the drawing as a complete SVG file.
    ///
    /// [`Histogram`] has an example.
    pub fn svg(&self) -> String {
        self.picture().svg()
    }

    /// Shows it in a notebook: [`Picture::evcxr_display`].
    ///
    /// ```
    /// dualtape::plot::Histogram::new("Weights", "weight", &[-0.5, 0.1, 0.2], 4).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        self.picture().evcxr_display();
    }

    /// Returns a picture of characters: a line for each bin, with its lower end and its count.
    ///
    /// ```
    /// use dualtape::plot::{Histogram, Terminal};
    ///
    /// let histogram = Histogram::new("Weights", "weight", &[-0.5, 0.1, 0.2, 0.2, 1.5], 4);
    /// assert_eq!(
    ///     histogram.text(&Terminal { columns: 30, ..Terminal::plain() }),
    ///     "Weights: weight
    ///    -0.5 | ###### 1
    ///       0 | ################## 3
    ///     0.5 |  0
    ///       1 | ###### 1
    /// "
    /// );
    /// ```
    pub fn text(&self, terminal: &Terminal) -> String {
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let widest = terminal.columns.saturating_sub(11 + most.to_string().len()).max(1);
        let (bar, block) = if terminal.colours { ("│", "█") } else { ("|", "#") };
        let mut text = format!("{}: {}\n", self.title, self.label);
        for (bin, count) in self.counts.iter().enumerate() {
            let line = terminal.coloured(0, &block.repeat((count * widest).div_ceil(most)));
            text += &format!("{:>7} {bar} {line} {count}\n", rounded(self.edge(bin)));
        }
        text
    }

    /// Returns the lower end of a bin.
    fn edge(&self, bin: usize) -> f64 {
        let t = bin as f64 / self.counts.len() as f64;
        self.low * (1.0 - t) + self.high * t
    }
}

/// Writes the picture in plain characters.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&Terminal::plain()))
    }
}
