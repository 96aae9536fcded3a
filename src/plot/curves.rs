//! Curves: lines over an axis.

use std::fmt;

use super::axis::Axis;
use super::chart::{Chart, Key, checked_size};
use super::terminal::Canvas;
use super::{Picture, Terminal};
use crate::nn::Epoch;

/// Named lines over one axis: a loss over the steps, times over sizes.
///
/// A point without a place leaves a gap: NaN, or on a logarithmic axis a number that is not positive.
///
/// ```
/// use dualtape::plot::Curves;
///
/// let losses = [2.0, 0.7, 0.31, 0.12, 0.08];
/// let steps = losses.iter().enumerate().map(|(step, &loss)| (step as f64, loss));
/// let curves = Curves::new("Training", "step", "hinge loss").log_y().line("all points", steps);
/// let svg = curves.svg();
/// for text in ["Training", "step", "hinge loss", "all points"] {
///     assert!(svg.contains(&format!(">{text}</text>")));
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    title: String,
    labels: [String; 2],
    log: [bool; 2],
    marks: bool,
    size: (f64, f64),
    names: Vec<String>,
    lines: Vec<Vec<(f64, f64)>>,
}

impl Curves {
    /// Returns a picture without lines. The names of the axes include their units.
    ///
    /// [`Curves`] has an example.
    pub fn new(title: &str, x: &str, y: &str) -> Self {
        let labels = [x, y].map(str::to_string);
        let size = (560.0, 400.0);
        Curves { title: title.into(), labels, log: [false; 2], marks: false, size, names: vec![], lines: vec![] }
    }

    /// Returns the losses of a training over its epochs, with the validation losses if there are any. The axis is
    /// logarithmic if all losses are positive.
    ///
    /// [The module](crate::plot) has an example.
    pub fn of_history(history: &[Epoch]) -> Self {
        let training = history.iter().map(|epoch| (epoch.number as f64, epoch.loss));
        let validation = history.iter().filter_map(|epoch| Some((epoch.number as f64, epoch.validation_loss?)));
        let validation: Vec<(f64, f64)> = validation.collect();
        let mut curves = Curves::new("Training", "epoch", "loss").line("training data", training);
        if !validation.is_empty() {
            curves = curves.line("validation data", validation);
        }
        let positive = curves.lines.iter().flatten().all(|&(_, loss)| loss > 0.0);
        if positive { curves.log_y() } else { curves }
    }

    /// Adds a line. A line without a name is not in the legend.
    ///
    /// [`Curves`] has an example.
    pub fn line(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.names.push(name.to_string());
        self.lines.push(points.into_iter().collect());
        self
    }

    /// Makes the horizontal axis logarithmic.
    ///
    /// ```
    /// use dualtape::plot::Curves;
    ///
    /// let times = Curves::new("Sorting", "n", "time / ns").log_x().log_y().line("", [(10.0, 80.0), (1e6, 9e7)]);
    /// assert!(times.svg().contains(">1000</text>"));
    /// ```
    pub fn log_x(mut self) -> Self {
        self.log[0] = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    ///
    /// [`log_x`](Curves::log_x) has an example.
    pub fn log_y(mut self) -> Self {
        self.log[1] = true;
        self
    }

    /// Marks every point.
    ///
    /// ```
    /// use dualtape::plot::Curves;
    ///
    /// let line = Curves::new("", "x", "y").line("", [(0.0, 1.0), (1.0, 2.0)]);
    /// assert_eq!(line.svg().matches("<circle").count(), 0);
    /// assert_eq!(line.marks().svg().matches("<circle").count(), 2);
    /// ```
    pub fn marks(self) -> Self {
        Curves { marks: true, ..self }
    }

    /// Sets the width and height in pixels; the default is 560 by 400.
    ///
    /// # Panics
    ///
    /// When it is less than 160 by 120.
    ///
    /// ```
    /// use dualtape::plot::Curves;
    ///
    /// assert_eq!(Curves::new("", "x", "y").size(300.0, 200.0).picture().size(), (300.0, 200.0));
    /// ```
    #[track_caller]
    pub fn size(self, width: f64, height: f64) -> Self {
        Curves { size: checked_size(width, height), ..self }
    }

    /// Returns the drawing.
    ///
    /// [`Picture`] has an example.
    pub fn picture(&self) -> Picture {
        let entries: Vec<(Key, usize, &str)> =
            self.names.iter().enumerate().map(|(series, name)| (Key::Line, series, &name[..])).collect();
        let legend: Vec<_> = entries.into_iter().filter(|(.., name)| !name.is_empty()).collect();
        let mut chart = Chart::new(&self.title, self.size, self.axes(0.05), &legend, true);
        self.lines.iter().enumerate().for_each(|(series, points)| chart.line(series, points, self.marks));
        chart.finish()
    }

    /// Returns the drawing as a complete SVG file.
    ///
    /// [`Curves`] has an example.
    pub fn svg(&self) -> String {
        self.picture().svg()
    }

    /// Shows it in a notebook: [`Picture::evcxr_display`].
    ///
    /// ```
    /// dualtape::plot::Curves::new("A line", "x", "y").line("", [(0.0, 1.0), (1.0, 2.0)]).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        self.picture().evcxr_display();
    }

    /// Returns a picture of characters.
    ///
    /// [`Terminal`] has an example.
    pub fn text(&self, terminal: &Terminal) -> String {
        let (x, y) = self.axes(0.0);
        let mut canvas = Canvas::new(terminal);
        for (series, points) in self.lines.iter().enumerate() {
            let places: Vec<_> = points.iter().map(|&(a, b)| x.place(a).zip(y.place(b))).collect();
            for run in places.split(Option::is_none) {
                canvas.line(series, &run.iter().flatten().copied().collect::<Vec<_>>());
            }
        }
        canvas.finish(&self.title, &x, &y, &self.names)
    }

    /// Returns the axes, with a margin above and below the lines as a part of their height.
    fn axes(&self, margin: f64) -> (Axis, Axis) {
        let points = || self.lines.iter().flatten();
        let x = Axis::over(&self.labels[0], points().map(|point| point.0), self.log[0], 0.0);
        (x, Axis::over(&self.labels[1], points().map(|point| point.1), self.log[1], margin))
    }
}

/// Writes the picture in plain characters.
impl fmt::Display for Curves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&Terminal::plain()))
    }
}
