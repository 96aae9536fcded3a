//! Confusion matrices.

use super::Picture;
use super::axis::Axis;
use super::chart::Chart;
use crate::nn::Confusion;

impl Confusion {
    /// Draws a field for each pair of classes with its count, darker for a larger part of the actual class. Right
    /// predictions are on the diagonal in blue, wrong ones beside it in red.
    ///
    /// ```
    /// use dualtape::nn::Confusion;
    ///
    /// let confusion = Confusion::of(&[0, 0, 1, 1, 1], &[0, 1, 1, 1, 0], 2);
    /// let (width, height) = confusion.picture().size();
    /// assert!(width > 200.0 && height > 200.0);
    /// ```
    pub fn picture(&self) -> Picture {
        let n = self.classes();
        let names = || (0..n).map(|class| class.to_string());
        let axes = (Axis::of_classes("predicted", names()), Axis::of_classes("actual", names().rev()));
        let field = if n > 5 { 40.0 } else { 64.0 };
        let size = field * n.max(3) as f64;
        let mut chart = Chart::new("Confusion matrix", (size + 64.0, size + 88.0), axes, &[], false);
        for actual in 0..n {
            let whole: usize = (0..n).map(|predicted| self.count(actual, predicted)).sum();
            for predicted in 0..n {
                let count = self.count(actual, predicted);
                let (x, y) = (predicted as f64, (n - 1 - actual) as f64);
                if count > 0 {
                    let tint = if 4 * count > whole { 't' } else { 'w' };
                    let class = format!("{tint}{}", usize::from(actual != predicted));
                    chart.rectangle(&class, [(x, y), (x + 1.0, y + 1.0)]);
                    chart.text((x + 0.5, y + 0.5), &count.to_string());
                }
            }
        }
        chart.finish()
    }

    /// Returns the drawing as a complete SVG file.
    ///
    /// ```
    /// use dualtape::nn::Confusion;
    ///
    /// assert!(Confusion::of(&[0, 0], &[0, 1], 2).svg().contains(">predicted</text>"));
    /// ```
    pub fn svg(&self) -> String {
        self.picture().svg()
    }

    /// Shows it in a notebook: [`Picture::evcxr_display`].
    ///
    /// ```
    /// dualtape::nn::Confusion::of(&[0, 0], &[0, 1], 2).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        self.picture().evcxr_display();
    }
}
