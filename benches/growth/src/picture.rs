//! Lines over the size of a problem, as SVG.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

const INK: RGBColor = RGBColor(45, 45, 50);
const COLOURS: [RGBColor; 5] = [
    RGBColor(35, 95, 160),
    RGBColor(190, 60, 50),
    RGBColor(225, 145, 30),
    RGBColor(95, 95, 105),
    RGBColor(60, 140, 75),
];

pub(crate) struct Picture {
    pub(crate) caption: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) lines: Vec<(&'static str, Vec<(f64, f64)>)>,
}

impl Picture {
    pub(crate) fn draw(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let range = |of: fn(&(f64, f64)) -> f64, above: f64| {
            let least = points().map(of).fold(f64::INFINITY, f64::min);
            let most = points().map(of).fold(0.0, f64::max);
            least / 1.2..most * above
        };
        let area = SVGBackend::new(path, (760, 480)).into_drawing_area();
        area.fill(&WHITE)?;
        let label = || ("sans-serif", 14).with_color(INK);
        let mut chart = ChartBuilder::on(&area)
            .caption(self.caption, ("sans-serif", 20).with_color(INK))
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(range(|p| p.0, 1.5).log_scale(), range(|p| p.1, 5.0).log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .x_label_formatter(&|n| format!("{n}"))
            .y_label_formatter(&|y| format!("{y}"))
            .x_desc("n: operations of the chain, inputs of Rosenbrock's function")
            .y_desc(self.unit)
            .label_style(label())
            .axis_style(INK)
            .draw()?;
        for ((name, points), colour) in self.lines.iter().zip(COLOURS) {
            chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
            chart
                .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .label_font(label())
            .draw()?;
        Ok(area.present()?)
    }
}
