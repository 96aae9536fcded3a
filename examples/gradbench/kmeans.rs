//! Clustering: the squared distances of points to their nearest centroids.

use dualtape::{Function, Scalar, fuse, hvp, sum};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct Clusters {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

impl Problem for Clusters {
    const FUNCTIONS: &'static [&'static str] = &["cost", "dir"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let dimension = self.centroids[0].len();
        let centroids = self.centroids.concat();
        match function {
            "cost" => clock.time(|| cost(&self.points, &centroids)).map(Value::from),
            _ => clock
                .time(|| newton_direction(&self.points, &centroids))
                .map(|direction| direction.chunks(dimension).map(<[f64]>::to_vec).collect()),
        }
    }
}

fn cost(points: &[Vec<f64>], centroids: &[f64]) -> f64 {
    let nearest = |point: &Vec<f64>| squared_distance(point, centroids, nearest(point, centroids));
    points.iter().map(nearest).sum()
}

/// The gradient by the diagonal of the Hessian, element by element.
///
/// The Hessian is diagonal, so its product with ones is the diagonal.
fn newton_direction(points: &[Vec<f64>], centroids: &[f64]) -> Vec<f64> {
    let nearest: Vec<usize> = points.iter().map(|point| nearest(point, centroids)).collect();
    let cost = |centroids: &[_]| {
        let distances: Vec<_> =
            points.iter().zip(&nearest).map(|(point, &j)| squared_distance(point, centroids, j)).collect();
        sum(&distances)
    };
    let (_, g, diagonal) = hvp(cost, centroids, &vec![1.0; centroids.len()]);
    g.iter().zip(diagonal).map(|(g, h)| g / h).collect()
}

/// The first of the centroids that are nearest to a point.
fn nearest(point: &[f64], centroids: &[f64]) -> usize {
    let mut best = (0, f64::INFINITY);
    for j in 0..centroids.len() / point.len() {
        let distance = squared_distance(point, centroids, j);
        if distance < best.1 {
            best = (j, distance);
        }
    }
    best.0
}

/// The squared distance of a point to the centroid `j`.
fn squared_distance<S: Scalar<Real = f64>>(point: &[f64], centroids: &[S], j: usize) -> S {
    let centroid = &centroids[j * point.len()..][..point.len()];
    point.iter().zip(centroid).fold(S::zero(), |sum, (&p, &c)| fuse(&PlusSquare(p), [sum, c]))
}

/// `sum + (c − p)²` of a sum and a coordinate `c`.
struct PlusSquare(f64);

impl Function for PlusSquare {
    type Output = f64;

    #[inline(always)]
    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let difference = x[1] - self.0;
        x[0] + difference * difference
    }
}
