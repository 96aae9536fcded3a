//! Decision boundaries of functions of two numbers.

use std::fmt;
use std::ops::Range;

use super::axis::Axis;
use super::chart::{Chart, Key, checked_size};
use super::contour::Grid;
use super::picture::colour;
use super::terminal::SIGNS;
use super::{Picture, Terminal};
use crate::nn::Mlp;

/// The decision boundary of a function of two numbers, such as a network: the class that it gives to each point of a
/// part of the plane, and the line between the classes.
///
/// The function returns scores. One score stands for two classes: the second where it is positive. The margin, where
/// the score is between −1 and 1, is paler. With several scores, one for each class, the largest wins.
///
/// ```
/// use dualtape::nn::{Activation, Mlp};
/// use dualtape::plot::Boundary;
///
/// let line = Mlp::new(2, &[(1, Activation::Linear)], &[1.0, 1.0, 0.0]);
/// let boundary = Boundary::new(-2.0..2.0, -1.0..1.0, |x| line.forward(x)).points(&[[1.0, 0.5], [-1.0, 0.0]], &[1, 0]);
/// assert!(boundary.svg().contains("<circle"));
///
/// // Any function to a score, or to scores.
/// Boundary::new(-1.0..1.0, -1.0..1.0, |x| [0.5 - x[0].hypot(x[1])]);
/// Boundary::new(-1.0..1.0, -1.0..1.0, |x| dualtape::nn::one_hot::<f64>(&[usize::from(x[0] > x[1])], 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    title: String,
    labels: [String; 2],
    size: (f64, f64),
    classes: Vec<String>,
    x: Range<f64>,
    y: Range<f64>,
    columns: usize,
    /// Whether there is one score, and so a margin.
    has_margin: bool,
    /// The lead of each class over all others at the crossings of the grid, row by row.
    leads: Vec<Vec<f64>>,
    points: Vec<(f64, f64, usize)>,
}

/// The number of rows of the grid, and of columns.
const COLUMNS: usize = 81;

impl Boundary {
    /// Evaluates the function at the crossings of 81 by 81 lines.
    ///
    /// # Panics
    ///
    /// When a range is empty, or the function returns no score or varying numbers of scores.
    ///
    /// [`Boundary`] has an example.
    #[track_caller]
    pub fn new<Y: AsRef<[f64]>>(x: Range<f64>, y: Range<f64>, scores: impl Fn(&[f64]) -> Y) -> Self {
        let (mut all, mut n) = (Vec::new(), None);
        for point in crossings(&x, &y).chunks(2) {
            let of_point = scores(point);
            let (m, first) = (of_point.as_ref().len(), *n.get_or_insert(of_point.as_ref().len()));
            assert!(
                m > 0 && m == first,
                "Boundary: {m} scores, and {first} at the first point; return the same number, at least 1"
            );
            all.extend_from_slice(of_point.as_ref());
        }
        Boundary::of_scores(x, y, &all, n.unwrap_or(1))
    }

    /// Returns the boundary of a network with two inputs, which takes all points at once.
    ///
    /// # Panics
    ///
    /// When a range is empty, or the network has another number of inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    /// use dualtape::plot::Boundary;
    ///
    /// let line = Mlp::new(2, &[(1, Activation::Linear)], &[1.0, 1.0, 0.0]);
    /// let boundary = Boundary::of_network(-2.0..2.0, -1.0..1.0, &line);
    /// assert_eq!(boundary, Boundary::new(-2.0..2.0, -1.0..1.0, |x| line.forward(x)));
    /// ```
    #[track_caller]
    pub fn of_network(x: Range<f64>, y: Range<f64>, network: &Mlp) -> Self {
        let inputs = network.inputs();
        assert_eq!(inputs, 2, "Boundary: a network of {inputs} inputs; pass one of 2");
        let scores = network.forward_batch(&crossings(&x, &y), COLUMNS * COLUMNS);
        Boundary::of_scores(x, y, &scores, network.outputs())
    }

    /// Returns the boundary from `n` scores for each point.
    fn of_scores(x: Range<f64>, y: Range<f64>, scores: &[f64], n: usize) -> Self {
        let mut leads = vec![Vec::with_capacity(COLUMNS * COLUMNS); n.max(2)];
        for of_point in scores.chunks(n) {
            leads.iter_mut().zip(leads_of(of_point)).for_each(|(leads, lead)| leads.push(lead));
        }
        Boundary {
            title: "Decision boundary".to_string(),
            labels: ["x1", "x2"].map(str::to_string),
            size: (560.0, 480.0),
            classes: (0..leads.len()).map(|class| format!("class {class}")).collect(),
            x,
            y,
            columns: COLUMNS,
            has_margin: n == 1,
            leads,
            points: Vec::new(),
        }
    }

    /// Returns the part of the plane that holds the points, with a margin of this width around: for
    /// [`new`](Boundary::new).
    ///
    /// ```
    /// use dualtape::plot::Boundary;
    ///
    /// assert_eq!(Boundary::around(&[[0.0, 1.0], [2.0, 5.0]], 0.5), (-0.5..2.5, 0.5..5.5));
    /// ```
    pub fn around<P: AsRef<[f64]>>(points: &[P], margin: f64) -> (Range<f64>, Range<f64>) {
        let range = |axis: usize| {
            let values = || points.iter().map(|point| point.as_ref()[axis]);
            values().fold(f64::INFINITY, f64::min) - margin..values().fold(f64::NEG_INFINITY, f64::max) + margin
        };
        (range(0), range(1))
    }

    /// Adds points of known classes.
    ///
    /// # Panics
    ///
    /// When points and classes differ in number, or there is no such class.
    ///
    /// [`Boundary`] has an example.
    #[track_caller]
    pub fn points<P: AsRef<[f64]>>(mut self, points: &[P], classes: &[usize]) -> Self {
        let (n, m, known) = (points.len(), classes.len(), self.classes.len());
        assert_eq!(n, m, "Boundary: {n} points and {m} classes; pass one for each");
        for (point, &class) in points.iter().zip(classes) {
            assert!(class < known, "Boundary: there is a class {class} and {known} classes, counted from 0");
            let &[x, y] = point.as_ref() else {
                panic!("Boundary: a point of {} numbers; pass two of each", point.as_ref().len())
            };
            self.points.push((x, y, class));
        }
        self
    }

    /// Sets the title and the names of the axes.
    ///
    /// ```
    /// use dualtape::plot::Boundary;
    ///
    /// let boundary = Boundary::new(0.0..8.0, 0.0..3.0, |x| [x[0] - x[1]]).titled("Iris", "petal length / cm", "petal width / cm");
    /// assert!(boundary.svg().contains("petal length / cm"));
    /// ```
    pub fn titled(self, title: &str, x: &str, y: &str) -> Self {
        Boundary { title: title.to_string(), labels: [x, y].map(str::to_string), ..self }
    }

    /// Sets the names of the classes.
    ///
    /// # Panics
    ///
    /// When names and classes differ in number.
    ///
    /// ```
    /// use dualtape::plot::Boundary;
    ///
    /// let boundary = Boundary::new(0.0..1.0, 0.0..1.0, |x| [x[0] - x[1]]).classes(&["below", "above"]);
    /// assert!(boundary.points(&[[0.5, 0.9]], &[1]).svg().contains(">above</text>"));
    /// ```
    #[track_caller]
    pub fn classes(self, names: &[&str]) -> Self {
        let (n, m) = (names.len(), self.classes.len());
        assert_eq!(n, m, "Boundary: {n} names for {m} classes; pass one for each");
        Boundary { classes: names.iter().map(|name| name.to_string()).collect(), ..self }
    }

    /// Sets the width and height in pixels; the default is 560 by 480.
    ///
    /// # Panics
    ///
    /// When it is less than 160 by 120.
    ///
    /// ```
    /// use dualtape::plot::Boundary;
    ///
    /// let square = Boundary::new(0.0..1.0, 0.0..1.0, |x| [x[0] - x[1]]).size(300.0, 300.0);
    /// assert_eq!(square.picture().size(), (300.0, 300.0));
    /// ```
    #[track_caller]
    pub fn size(self, width: f64, height: f64) -> Self {
        Boundary { size: checked_size(width, height), ..self }
    }

    /// Returns the drawing.
    ///
    /// [`Picture`] has an example.
    pub fn picture(&self) -> Picture {
        let axes = [(&self.x, &self.labels[0]), (&self.y, &self.labels[1])]
            .map(|(range, label)| Axis::between(label, range.start, range.end, false));
        let [x, y] = axes;
        let seen = |class: &usize| self.points.iter().any(|point| point.2 == *class);
        let mut legend: Vec<(Key, usize, &str)> =
            (0..self.classes.len()).filter(seen).map(|class| (Key::Dot, class, &self.classes[class][..])).collect();
        legend.push((Key::Boundary, 0, "boundary"));
        let mut chart = Chart::new(&self.title, self.size, (x, y), &legend, false);

        let whole = [(self.x.start, self.y.start), (self.x.end, self.y.end)];
        chart.rectangle(if self.has_margin { "t0" } else { "w0" }, whole);
        let fill = |tint: &str| format!("class=\"{tint}\" fill-rule=\"evenodd\"");
        if self.has_margin {
            for (level, tint) in [(-1.0, "w0"), (0.0, "w1"), (1.0, "t1")] {
                chart.lines(&fill(tint), &self.lines(1, level, true));
            }
            for level in [-1.0, 1.0] {
                chart.lines("class=\"rim\" fill=\"none\"", &self.lines(1, level, false));
            }
        } else {
            for class in 1..self.classes.len() {
                chart.lines(&fill(&format!("w{}", colour(class))), &self.lines(class, 0.0, true));
            }
        }
        for class in 1..self.classes.len() {
            let line = self.lines(class, 0.0, false);
            chart.lines("class=\"frame\" stroke-width=\"2\" stroke-linejoin=\"round\"", &line);
        }
        for &(x, y, class) in &self.points {
            if self.x.contains(&x)
                && self.y.contains(&y)
                && let Some((x, y)) = chart.at(x, y)
            {
                chart.dot(class, x, y, 4.5);
            }
        }
        chart.finish()
    }

    /// Returns the drawing as a complete SVG file.
    ///
    /// [`Boundary`] has an example.
    pub fn svg(&self) -> String {
        self.picture().svg()
    }

    /// Shows it in a notebook: [`Picture::evcxr_display`].
    ///
    /// ```
    /// dualtape::plot::Boundary::new(0.0..1.0, 0.0..1.0, |x| [x[0] - x[1]]).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        self.picture().evcxr_display();
    }

    /// Returns a picture of characters. In colour, the class is the ground and the points are disks; otherwise each
    /// class has a sign, and each point another.
    ///
    /// ```
    /// use dualtape::plot::{Boundary, Terminal};
    ///
    /// let boundary = Boundary::new(0.0..1.0, 0.0..1.0, |x| [x[1] - x[0]]).points(&[[0.1, 0.9], [0.9, 0.1]], &[1, 0]);
    /// let small = Terminal { columns: 10, rows: 5, colours: false };
    /// assert_eq!(
    ///     boundary.text(&small),
    ///     ".o.......
    /// .......
    /// .....
    /// ...
    ///         *
    /// * class 0 ( )   o class 1 (.)
    /// "
    /// );
    /// ```
    pub fn text(&self, terminal: &Terminal) -> String {
        const GROUNDS: [char; 8] = [' ', '.', ':', '-', '=', '\'', '"', '~'];
        /// Dark and light in the palette of 256: blue, red, orange, green, violet, cyan, grey, brown.
        const COLOURS: [(u8, u8); 8] =
            [(17, 117), (52, 217), (94, 222), (22, 120), (54, 183), (23, 123), (237, 252), (58, 180)];
        let (columns, rows) = (terminal.columns.max(2), terminal.rows.max(2));
        let index = |range: &Range<f64>, value: f64, n: usize| {
            ((value - range.start) / (range.end - range.start) * (n - 1) as f64).round() as usize
        };
        let mut points = vec![None; columns * rows];
        for &(x, y, class) in self.points.iter().filter(|(x, y, _)| self.x.contains(x) && self.y.contains(y)) {
            points[index(&self.y, y, rows) * columns + index(&self.x, x, columns)] = Some(class);
        }
        let mut text = String::new();
        for row in (0..rows).rev() {
            let (mut line, mut ground) = (String::new(), None);
            for column in 0..columns {
                let (class, point) = (self.class(column, columns, row, rows), points[row * columns + column]);
                if terminal.colours {
                    let behind = COLOURS[class % COLOURS.len()].0;
                    if ground.replace(behind) != Some(behind) {
                        line += &format!("\x1b[48;5;{behind}m");
                    }
                    match point {
                        Some(class) => line += &format!("\x1b[38;5;{}m●", COLOURS[class % COLOURS.len()].1),
                        None => line.push(' '),
                    }
                } else {
                    line.push(point.map_or(GROUNDS[class % GROUNDS.len()], |class: usize| SIGNS[class % SIGNS.len()]));
                }
            }
            text += if terminal.colours { &line } else { line.trim_end() };
            text += if terminal.colours { "\x1b[0m\n" } else { "\n" };
        }
        let of_class = |(class, name): (usize, &String)| {
            if terminal.colours {
                let (ground, ink) = COLOURS[class % COLOURS.len()];
                return format!("\x1b[48;5;{ground};38;5;{ink}m ● \x1b[0m {name}");
            }
            format!("{} {name} ({})", SIGNS[class % SIGNS.len()], GROUNDS[class % GROUNDS.len()])
        };
        let legend: Vec<String> = self.classes.iter().enumerate().map(of_class).collect();
        text + &legend.join("   ") + "\n"
    }

    /// Returns the class at a place of a coarser grid.
    fn class(&self, column: usize, columns: usize, row: usize, rows: usize) -> usize {
        let nearest = |i: usize, n: usize| (i * (self.columns - 1) + (n - 1) / 2) / (n - 1);
        let place = nearest(row, rows) * self.columns + nearest(column, columns);
        (1..self.leads.len()).find(|&class| self.leads[class][place] > 0.0).unwrap_or(0)
    }

    /// Returns the lines in the plane where the lead of a class is `level`.
    fn lines(&self, class: usize, level: f64, closed: bool) -> Vec<Vec<(f64, f64)>> {
        let n = (self.columns - 1) as f64;
        let along = |range: &Range<f64>, i: f64| range.start + (range.end - range.start) * (i / n);
        let lines = Grid { columns: self.columns, values: &self.leads[class] }.contour(level, closed);
        lines
            .into_iter()
            .map(|line| line.iter().map(|&(i, j)| (along(&self.x, i), along(&self.y, j))).collect())
            .collect()
    }
}

/// Returns the points of the grid, row after row.
#[track_caller]
fn crossings(x: &Range<f64>, y: &Range<f64>) -> Vec<f64> {
    for range in [x, y] {
        assert!(range.start < range.end, "Boundary: the range {range:?} is empty; pass the smaller number first");
    }
    let along = |range: &Range<f64>, i: usize| {
        let t = i as f64 / (COLUMNS - 1) as f64;
        range.start * (1.0 - t) + range.end * t
    };
    (0..COLUMNS * COLUMNS).flat_map(|i| [along(x, i % COLUMNS), along(y, i / COLUMNS)]).collect()
}

/// Returns the lead of each class over all others; a single score counts for the first class with the other sign.
fn leads_of(scores: &[f64]) -> Vec<f64> {
    if let &[score] = scores {
        return vec![-score, score];
    }
    let others =
        |class: usize| scores.iter().enumerate().filter(move |(other, _)| *other != class).map(|(_, &score)| score);
    scores.iter().enumerate().map(|(class, score)| score - others(class).fold(f64::NEG_INFINITY, f64::max)).collect()
}

/// Writes the picture in plain characters.
impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&Terminal { rows: 24, ..Terminal::plain() }))
    }
}
