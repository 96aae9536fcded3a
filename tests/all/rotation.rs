//! Rotations and rigid motions against exponentials of matrices, at angles from 0 to π and beyond.

use dualtape::linalg::{expm, norm, solve};
use dualtape::rotation::{quaternion, se3, so2, so3};
use dualtape::{Scalar, check, derivative, function, hessian, jacobian};

use crate::support::compare::{assert_all_close, assert_close};

const AXIS: [f64; 3] = [2.0 / 7.0, -3.0 / 7.0, 6.0 / 7.0];

const ANGLES: [f64; 10] = [0.0, 1e-300, 1e-9, 1e-4, 0.1, 1.0, 3.1, 3.5, 5.0, 30.0];

fn vector(angle: f64) -> [f64; 3] {
    AXIS.map(|x| x * angle)
}

/// The matrix of the cross product with w.
fn cross<S: Scalar>(w: &[S]) -> [S; 9] {
    let zero = S::zero();
    [zero, -w[2], w[1], w[2], zero, -w[0], -w[1], w[0], zero]
}

/// The matrix whose exponential is the motion of a twist.
fn twist_matrix<S: Scalar>(x: &[S]) -> [S; 16] {
    let w = cross(x);
    std::array::from_fn(|k| match (k / 4, k % 4) {
        (3, _) => S::zero(),
        (i, 3) => x[3 + i],
        (i, j) => w[3 * i + j],
    })
}

fn three<S: Scalar>(x: &[S]) -> [S; 3] {
    std::array::from_fn(|i| x[i])
}

#[test]
fn exponentials_have_the_derivatives_of_the_exponential_of_the_matrix() {
    for angle in ANGLES {
        for entry in [0, 1, 5] {
            let (y, g, h) = hessian(|w| so3::exp(three(w))[entry], &vector(angle));
            let (z, of_g, of_h) = hessian(|w| expm(&cross(w))[entry], &vector(angle));
            assert_close("value", y, z, 1e-13);
            assert_all_close("gradient", &g, &of_g, 1e-13);
            assert_all_close("Hessian", h.as_slice(), of_h.as_slice(), 1e-12);
        }
        let twist = [vector(angle), [0.5, -1.0, 2.0]].concat();
        let motion = |x: &[_]| se3::exp(std::array::from_fn(|i| x[i]))[3];
        let ((y, g, h), (z, of_g, of_h)) = (hessian(motion, &twist), hessian(|x| expm(&twist_matrix(x))[3], &twist));
        assert_close("value", y, z, 1e-13);
        assert_all_close("gradient", &g, &of_g, 1e-12);
        assert_all_close("Hessian", h.as_slice(), of_h.as_slice(), 1e-11);
    }
}

#[test]
fn fourth_derivatives_at_the_angle_0_equal_the_series() {
    // The entry −w₂·sin θ/θ along w = (0, 0, t) is −sin t, and cos θ is cos t.
    fn fourth<S: Scalar<Real = f64>>(f: impl Fn(S) -> S, t: S) -> S {
        f(t)
    }
    let of = |entry: usize| {
        move |t| {
            derivative(
                |t| derivative(|t| derivative(|t| derivative(|t| fourth(|t| along_z(t)[entry], t), t).1, t).1, t).1,
                t,
            )
            .1
        }
    };
    assert_close("cosine", of(0)(0.0), 1.0, 1e-14);
    assert_close("sine", of(3)(0.0), 0.0, 1e-14);
    assert_close("cosine", of(0)(0.7), 0.7_f64.cos(), 1e-14);
    assert_close("sine", of(3)(3.0), 3.0_f64.sin(), 1e-14);
}

fn along_z<S: Scalar>(t: S) -> [S; 9] {
    so3::exp([S::zero(), S::zero(), t])
}

#[test]
fn logarithms_invert_exponentials_with_their_derivatives() {
    let identity = |n: usize| (0..n * n).map(|k| if k % (n + 1) == 0 { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    for angle in [0.0, 1e-300, 1e-9, 1e-4, 0.1, 0.45, 0.5, 1.0, 2.0, 3.0, 3.125, std::f64::consts::PI - 1e-9] {
        for axis in [AXIS, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-6.0 / 7.0, 2.0 / 7.0, 3.0 / 7.0]] {
            let w = axis.map(|x| x * angle);
            let (y, j) = jacobian(|w| so3::log(&so3::exp(three(w))), &w);
            assert_all_close("vector", &y, &w, 1e-13);
            assert_all_close("slopes", j.as_slice(), &identity(3), 1e-12);
            let (y, j) = jacobian(|w| quaternion::log(quaternion::exp(three(w))), &w);
            assert_all_close("vector", &y, &w, 1e-13);
            assert_all_close("slopes", j.as_slice(), &identity(3), 1e-12);
            let twist = [w, [0.5, -1.0, 2.0]].concat();
            let (y, j) = jacobian(|x| se3::log(&se3::exp(std::array::from_fn(|i| x[i]))), &twist);
            assert_all_close("twist", &y, &twist, 1e-12);
            assert_all_close("slopes", j.as_slice(), &identity(6), 1e-11);
            for entry in 0..3 {
                let (_, _, h) = hessian(|w| so3::log(&so3::exp(three(w)))[entry], &w);
                assert_all_close("curvature", h.as_slice(), &[0.0; 9], 1e-10);
                let (_, _, h) = hessian(|w| quaternion::log(quaternion::exp(three(w)))[entry], &w);
                assert_all_close("curvature", h.as_slice(), &[0.0; 9], 1e-10);
            }
        }
    }
}

#[test]
fn the_logarithm_at_pi_has_the_derivatives_of_a_branch() {
    let half_turn = |axis: [f64; 3]| -> [f64; 9] {
        std::array::from_fn(|k| 2.0 * axis[k / 3] * axis[k % 3] - if k % 4 == 0 { 1.0 } else { 0.0 })
    };
    for axis in [AXIS, [1.0, 0.0, 0.0], [0.0, -0.6, 0.8]] {
        let r = half_turn(axis);
        let step = |u: &[_]| {
            let turn = so3::exp(three(u));
            so3::log(&so3::compose(&turn, &r.map(|x| u[0] * 0.0 + x)))
        };
        let (w, j) = jacobian(step, &[0.0; 3]);
        assert_close("angle", norm(&w), std::f64::consts::PI, 1e-14);
        assert_all_close("rotation", &so3::exp([w[0], w[1], w[2]]), &r, 1e-14);
        // exp(w + J·u) is exp(u)·exp(w) to first order, for the branch of w.
        let (_, back) = jacobian(|d: &[_]| so3::exp(std::array::from_fn(|i| d[i] + w[i])), &[0.0; 3]);
        let (_, turned) = jacobian(|u: &[_]| so3::compose(&so3::exp(three(u)), &r.map(|x| u[0] * 0.0 + x)), &[0.0; 3]);
        let product = |k: usize| (0..3).map(|i| back[(k / 3, i)] * j[(i, k % 3)]).sum::<f64>();
        assert_all_close("branch", &(0..27).map(product).collect::<Vec<_>>(), turned.as_slice(), 1e-13);
    }
}

#[test]
fn the_left_jacobian_comes_out_by_differentiation() {
    for angle in [0.0, 1e-5, 0.5, 2.5] {
        let w = vector(angle);
        // d/dδ log(exp(w + δ)·exp(w)⁻¹) at δ = 0
        let back = so3::exp(w.map(|x| -x));
        let step = |d: &[_]| {
            let moved = std::array::from_fn(|i| d[i] + w[i]);
            so3::log(&so3::compose(&so3::exp(moved), &back.map(|x| d[0] * 0.0 + x)))
        };
        let (_, j) = jacobian(step, &[0.0; 3]);
        // J·u is the translation of the twist (w, u).
        let columns: Vec<f64> = (0..3)
            .flat_map(|i| {
                let [a, b, c] = w;
                let u: [f64; 3] = std::array::from_fn(|k| if i == k { 1.0 } else { 0.0 });
                let motion = se3::exp([a, b, c, u[0], u[1], u[2]]);
                [motion[3], motion[7], motion[11]]
            })
            .collect();
        let wanted: Vec<f64> = (0..9).map(|k| columns[k % 3 * 3 + k / 3]).collect();
        assert_all_close("left Jacobian", j.as_slice(), &wanted, 1e-13);
    }
}

#[test]
fn quaternions_and_matrices_are_the_same_rotations() {
    for angle in ANGLES {
        let (w, p) = (vector(angle), [0.5, 1.0, -2.0]);
        let (q, r) = (quaternion::exp(w), so3::exp(w));
        assert_close("length", norm(&q), 1.0, 1e-15);
        assert_all_close("matrix", &quaternion::to_matrix(q), &r, 1e-14);
        assert_all_close("point", &quaternion::rotate(q, p), &so3::rotate(&r, p), 1e-14);
        let back = quaternion::from_matrix(&r);
        assert_all_close("matrix of the quaternion", &quaternion::to_matrix(back), &r, 1e-14);
        let twice = quaternion::to_matrix(quaternion::compose(q, back));
        assert_all_close("composition", &twice, &so3::compose(&r, &r), 1e-14);
    }
}

#[test]
fn motions_compose_and_move_points() {
    let (a, b) = (se3::exp([0.5, -1.0, 0.25, 1.0, 2.0, 3.0]), se3::exp([-0.75, 0.5, 2.0, -1.0, 0.5, 0.25]));
    let p = [1.0, -2.0, 0.5];
    let both = se3::transform(&se3::compose(&a, &b), p);
    assert_all_close("point", &both, &se3::transform(&a, se3::transform(&b, p)), 1e-14);
    let unmoved = solve(&a, &[both[0], both[1], both[2], 1.0]);
    assert_all_close("inverse", &unmoved[..3], &se3::transform(&b, p), 1e-14);
    let (c, d) = (so2::exp(0.5), so2::exp(2.0));
    assert_close("angle", so2::log(&so2::compose(&c, &d)), 2.5, 1e-15);
    assert_all_close("point", &so2::rotate(&c, so2::rotate(&d, [1.0, 0.0])), &[2.5_f64.cos(), 2.5_f64.sin()], 1e-15);
}

#[test]
fn rotations_agree_with_differences() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let [a, b] = [three(x), three(&x[3..])];
        let r = so3::compose(&so3::exp(a), &quaternion::to_matrix(quaternion::exp(b)));
        let log = so3::log(&r);
        let motion = se3::log(&se3::compose(&se3::exp([a[0], a[1], a[2], b[0], b[1], b[2]]), &along(b[2])));
        let [c, s, ..] = so2::exp(so2::log(&so2::exp(a[0])) + b[1]);
        log[0] + log[1] * 2.0 - log[2] + motion[4] * motion[1] + motion[5] + c * s
    }
    fn along<S: Scalar<Real = f64>>(t: S) -> [S; 16] {
        se3::exp([t, t * 0.5, -t, t, t, t])
    }
    check(&function!(f), &[0.3, -0.5, 0.2, 0.1, 0.4, -0.6]).assert_agreement();
    check(&function!(f), &[0.0; 6]).assert_agreement();
}
