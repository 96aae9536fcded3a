//! The look that all pictures share: a title, a legend, axes with labels, and a frame.

use std::fmt::Write;

use super::Picture;
use super::axis::Axis;
use super::picture::{colour, number};
use crate::graph::escaped;

/// The sign of a series in the legend.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Line,
    Dot,
    /// A line in the colour of text, for any series.
    Boundary,
}

/// Returns the size if it has room for the axes, and panics if it does not.
#[track_caller]
pub(super) fn checked_size(width: f64, height: f64) -> (f64, f64) {
    assert!(
        width >= 160.0 && height >= 120.0,
        "plot: a picture of {width} by {height} pixels; pass at least 160 by 120, which the axes need"
    );
    (width, height)
}

/// A chart under construction: elements are added within its frame.
pub(super) struct Chart {
    body: String,
    x: Axis,
    y: Axis,
    size: (f64, f64),
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// About the width of a character of 13 pixels, to leave room.
const CHARACTER: f64 = 7.3;

/// About the width of a text.
fn width(text: &str) -> f64 {
    CHARACTER * text.chars().count() as f64
}

impl Chart {
    /// Draws the title, the legend, the axes, and their grid if asked for.
    pub(super) fn new(
        title: &str,
        size: (f64, f64),
        axes: (Axis, Axis),
        legend: &[(Key, usize, &str)],
        grid: bool,
    ) -> Self {
        let (x, y) = axes;
        let ticks = y.ticks.iter().map(|(_, label)| width(label)).fold(30.0, f64::max);
        let mut chart = Chart {
            body: String::new(),
            x,
            y,
            size,
            left: 38.0 + ticks,
            top: 12.0,
            right: size.0 - 18.0,
            bottom: size.1 - 46.0,
        };
        if !title.is_empty() {
            chart.top += 24.0;
            let (left, title) = (number(chart.left), escaped(title));
            let _ = writeln!(chart.body, "<text class=\"title\" x=\"{left}\" y=\"26\">{title}</text>");
        }
        chart.legend(legend);
        chart.top += 6.0;
        // If a legend leaves no room, the frame reaches beyond the picture.
        chart.bottom = chart.bottom.max(chart.top + 20.0);
        chart.axes(grid);
        chart
    }

    /// Draws names beside their signs, in as many rows as they take.
    fn legend(&mut self, entries: &[(Key, usize, &str)]) {
        let mut x = self.left;
        for (i, &(key, series, name)) in entries.iter().enumerate() {
            let wide = 22.0 + width(name) + 16.0;
            if i == 0 || x + wide > self.right {
                (x, self.top) = (self.left, self.top + 20.0);
            }
            let [start, end, middle, y] = [x, x + 16.0, x + 8.0, self.top - 7.0].map(number);
            let class = colour(series);
            let sign = match key {
                Key::Line => format!(
                    "<path class=\"s{class}\" stroke=\"currentColor\" stroke-width=\"2\" d=\"M{start} {y}H{end}\"/>"
                ),
                Key::Dot => {
                    format!("<circle class=\"s{class}\" fill=\"currentColor\" cx=\"{middle}\" cy=\"{y}\" r=\"4\"/>")
                }
                Key::Boundary => format!("<path class=\"frame\" stroke-width=\"2\" d=\"M{start} {y}H{end}\"/>"),
            };
            let (x_text, y_text, name) = (number(x + 22.0), number(self.top - 2.5), escaped(name));
            let _ = writeln!(self.body, "{sign}<text x=\"{x_text}\" y=\"{y_text}\">{name}</text>");
            x += wide;
        }
    }

    fn axes(&mut self, grid: bool) {
        let [left, top, right, bottom] = [self.left, self.top, self.right, self.bottom].map(number);
        for (place, label) in &self.x.ticks {
            let x = number(self.left + place * (self.right - self.left));
            let line =
                if grid { format!("<path class=\"frame grid\" d=\"M{x} {top}V{bottom}\"/>") } else { String::new() };
            let (below, label) = (number(self.bottom + 18.0), escaped(label));
            let _ = writeln!(self.body, "{line}<text x=\"{x}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>");
        }
        for (place, label) in &self.y.ticks {
            let height = self.bottom - place * (self.bottom - self.top);
            let (y, base) = (number(height), number(height + 4.5));
            let line =
                if grid { format!("<path class=\"frame grid\" d=\"M{left} {y}H{right}\"/>") } else { String::new() };
            let (before, label) = (number(self.left - 7.0), escaped(label));
            let _ = writeln!(self.body, "{line}<text x=\"{before}\" y=\"{base}\" text-anchor=\"end\">{label}</text>");
        }
        let [across, down] = [(self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0].map(number);
        let (below, x, y) = (number(self.size.1 - 10.0), escaped(&self.x.label), escaped(&self.y.label));
        let _ = writeln!(self.body, "<text x=\"{across}\" y=\"{below}\" text-anchor=\"middle\">{x}</text>");
        let _ = writeln!(
            self.body,
            "<text transform=\"translate(20 {down}) rotate(-90)\" text-anchor=\"middle\">{y}</text>"
        );
    }

    /// Returns the pixel of a point, if the point has a place.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (x, y) = (self.x.place(x)?, self.y.place(y)?);
        Some((self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)))
    }

    /// Draws a line through points, with a gap where a point has no place.
    pub(super) fn line(&mut self, series: usize, points: &[(f64, f64)], marks: bool) {
        let pixels: Vec<Option<(f64, f64)>> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
        let runs: Vec<Vec<(f64, f64)>> =
            pixels.split(Option::is_none).map(|run| run.iter().flatten().copied().collect()).collect();
        let path: String = runs.iter().map(|run| path_of(run)).collect();
        let class = colour(series);
        let _ = writeln!(
            self.body,
            "<path class=\"s{class}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\" \
             d=\"{path}\"/>"
        );
        for &(x, y) in runs.iter().filter(|run| marks || run.len() == 1).flatten() {
            self.dot(series, x, y, 3.0);
        }
    }

    /// Draws a disk with a rim in the colour of the ground, around a pixel.
    pub(super) fn dot(&mut self, series: usize, x: f64, y: f64, radius: f64) {
        let ([x, y, radius], class) = ([x, y, radius].map(number), colour(series));
        let _ = writeln!(
            self.body,
            "<circle class=\"s{class} rim\" fill=\"currentColor\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"
        );
    }

    /// Draws a rectangle between two corners, with a fill by its class.
    pub(super) fn rectangle(&mut self, class: &str, corners: [(f64, f64); 2]) {
        let [Some((x, y)), Some((u, v))] = corners.map(|(x, y)| self.at(x, y)) else { return };
        let [left, top, width, height] = [x.min(u), y.min(v), (u - x).abs(), (v - y).abs()].map(number);
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"
        );
    }

    /// Draws lines with these attributes: closed with a fill inside, or without.
    pub(super) fn lines(&mut self, attributes: &str, lines: &[Vec<(f64, f64)>]) {
        let pixels = |line: &Vec<(f64, f64)>| line.iter().filter_map(|&(x, y)| self.at(x, y)).collect::<Vec<_>>();
        let path: String = lines.iter().map(|line| path_of(&pixels(line))).collect();
        if !path.is_empty() {
            let _ = writeln!(self.body, "<path {attributes} d=\"{path}\"/>");
        }
    }

    /// Writes a text centred at a point.
    pub(super) fn text(&mut self, (x, y): (f64, f64), text: &str) {
        if let Some((x, y)) = self.at(x, y) {
            let [x, y] = [x, y + 4.5].map(number);
            let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(text));
        }
    }

    /// Returns the picture, with the frame on top.
    pub(super) fn finish(mut self) -> Picture {
        let [left, top] = [self.left, self.top].map(number);
        let [width, height] = [self.right - self.left, self.bottom - self.top].map(number);
        let _ = writeln!(
            self.body,
            "<rect class=\"frame\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"
        );
        Picture::new(self.size.0, self.size.1, self.body)
    }
}

/// Returns the path of a line through pixels.
fn path_of(pixels: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let mut before = String::new();
    for (i, &(x, y)) in pixels.iter().enumerate() {
        let point = format!("{} {}", number(x), number(y));
        if point != before {
            let _ = write!(path, "{}{point}", if i == 0 { 'M' } else { 'L' });
        }
        before = point;
    }
    path
}
