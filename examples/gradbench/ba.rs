//! Bundle adjustment: where cameras see points, compared with where they were seen.

use dualtape::{Dual, Function, Scalar, linearize};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::{Clock, Measured, Problem};

/// The numbers of cameras, points and observations, and one of each: all others are copies.
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

/// The cameras, points and observations. Each observation is one camera's view of one point.
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
    /// The start of each row, and the end of the last one.
    rows: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Scene {
    fn residuals(&self, errors: &mut [[f64; 2]], weight_errors: &mut [f64]) {
        for (i, (errors, weight_error)) in errors.iter_mut().zip(weight_errors).enumerate() {
            let (observation, inputs) = self.observation(i);
            *errors = observation.eval(&inputs);
            *weight_error = of_weight(self.weights[i]);
        }
    }

    /// An observation, and its inputs.
    #[inline(always)]
    fn observation(&self, i: usize) -> (Observation, [f64; ENTRIES]) {
        let (camera, point) = self.observations[i];
        let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2] = self.cameras[camera];
        let [x0, x1, x2] = self.points[point];
        let inputs = [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x0, x1, x2, self.weights[i]];
        (Observation { feature: self.features[i] }, inputs)
    }

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
            let (observation, inputs) = self.observation(i);
            let errors = linearize(&observation, inputs);
            let [camera, point, weight] = [11 * camera, points_start + 3 * point, weights_start + i].map(|i| i as u32);
            for ((error, columns), values) in errors.iter().zip(columns).zip(values) {
                columns[..11].iter_mut().zip(camera..).for_each(|(entry, column)| *entry = column);
                columns[11..].iter_mut().zip(point..).for_each(|(entry, column)| *entry = column);
                columns[14] = weight;
                *values = error.partials;
            }
        }
        let of_weights = columns_of_weights.iter_mut().zip(values_of_weights);
        for ((i, &weight), (column, value)) in self.weights.iter().enumerate().zip(of_weights) {
            *column = (weights_start + i) as u32;
            *value = of_weight(Dual::variable(weight)).partials[0];
        }
    }
}

/// Returns the entries as pairs of rows, for the two errors of each observation.
fn pairs_of_rows<T>(entries: &mut [T]) -> &mut [[[T; ENTRIES]; 2]] {
    entries.as_chunks_mut().0.as_chunks_mut().0
}

/// A point as a camera sees it, and its measured feature.
struct Observation {
    feature: [f64; 2],
}

impl Function for Observation {
    type Output = [f64; 2];

    /// Returns the weighted errors. The inputs are the camera's rotation, centre, focal length, principal point and
    /// distortion, the point, and the weight.
    #[inline(always)]
    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 2] {
        let &[r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x0, x1, x2, weight] = x else {
            panic!("an observation has {ENTRIES} inputs, and not {}", x.len())
        };
        let (r, z, lens) = ([r0, r1, r2], [x0 - c0, x1 - c1, x2 - c2], [f, u, v, k1, k2]);
        let square = dot(r, r);
        // Each case is written to its end, so that LLVM knows which inputs each number depends on.
        if square == 0.0 {
            self.errors(hardly_rotated(r, z), lens, weight)
        } else {
            self.errors(rotated(r, square.sqrt(), z), lens, weight)
        }
    }
}

impl Observation {
    /// Returns the weighted distance of a point's distorted projection from the feature.
    #[inline(always)]
    fn errors<S: Scalar<Real = f64>>(&self, y: [S; 3], [f, u, v, k1, k2]: [S; 5], weight: S) -> [S; 2] {
        let inverse = y[2].recip();
        let (a, b) = (y[0] * inverse, y[1] * inverse);
        let square = a * a + b * b;
        let scale = f * (square * (k1 + k2 * square) + 1.0);
        [(scale * a + u - self.feature[0]) * weight, (scale * b + v - self.feature[1]) * weight]
    }
}

/// Returns a point rotated about the axis `r` by an angle, the length of `r` (Rodrigues).
#[inline(always)]
fn rotated<S: Scalar<Real = f64>>(r: [S; 3], angle: S, z: [S; 3]) -> [S; 3] {
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

/// Returns [`rotated`] by a rotation whose length rounds to 0.
#[inline(always)]
fn hardly_rotated<S: Scalar<Real = f64>>(r: [S; 3], z: [S; 3]) -> [S; 3] {
    let turned = cross(r, z);
    [z[0] + turned[0], z[1] + turned[1], z[2] + turned[2]]
}

fn of_weight<S: Scalar<Real = f64>>(w: S) -> S {
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

    /// Returns the first 30 elements and the last of each list.
    fn shortened(&self) -> Value {
        fn ends<T: Copy + Into<Value>>(list: &[T]) -> Value {
            list.iter().take(30).chain(list.last()).copied().collect()
        }
        json!({ "rows": ends(&self.rows), "cols": ends(&self.columns), "vals": ends(&self.values) })
    }
}
