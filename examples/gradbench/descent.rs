//! The gradient descent of the problems whose derivatives are nested.

use dualtape::Scalar;

/// Steps and gradients shorter than this end the descent.
const SHORT: f64 = 1e-5;

/// Returns the point where the descent on `f` from `x` stops; `f` returns value and gradient.
///
/// It runs in any scalar, so it can be differentiated itself. The step length doubles after ten steps that went down,
/// and halves after one that did not.
pub(crate) fn argmin<S: Scalar<Real = f64>>(
    value: impl Fn(&[S]) -> S,
    gradient: impl Fn(&[S]) -> Vec<S>,
    start: &[S],
) -> Vec<S> {
    let mut x = start.to_vec();
    let (mut fx, mut g) = (value(&x), gradient(&x));
    let (mut rate, mut steps_down) = (1e-5, 0);
    while norm(&g) > SHORT {
        if steps_down == 10 {
            (rate, steps_down) = (rate * 2.0, 0);
            continue;
        }
        let next: Vec<S> = x.iter().zip(&g).map(|(&x, &g)| x - g * rate).collect();
        let step: Vec<S> = next.iter().zip(&x).map(|(&next, &x)| next - x).collect();
        if norm(&step) <= SHORT {
            break;
        }
        let f_next = value(&next);
        if f_next < fx {
            g = gradient(&next);
            (x, fx, steps_down) = (next, f_next, steps_down + 1);
        } else {
            (rate, steps_down) = (rate / 2.0, 0);
        }
    }
    x
}

/// Returns the point where the ascent on `f` stops.
pub(crate) fn argmax<S: Scalar<Real = f64>>(
    value: impl Fn(&[S]) -> S,
    gradient: impl Fn(&[S]) -> Vec<S>,
    start: &[S],
) -> Vec<S> {
    argmin(|x| -value(x), |x| gradient(x).into_iter().map(|g| -g).collect(), start)
}

fn norm<S: Scalar<Real = f64>>(x: &[S]) -> f64 {
    x.iter().map(|x| x.value() * x.value()).sum::<f64>().sqrt()
}

/// The mode of a derivative.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Forward,
    Reverse,
}

impl Mode {
    /// Returns the modes of the outer and the inner derivative, whose initials are in the name of a function.
    pub(crate) fn of_names(function: &str) -> [Mode; 2] {
        let mode = |initial| if initial == b'f' { Mode::Forward } else { Mode::Reverse };
        [mode(function.as_bytes()[0]), mode(function.as_bytes()[1])]
    }
}
