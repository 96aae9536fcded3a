//! Hand tracking: the skin of a posed hand, and points that were measured on it.

use dualtape::{Dual, Scalar};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

/// The pose, the assumed place of each measured point in its triangle, and the hand.
#[derive(Deserialize)]
pub(crate) struct Hand {
    theta: [f64; 26],
    us: Vec<[f64; 2]>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    model: Model,
    correspondences: Vec<usize>,
    points: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Model {
    parents: Vec<i64>,
    base_relatives: Vec<Matrix<f64>>,
    inverse_base_absolutes: Vec<Matrix<f64>>,
    base_positions: Vec<[f64; 4]>,
    weights: Vec<Vec<f64>>,
    triangles: Vec<[usize; 3]>,
    is_mirrored: bool,
}

type Matrix<S> = [[S; 4]; 4];

impl Problem for Hand {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let skin = Skin::of(self);
        match (function, self.us.is_empty()) {
            ("objective", _) => clock.time(|| skin.residuals(&self.theta, |i| self.us[i])).map(Value::from),
            (_, true) => clock.time(|| skin.jacobian::<26>(self, 0)).map(rows),
            (_, false) => clock.time(|| skin.jacobian::<28>(self, 2)).map(rows),
        }
    }
}

fn rows<const N: usize>(rows: Vec<[f64; N]>) -> Value {
    rows.iter().map(|row| row.to_vec()).collect()
}

/// The part of the hand that the measured points are compared with.
///
/// It has only the vertices that some point is compared with, and only their weights that are not zero. The problem
/// permits it, and it makes an order of magnitude of difference to the plain function too.
struct Skin<'a> {
    hand: &'a Hand,
    vertices: Vec<Vertex>,
    /// The indices in `vertices` that each point is compared with: three, or one.
    corners: Vec<Vec<usize>>,
}

struct Vertex {
    position: [f64; 4],
    /// The bones that move it, and how much.
    weights: Vec<(usize, f64)>,
}

impl<'a> Skin<'a> {
    fn of(hand: &'a Hand) -> Self {
        let model = &hand.data.model;
        let mut places = vec![None; model.base_positions.len()];
        let mut vertices = Vec::new();
        let mut place = |i: usize| {
            *places[i].get_or_insert_with(|| {
                let weights = model.weights[i].iter().copied().enumerate().filter(|&(_, weight)| weight != 0.0);
                vertices.push(Vertex { position: model.base_positions[i], weights: weights.collect() });
                vertices.len() - 1
            })
        };
        let corners = hand.data.correspondences.iter().map(|&i| {
            if hand.us.is_empty() { vec![place(i)] } else { model.triangles[i].iter().map(|&i| place(i)).collect() }
        });
        let corners = corners.collect();
        Skin { hand, vertices, corners }
    }

    /// Returns point minus skin, three numbers for each point.
    fn residuals<S: Scalar<Real = f64>>(&self, theta: &[S; 26], us: impl Fn(usize) -> [S; 2]) -> Vec<S> {
        let vertices = self.posed(theta);
        let mut residuals = Vec::with_capacity(3 * self.corners.len());
        for (i, (point, corners)) in self.hand.data.points.iter().zip(&self.corners).enumerate() {
            let skin = match corners[..] {
                [a, b, c] => {
                    let [p, q] = us(i);
                    let rest = -p - q + 1.0;
                    [0, 1, 2].map(|j| vertices[a][j] * p + vertices[b][j] * q + vertices[c][j] * rest)
                }
                _ => vertices[corners[0]],
            };
            residuals.extend([0, 1, 2].map(|j| -skin[j] + point[j]));
        }
        residuals
    }

    /// Returns the derivatives with respect to each point's place in its triangle, in the first lanes, and to the
    /// pose.
    fn jacobian<const N: usize>(&self, hand: &Hand, places: usize) -> Vec<[f64; N]> {
        let theta = std::array::from_fn(|i| Dual::<f64, N>::seeded(hand.theta[i], places + i));
        let residuals = self.residuals(&theta, |i| {
            let [p, q] = hand.us[i];
            [Dual::seeded(p, 0), Dual::seeded(q, 1)]
        });
        residuals.iter().map(|residual| residual.partials).collect()
    }

    /// Returns the vertices of the posed hand.
    fn posed<S: Scalar<Real = f64>>(&self, theta: &[S; 26]) -> Vec<[S; 3]> {
        let [x, y, z, fingers @ ..] = theta;
        let (global, [tx, ty, tz, fingers @ ..]) = (rotation([*x, *y, *z]), fingers);
        let transforms = self.transforms(fingers);
        let posed = self.vertices.iter().map(|vertex| {
            let mut v = [S::zero(); 3];
            for &(bone, weight) in &vertex.weights {
                let p = vertex.position.map(|x| x * weight);
                for (v, row) in v.iter_mut().zip(&transforms[bone]) {
                    *v += row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3] * p[3];
                }
            }
            if self.hand.data.model.is_mirrored {
                v[0] = -v[0];
            }
            let [a, b, c] = global.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
            [a + *tx, b + *ty, c + *tz]
        });
        posed.collect()
    }

    /// Returns the transformation of the skin by each bone, from four angles for each finger.
    fn transforms<S: Scalar<Real = f64>>(&self, fingers: &[S; 20]) -> Vec<Matrix<S>> {
        let model = &self.hand.data.model;
        let mut angles = vec![[S::zero(); 2]; model.parents.len()];
        for (finger, &[spread, side, middle, tip]) in fingers.as_chunks::<4>().0.iter().enumerate() {
            angles[2 + 4 * finger] = [spread, side];
            angles[3 + 4 * finger][0] = middle;
            angles[4 + 4 * finger][0] = tip;
        }
        let mut absolutes: Vec<Matrix<S>> = Vec::new();
        for (bone, [about_x, about_z]) in angles.into_iter().enumerate() {
            let relative = product(&lifted(&model.base_relatives[bone]), &bone_rotation(about_x, about_z));
            absolutes.push(match usize::try_from(model.parents[bone]) {
                Ok(parent) => product(&absolutes[parent], &relative),
                Err(_) => relative,
            });
        }
        let inverses = &model.inverse_base_absolutes;
        absolutes.iter().zip(inverses).map(|(absolute, inverse)| product(absolute, &lifted(inverse))).collect()
    }
}

/// Returns the rotation about the axis `omega` by its length.
fn rotation<S: Scalar<Real = f64>>(omega: [S; 3]) -> [[S; 3]; 3] {
    let (one, zero) = (S::one(), S::zero());
    let square = omega[0] * omega[0] + omega[1] * omega[1] + omega[2] * omega[2];
    if square.value().sqrt() < 1e-4 {
        return [[one, zero, zero], [zero, one, zero], [zero, zero, one]];
    }
    let angle = square.sqrt();
    let [x, y, z] = omega.map(|omega| omega / angle);
    let (sin, cos) = angle.sin_cos();
    let rest = -cos + 1.0;
    [
        [cos + rest * x * x, rest * x * y - sin * z, rest * x * z + sin * y],
        [rest * x * y + sin * z, cos + rest * y * y, rest * y * z - sin * x],
        [rest * x * z - sin * y, rest * y * z + sin * x, cos + rest * z * z],
    ]
}

/// Returns the rotation about the first axis and then the third.
fn bone_rotation<S: Scalar<Real = f64>>(about_x: S, about_z: S) -> Matrix<S> {
    let (one, zero) = (S::one(), S::zero());
    let ((sx, cx), (sz, cz)) = (about_x.sin_cos(), about_z.sin_cos());
    [[cz, -sz * cx, sz * sx, zero], [sz, cz * cx, -cz * sx, zero], [zero, sx, cx, zero], [zero, zero, zero, one]]
}

fn lifted<S: Scalar<Real = f64>>(matrix: &Matrix<f64>) -> Matrix<S> {
    matrix.map(|row| row.map(S::from_real))
}

fn product<S: Scalar<Real = f64>>(a: &Matrix<S>, b: &Matrix<S>) -> Matrix<S> {
    a.map(|row| std::array::from_fn(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j] + row[3] * b[3][j]))
}
