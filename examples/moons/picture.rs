//! The decision boundary and the loss, as SVG.

use std::error::Error;

use dualtape::nn::Mlp;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::data::Data;
use crate::failure::Failure;
use crate::grid::Grid;

const NEGATIVE: RGBColor = RGBColor(190, 60, 50);
const POSITIVE: RGBColor = RGBColor(35, 95, 160);
const INK: RGBColor = RGBColor(45, 45, 50);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The picture of a trained network: its boundary on the left, the loss before
/// every step and after the last on the right.
pub(crate) fn svg(mlp: &Mlp, data: &Data, losses: &[f64]) -> Result<String, Failure> {
    let mut text = String::new();
    draw(&mut text, mlp, data, losses)
        .map_err(|error| Failure::Outcome(format!("the picture cannot be drawn: {error}")))?;
    Ok(text)
}

fn draw(text: &mut String, mlp: &Mlp, data: &Data, losses: &[f64]) -> Result<(), Box<dyn Error>> {
    let whole = SVGBackend::with_string(text, (1120, 480)).into_drawing_area();
    whole.fill(&WHITE)?;
    let (left, right) = whole.split_horizontally(620);
    draw_boundary(&left, mlp, data)?;
    draw_losses(&right, losses)?;
    whole.present()?;
    Ok(())
}

/// The points, on ground coloured by the score, and the line where it is zero.
fn draw_boundary(area: &Area<'_>, mlp: &Mlp, data: &Data) -> Result<(), Box<dyn Error>> {
    let grid = Grid::new(mlp, data, 181, 133);
    let mut chart = ChartBuilder::on(area)
        .caption("Decision boundary", ("sans-serif", 20).with_color(INK))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(grid.x.clone(), grid.y.clone())?;

    for row in 0..grid.rows - 1 {
        chart.draw_series(runs(&grid, row).into_iter().map(|(start, end, ground)| {
            // Reaches under the next row, so that no seam shows between them.
            let top = (row as f64 + 1.5).min((grid.rows - 1) as f64);
            let corners = [grid.at(start as f64, row as f64), grid.at(end as f64, top)];
            Rectangle::new(corners.map(|[x, y]| (x, y)), ground.filled())
        }))?;
    }
    for level in [-1.0, 1.0] {
        let line = contour(&grid, level).into_iter().map(|ends| PathElement::new(ends, WHITE));
        chart.draw_series(line)?;
    }
    let line = contour(&grid, 0.0).into_iter().map(|ends| PathElement::new(ends, INK.stroke_width(2)));
    chart
        .draw_series(line)?
        .label("score 0")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], INK.stroke_width(2)));

    for (name, sign, colour) in [("label -1", -1.0, NEGATIVE), ("label 1", 1.0, POSITIVE)] {
        let points = data.points.iter().zip(&data.labels).filter(|(_, label)| **label == sign);
        // A white disk under each leaves a rim around the points.
        let disks = points
            .flat_map(|(&[x, y], _)| [Circle::new((x, y), 5, WHITE.filled()), Circle::new((x, y), 4, colour.filled())]);
        chart.draw_series(disks)?.label(name).legend(move |(x, y)| Circle::new((x + 7, y), 4, colour.filled()));
    }

    chart.configure_mesh().disable_mesh().x_desc("x1").y_desc("x2").label_style(label()).axis_style(INK).draw()?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .background_style(WHITE.mix(0.85))
        .label_font(label())
        .draw()?;
    Ok(())
}

fn draw_losses(area: &Area<'_>, losses: &[f64]) -> Result<(), Box<dyn Error>> {
    let largest = losses.iter().copied().fold(0.0, f64::max);
    let smallest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let mut chart = ChartBuilder::on(area)
        .caption("Training", ("sans-serif", 20).with_color(INK))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(0..losses.len() - 1, (smallest * 0.8..largest * 1.25).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_labels(6)
        .y_label_formatter(&|loss| format!("{loss}"))
        .x_desc("step")
        .y_desc("loss")
        .label_style(label())
        .axis_style(INK)
        .draw()?;
    let points = losses.iter().copied().enumerate();
    chart
        .draw_series(LineSeries::new(points, POSITIVE.stroke_width(2)))?
        .label("hinge + L2 penalty")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], POSITIVE.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .label_font(label())
        .draw()?;
    Ok(())
}

fn label() -> TextStyle<'static> {
    ("sans-serif", 14).with_color(INK).into_text_style(&(0, 0))
}

/// The ground where the score has a sign, paler within the margin of 1.
fn ground(score: f64) -> RGBColor {
    match score {
        s if s <= -1.0 => RGBColor(243, 196, 188),
        s if s <= 0.0 => RGBColor(250, 227, 222),
        s if s <= 1.0 => RGBColor(220, 234, 246),
        _ => RGBColor(180, 210, 236),
    }
}

/// The cells of a row, those beside each other with the same ground as one.
fn runs(grid: &Grid, row: usize) -> Vec<(usize, usize, RGBColor)> {
    let mut runs: Vec<(usize, usize, RGBColor)> = Vec::new();
    for column in 0..grid.columns - 1 {
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, up)| grid.score(column + right, row + up));
        let colour = ground(corners.iter().sum::<f64>() / 4.0);
        match runs.last_mut() {
            Some((_, end, last)) if *last == colour => *end = column + 1,
            _ => runs.push((column, column + 1, colour)),
        }
    }
    runs
}

/// The line where the score is `level`, as segments: in every cell it joins the places
/// where the score, linear along the edges, crosses the level.
fn contour(grid: &Grid, level: f64) -> Vec<[(f64, f64); 2]> {
    let mut segments = Vec::new();
    for row in 0..grid.rows - 1 {
        for column in 0..grid.columns - 1 {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| (column + right, row + up));
            let crossings: Vec<(f64, f64)> =
                (0..4).filter_map(|i| crossing(grid, corners[i], corners[(i + 1) % 4], level)).collect();
            segments.extend(crossings.chunks_exact(2).map(|ends| [ends[0], ends[1]]));
        }
    }
    segments
}

/// Where the score crosses the level between two neighbours.
fn crossing(grid: &Grid, a: (usize, usize), b: (usize, usize), level: f64) -> Option<(f64, f64)> {
    let (from, to) = (grid.score(a.0, a.1) - level, grid.score(b.0, b.1) - level);
    let t = from / (from - to);
    let between = |a: usize, b: usize| a as f64 * (1.0 - t) + b as f64 * t;
    let [x, y] = grid.at(between(a.0, b.0), between(a.1, b.1));
    ((from > 0.0) != (to > 0.0)).then_some((x, y))
}
