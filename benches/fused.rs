//! Functions with the attribute `fused`, relative to the same functions without it.
//!
//! ```text
//! cargo bench --features macros --bench fused -- nothing
//! ```

#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::{Scalar, fused, gradient, gradient_array, gradient_forward};
use workload::Workload;

/// The functions of a problem twice: in `bare` as written, and in `fusing` with the attribute on the first.
macro_rules! both {
    ($(#[$about:meta])* kernel { $($kernel:tt)* } objective { $($objective:tt)* }) => {
        $(#[$about])*
        pub(crate) mod bare {
            use super::*;
            $($kernel)*
            $($objective)*
        }
        $(#[$about])*
        pub(crate) mod fusing {
            use super::*;
            #[fused]
            $($kernel)*
            $($objective)*
        }
    };
}

/// Bundle adjustment: where cameras see points. A camera has eleven numbers.
mod camera {
    use super::*;

    const OBSERVATIONS: usize = 500;
    const CAMERAS: usize = 9;
    const POINTS: usize = 50;
    pub(super) const INPUTS: usize = 11 * CAMERAS + 3 * POINTS;

    #[inline(always)]
    fn dot<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> S {
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    }

    #[inline(always)]
    fn cross<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> [S; 3] {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    }

    /// Returns the sum of the errors of all observations.
    pub(super) fn observed<S: Scalar>(x: &[S], error: impl Fn(&[S; 11], &[S; 3], [f64; 2]) -> S) -> S {
        let (cameras, points) = x.split_at(11 * CAMERAS);
        let (cameras, points) = (cameras.as_chunks().0, points.as_chunks().0);
        (0..OBSERVATIONS).map(|i| error(&cameras[i % CAMERAS], &points[i % POINTS], [0.1, -0.2])).sum()
    }

    both! {
        kernel {
            #[inline(always)]
            pub(crate) fn residual<S: Scalar<Real = f64>>(camera: &[S; 11], point: &[S; 3], seen: [f64; 2]) -> [S; 2] {
                let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2] = *camera;
                let (r, z) = ([r0, r1, r2], [point[0] - c0, point[1] - c1, point[2] - c2]);
                let angle = dot(r, r).sqrt();
                let axis = [r0 / angle, r1 / angle, r2 / angle];
                let (sin, cos) = angle.sin_cos();
                let (turned, along) = (cross(axis, z), dot(axis, z) * (-cos + 1.0));
                let y = [
                    z[0] * cos + turned[0] * sin + axis[0] * along,
                    z[1] * cos + turned[1] * sin + axis[1] * along,
                    z[2] * cos + turned[2] * sin + axis[2] * along,
                ];
                let (a, b) = (y[0] / y[2], y[1] / y[2]);
                let square = a * a + b * b;
                let scale = f * (square * (k1 + k2 * square) + 1.0);
                [scale * a + u - seen[0], scale * b + v - seen[1]]
            }
        }
        objective {
            pub(crate) fn misfit<S: Scalar<Real = f64>>(x: &[S]) -> S {
                observed(x, |camera, point, seen| {
                    let [a, b] = residual(camera, point, seen);
                    a * a + b * b
                })
            }

            /// Of one camera and one point.
            pub(crate) fn seen<S: Scalar<Real = f64>>(x: &[S; 14]) -> S {
                let (camera, point) = (x.first_chunk().expect("a camera"), x.last_chunk().expect("a point"));
                let [a, b] = residual(camera, point, [0.1, -0.2]);
                a * b
            }
        }
    }
}

/// The same with the square of an observation's error as the kernel, which has one output.
mod square {
    use super::*;

    both! {
        kernel {
            fn error<S: Scalar<Real = f64>>(camera: &[S; 11], point: &[S; 3], seen: [f64; 2]) -> S {
                let [a, b] = camera::bare::residual(camera, point, seen);
                a * a + b * b
            }
        }
        objective {
            pub(crate) fn misfit<S: Scalar<Real = f64>>(x: &[S]) -> S {
                camera::observed(x, error)
            }
        }
    }
}

/// Three bodies in a plane by the method of Runge and Kutta: places, velocities, masses.
mod bodies {
    use super::*;

    #[rustfmt::skip]
    pub(super) const START: [f64; 15] = [
        0.97, -0.243, -0.97, 0.243, 0.0, 0.0, 0.466, 0.432, 0.466, 0.432, -0.932, -0.864, 1.0, 1.0, 1.0,
    ];

    both! {
        kernel {
            fn pull<S: Scalar<Real = f64>>(x: S, y: S, mass: S) -> [S; 2] {
                let square = x * x + y * y;
                let strength = mass / (square * square.sqrt());
                [x * strength, y * strength]
            }
        }
        objective {
            fn rate<S: Scalar<Real = f64>>(s: [S; 12], masses: [S; 3]) -> [S; 12] {
                let mut rate: [S; 12] = std::array::from_fn(|i| if i < 6 { s[i + 6] } else { S::zero() });
                for i in 0..3 {
                    for j in 0..3 {
                        if i != j {
                            let [a, b] = pull(s[2 * j] - s[2 * i], s[2 * j + 1] - s[2 * i + 1], masses[j]);
                            rate[6 + 2 * i] += a;
                            rate[7 + 2 * i] += b;
                        }
                    }
                }
                rate
            }

            pub(crate) fn end<S: Scalar<Real = f64>>(x: &[S; 15]) -> S {
                let h = 0.01;
                let masses = [x[12], x[13], x[14]];
                let mut s: [S; 12] = std::array::from_fn(|i| x[i]);
                let moved = |s: [S; 12], k: [S; 12], h: f64| std::array::from_fn(|i| s[i] + k[i] * h);
                for _ in 0..50 {
                    let k1 = rate(s, masses);
                    let k2 = rate(moved(s, k1, h / 2.0), masses);
                    let k3 = rate(moved(s, k2, h / 2.0), masses);
                    let k4 = rate(moved(s, k3, h), masses);
                    s = std::array::from_fn(|i| s[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (h / 6.0));
                }
                s[0] * s[3] + s[5]
            }

            pub(crate) fn end_of_slice<S: Scalar<Real = f64>>(x: &[S]) -> S {
                end(x.first_chunk().expect("15 numbers"))
            }
        }
    }
}

/// A chain of differential equations: each step of a number depends on its predecessors.
mod chain {
    use super::*;

    pub(super) const INPUTS: usize = 200;

    both! {
        kernel {
            fn next<S: Scalar<Real = f64>>([x0, x1, x2, x3]: [S; 4], [y0, y1, y2, y3, y4]: [S; 5], h: f64) -> S {
                let [a1, a2, a3] = [x1 * y2, x2 * y3, x3 * y4];
                let [b1, b2] = [x1 * (y2 + a2 * (h / 2.0)), x2 * (y3 + a3 * (h / 2.0))];
                let c1 = x1 * (y2 + b2 * (h / 2.0));
                let [k1, k2, k3, k4] =
                    [x0 * y1, x0 * (y1 + a1 * (h / 2.0)), x0 * (y1 + b1 * (h / 2.0)), x0 * (y1 + c1 * h)];
                y0 + (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0)
            }
        }
        objective {
            pub(crate) fn end<S: Scalar<Real = f64>>(x: &[S]) -> S {
                let mut y = vec![S::one(); x.len()];
                for _ in 0..20 {
                    let before = y.clone();
                    for i in 4..x.len() {
                        let of_y = [before[i], before[i - 1], before[i - 2], before[i - 3], before[i - 4]];
                        y[i] = next([x[i], x[i - 1], x[i - 2], x[i - 3]], of_y, 0.1);
                    }
                }
                y[x.len() - 1]
            }
        }
    }
}

/// Rosenbrock's valley.
mod valley {
    use super::*;

    both! {
        kernel {
            fn term<S: Scalar<Real = f64>>(x: S, y: S) -> S {
                let (across, along) = (y - x * x, -x + 1.0);
                across * across * 100.0 + along * along
            }
        }
        objective {
            pub(crate) fn sum<S: Scalar<Real = f64>>(x: &[S]) -> S {
                x.windows(2).map(|x| term(x[0], x[1])).sum()
            }

            pub(crate) fn of_ten<S: Scalar<Real = f64>>(x: &[S; 10]) -> S {
                sum(x)
            }
        }
    }
}

fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.5 * (1.7 * i as f64).sin()).collect()
}

/// The derivative of a function of a slice, by a verb, bare and fused.
macro_rules! workload {
    ($name:literal, $problem:ident::$function:ident, $verb:expr, $point:expr) => {{
        let [plain, bare, fused] = [(); 3].map(|()| $point);
        Workload::new($name, move || $problem::bare::$function(black_box(&plain)))
            .with("bare", move || $verb($problem::bare::$function, black_box(&bare)))
            .with("fused", move || $verb($problem::fusing::$function, black_box(&fused)))
    }};
}

fn array<const N: usize>() -> [f64; N] {
    std::array::from_fn(|i| point(N)[i])
}

fn main() {
    workload::run(&[
        workload!("camera, reverse", camera::misfit, gradient, point(camera::INPUTS)),
        workload!("camera by one output, reverse", square::misfit, gradient, point(camera::INPUTS)),
        workload!("camera by one output, in lanes", square::misfit, gradient_forward, point(camera::INPUTS)),
        workload!("camera, forward in lanes", camera::misfit, gradient_forward, point(camera::INPUTS)),
        workload!("one observation, 14 lanes", camera::seen, gradient_array, array()),
        workload!("three bodies, reverse", bodies::end_of_slice, gradient, bodies::START.to_vec()),
        workload!("three bodies, 15 lanes", bodies::end, gradient_array, bodies::START),
        workload!("chain of equations, reverse", chain::end, gradient, point(chain::INPUTS)),
        workload!("chain of equations, forward in lanes", chain::end, gradient_forward, point(chain::INPUTS)),
        workload!("Rosenbrock 1000, reverse", valley::sum, gradient, point(1000)),
        workload!("Rosenbrock 10, 10 lanes", valley::of_ten, gradient_array, array()),
    ]);
}
