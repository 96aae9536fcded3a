//! Pictures of the training.

use dualtape::nn::Mlp;
use dualtape::plot::{Boundary, Curves, Picture};

use crate::History;
use crate::data::Data;

/// Returns the boundary between the moons, and the points.
pub(crate) fn boundary(mlp: &Mlp, data: &Data) -> Boundary {
    let (x, y) = Boundary::around(&data.points, 1.0);
    let classes: Vec<usize> = data.labels.iter().map(|&label| usize::from(label > 0.0)).collect();
    let boundary = Boundary::of_network(x, y, mlp).classes(&["label -1", "label 1"]);
    boundary.points(&data.points, &classes).size(620.0, 500.0)
}

/// Returns the loss before every step and after the last.
pub(crate) fn losses(history: &History) -> Curves {
    let steps = history.losses.iter().enumerate().map(|(step, &loss)| (step as f64, loss));
    Curves::new("Training", "step", "loss").log_y().line("hinge + L2 penalty", steps).size(500.0, 290.0)
}

/// Returns the boundary on the left, the loss and the accuracy on the right.
pub(crate) fn training(mlp: &Mlp, data: &Data, history: &History) -> Picture {
    let accuracies = history.accuracies.iter().enumerate().map(|(step, &accuracy)| (step as f64, 100.0 * accuracy));
    let accuracies = Curves::new("", "step", "accuracy / %").line("", accuracies).size(500.0, 210.0);
    boundary(mlp, data).picture().beside(losses(history).picture().above(accuracies.picture()))
}

/// Returns the boundary at some of the steps, one after the other.
pub(crate) fn animation(history: &History, data: &Data) -> Picture {
    let frame = |(step, mlp): &(usize, Mlp)| {
        let title = format!("Step {step}, loss {:.3}", history.losses[*step]);
        boundary(mlp, data).titled(&title, "x1", "x2").picture()
    };
    Picture::animation(history.networks.iter().map(frame), 0.25)
}
