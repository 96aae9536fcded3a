//! Clustering: the squared distances of points to their nearest centroids.

use dualtape::{Scalar, Terms, hvp};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct Clusters {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

impl Problem for Clusters {
    const FUNCTIONS: &'static [&'static str] = &["cost", "dir"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let centroids = self.centroids.concat();
        let rows = |direction: Vec<f64>| direction.chunks(self.dimension()).map(<[f64]>::to_vec).collect();
        match (function, form) {
            ("cost", _) => clock.time(|| self.cost(&centroids)).map(Value::from),
            (_, Form::Plain) => clock.time(|| self.plain(&centroids)).map(rows),
            (_, Form::Tuned) => clock.time(|| self.tuned(&centroids)).map(rows),
        }
    }
}

impl Clusters {
    fn dimension(&self) -> usize {
        self.points[0].len()
    }

    fn cost<S: Scalar<Real = f64>>(&self, centroids: &[S]) -> S {
        let distances = |point| centroids.chunks_exact(self.dimension()).map(move |c| squared_distance(c, point));
        self.points.iter().map(|point| distances(point).reduce(S::min).expect("there are centroids")).sum()
    }

    /// Each square depends on one coordinate, so the Hessian is diagonal, and its product with ones is the diagonal.
    fn plain(&self, centroids: &[f64]) -> Vec<f64> {
        let (_, g, diagonal) = hvp(|centroids| self.cost(centroids), centroids, &vec![1.0; centroids.len()]);
        quotients(&g, &diagonal)
    }

    /// Finds the nearest centroids by value, so that only their distances are recorded.
    fn tuned(&self, centroids: &[f64]) -> Vec<f64> {
        let d = self.dimension();
        let nearest: Vec<usize> = self.points.iter().map(|point| nearest(centroids, point)).collect();
        let term = |i: usize, centroids: &[_]| squared_distance(&centroids[nearest[i] * d..][..d], &self.points[i]);
        let (_, g, diagonal) = Terms::all(self.points.len()).hvp(term, centroids, &vec![1.0; centroids.len()]);
        quotients(&g, &diagonal)
    }
}

fn squared_distance<S: Scalar<Real = f64>>(centroid: &[S], point: &[f64]) -> S {
    centroid.iter().zip(point).map(|(&c, &p)| (c - p) * (c - p)).sum()
}

/// Returns the first of the centroids that are nearest to a point.
fn nearest(centroids: &[f64], point: &[f64]) -> usize {
    let distances = centroids.chunks_exact(point.len()).map(|c| squared_distance(c, point));
    let nearest = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.expect("there are centroids").0
}

fn quotients(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a / b).collect()
}
