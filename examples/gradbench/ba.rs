//! Bundle adjustment: where cameras see points, and where they were seen.

use dualtape::{Dual, Scalar};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::{Clock, Measured, Problem};

/// The numbers of cameras, points and observations, and one of each, of which all are copies.
#[derive(Deserialize)]
pub(crate) struct Bundle {
    n: usize,
    m: usize,
    p: usize,
    cam: [f64; 11],
    x: [f64; 3],
    w: f64,
    feat: [f64; 2],
}

impl Problem for Bundle {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let scene = Scene {
            cameras: vec![self.cam; self.n],
            points: vec![self.x; self.m],
            weights: vec![self.w; self.p],
            features: vec![self.feat; self.p],
            observations: (0..self.p).map(|i| (i % self.n, i % self.m)).collect(),
        };
        match function {
            "objective" => {
                let (mut errors, mut weight_errors) = (vec![[0.0; 2]; self.p], vec![0.0; self.p]);
                clock.time(|| scene.residuals(&mut errors, &mut weight_errors)).map(|()| {
                    json!({
                        "reproj_error": { "elements": errors[0], "repeated": self.p },
                        "w_err": { "element": weight_errors[0], "repeated": self.p },
                    })
                })
            }
            _ => {
                let mut jacobian = Sparse::of_observations(self.p);
                clock.time(|| scene.jacobian(&mut jacobian)).map(|()| jacobian.shortened())
            }
        }
    }
}

/// Each observation is one of a point by a camera.
struct Scene {
    cameras: Vec<[f64; 11]>,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    features: Vec<[f64; 2]>,
    observations: Vec<(usize, usize)>,
}

/// The number of inputs of an observation.
const ENTRIES: usize = 15;

/// A sparse matrix, row by row.
struct Sparse {
    /// Where each row starts and the last one ends.
    rows: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Scene {
    fn residuals(&self, errors: &mut [[f64; 2]], weight_errors: &mut [f64]) {
        for (i, &(camera, point)) in self.observations.iter().enumerate() {
            let (r, center, lens) = parts(&self.cameras[camera]);
            let rotated = rotated(r, moved(center, self.points[point]));
            errors[i] = projection_error(rotated, lens, self.features[i]).map(|error| weighted(error, self.weights[i]));
            weight_errors[i] = weight_error(self.weights[i]);
        }
    }

    /// An observation has 15 inputs. It is differentiated in four parts of six, six, eight and two inputs,
    /// each in as many lanes, which the chain rule joins.
    fn jacobian(&self, jacobian: &mut Sparse) {
        let count = self.observations.len();
        let points_start = 11 * self.cameras.len();
        let weights_start = points_start + 3 * self.points.len();
        for (i, end) in jacobian.rows.iter_mut().enumerate() {
            *end = ENTRIES * i.min(2 * count) + i.saturating_sub(2 * count);
        }
        let (columns, columns_of_weights) = jacobian.columns.split_at_mut(2 * ENTRIES * count);
        let (values, values_of_weights) = jacobian.values.split_at_mut(2 * ENTRIES * count);
        let outputs = pairs_of_rows(columns).iter_mut().zip(pairs_of_rows(values));
        for ((i, &(camera, point)), (columns, values)) in self.observations.iter().enumerate().zip(outputs) {
            let (r, center, lens) = parts(&self.cameras[camera]);
            let moved = moved(seeded::<3, 6>(center, 0), seeded(self.points[point], 3));
            let rotated = rotated(seeded::<3, 6>(r, 0), seeded(moved.map(|x| x.value), 3));
            let errors =
                projection_error(seeded::<3, 8>(rotated.map(|x| x.value), 0), seeded(lens, 3), self.features[i]);
            let [camera, point, weight] = [11 * camera, points_start + 3 * point, weights_start + i].map(|i| i as u32);
            for ((error, columns), values) in errors.iter().zip(columns).zip(values) {
                columns[..11].iter_mut().zip(camera..).for_each(|(entry, column)| *entry = column);
                columns[11..].iter_mut().zip(point..).for_each(|(entry, column)| *entry = column);
                columns[14] = weight;

                let weighted = weighted(Dual::<f64, 2>::seeded(error.value, 0), Dual::seeded(self.weights[i], 1));
                let [by_error, by_weight] = weighted.partials;
                let by_error = error.partials.map(|partial| by_error * partial);
                let by_rotation = chained(&by_error[..3], &rotated);
                let by_place = chained(&by_rotation[3..], &moved);
                let ([r0, r1, r2, ..], [c0, c1, c2, x0, x1, x2]) = (by_rotation, by_place);
                let [.., f, u, v, k1, k2] = by_error;
                *values = [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x0, x1, x2, by_weight];
            }
        }
        let of_weights = columns_of_weights.iter_mut().zip(values_of_weights);
        for ((i, &weight), (column, value)) in self.weights.iter().enumerate().zip(of_weights) {
            *column = (weights_start + i) as u32;
            *value = weight_error(Dual::variable(weight)).partials[0];
        }
    }
}

/// What the two errors of each observation have.
fn pairs_of_rows<T>(entries: &mut [T]) -> &mut [[[T; ENTRIES]; 2]] {
    entries.as_chunks_mut().0.as_chunks_mut().0
}

/// The rotation, the centre, and the focal length, principal point and distortion of a camera.
fn parts(camera: &[f64; 11]) -> ([f64; 3], [f64; 3], [f64; 5]) {
    let [r0, r1, r2, c0, c1, c2, lens @ ..] = *camera;
    ([r0, r1, r2], [c0, c1, c2], lens)
}

/// The variables of the lanes from `first` on.
#[inline(always)]
fn seeded<const K: usize, const N: usize>(x: [f64; K], first: usize) -> [Dual<f64, N>; K] {
    let mut variables = x.map(Dual::constant);
    for (i, x) in variables.iter_mut().enumerate() {
        x.partials[first + i] = 1.0;
    }
    variables
}

/// The chain rule: the derivatives of what has the slopes `slopes` by `inner`.
#[inline(always)]
fn chained<const K: usize, const N: usize>(slopes: &[f64], inner: &[Dual<f64, N>; K]) -> [f64; N] {
    let mut sums = [0.0; N];
    for (slope, inner) in slopes.iter().zip(inner) {
        for (sum, partial) in sums.iter_mut().zip(&inner.partials) {
            *sum += slope * partial;
        }
    }
    sums
}

/// A point relative to the centre of a camera.
fn moved<S: Scalar<Real = f64>>(center: [S; 3], point: [S; 3]) -> [S; 3] {
    [point[0] - center[0], point[1] - center[1], point[2] - center[2]]
}

/// A point rotated about the axis `r` by the length of `r` (Rodrigues).
#[inline(always)]
fn rotated<S: Scalar<Real = f64>>(r: [S; 3], z: [S; 3]) -> [S; 3] {
    let square = dot(r, r);
    if square == 0.0 {
        let turned = cross(r, z);
        return [z[0] + turned[0], z[1] + turned[1], z[2] + turned[2]];
    }
    let angle = square.sqrt();
    let inverse = angle.recip();
    let axis = [r[0] * inverse, r[1] * inverse, r[2] * inverse];
    let (sin, cos) = angle.sin_cos();
    let (turned, along) = (cross(axis, z), dot(axis, z) * (-cos + 1.0));
    [
        z[0] * cos + turned[0] * sin + axis[0] * along,
        z[1] * cos + turned[1] * sin + axis[1] * along,
        z[2] * cos + turned[2] * sin + axis[2] * along,
    ]
}

/// The distance of a point's distorted projection from the feature.
#[inline(always)]
fn projection_error<S: Scalar<Real = f64>>(y: [S; 3], [f, u, v, k1, k2]: [S; 5], feature: [f64; 2]) -> [S; 2] {
    let inverse = y[2].recip();
    let (a, b) = (y[0] * inverse, y[1] * inverse);
    let square = a * a + b * b;
    let scale = f * (square * (k1 + k2 * square) + 1.0);
    [scale * a + u - feature[0], scale * b + v - feature[1]]
}

#[inline(always)]
fn weighted<S: Scalar<Real = f64>>(error: S, weight: S) -> S {
    error * weight
}

fn weight_error<S: Scalar<Real = f64>>(w: S) -> S {
    -(w * w) + 1.0
}

#[inline(always)]
fn dot<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> S {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline(always)]
fn cross<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> [S; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

impl Sparse {
    /// The two errors of all observations, and then their weight errors.
    fn of_observations(count: usize) -> Self {
        let entries = (2 * ENTRIES + 1) * count;
        Sparse { rows: vec![0; 3 * count + 1], columns: vec![0; entries], values: vec![0.0; entries] }
    }

    /// The first 30 elements and the last of each list.
    fn shortened(&self) -> Value {
        fn ends<T: Copy + Into<Value>>(list: &[T]) -> Value {
            list.iter().take(30).chain(list.last()).copied().collect()
        }
        json!({ "rows": ends(&self.rows), "cols": ends(&self.columns), "vals": ends(&self.values) })
    }
}
