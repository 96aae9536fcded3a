//! Derivatives of a density with respect to its parameters, from the derivatives of its logarithm.

use crate::scalar::Scalar;
use crate::scalar::rules::real;

/// The derivatives of second and higher order of the logarithm of a function of two parameters.
pub(super) struct LogSlopes<S> {
    width: u32,
    slopes: Vec<S>,
}

impl<S: Scalar> LogSlopes<S> {
    /// Evaluates `slope(p, q)`, the p-th derivative with respect to the first and the q-th with respect to the second
    /// parameter, up to the orders `i` and `j`, without the first order.
    pub(super) fn new(i: u32, j: u32, slope: impl Fn(u32, u32) -> S) -> LogSlopes<S> {
        let width = j + 1;
        let all = (0..=i).flat_map(|p| (0..width).map(move |q| (p, q)));
        LogSlopes { width, slopes: all.map(|(p, q)| if p + q < 2 { S::zero() } else { slope(p, q) }).collect() }
    }

    /// Returns ∂ⁱ⁺ʲf/∂aⁱ∂bʲ as a multiple of f, from the derivatives of first order of ln f: ∂f = f·∂ ln f, differentiated
    /// by Leibniz's rule.
    pub(super) fn growth(&self, i: u32, j: u32, first: [S; 2]) -> S {
        let (rest_i, rest_j, by_a) = match (i, j) {
            (0, 0) => return S::one(),
            (0, _) => (0, j - 1, false),
            _ => (i - 1, j, true),
        };
        let mut sum = S::zero();
        for p in 0..=rest_i {
            for q in 0..=rest_j {
                let slope = match if by_a { (p + 1, q) } else { (p, q + 1) } {
                    (1, 0) => first[0],
                    (0, 1) => first[1],
                    (p, q) => self.slopes[(p * self.width + q) as usize],
                };
                let ways = binomial(rest_i, p) * binomial(rest_j, q);
                sum += slope * self.growth(rest_i - p, rest_j - q, first) * real::<S>(ways);
            }
        }
        sum
    }

    /// Returns ∂ⁱ⁺ʲ(a·b·f)/∂aⁱ∂bʲ as a multiple of f.
    pub(super) fn growth_of_product(&self, i: u32, j: u32, first: [S; 2], [a, b]: [S; 2]) -> S {
        let by_b = |i: u32| {
            let whole = b * self.growth(i, j, first);
            if j == 0 { whole } else { whole + self.growth(i, j - 1, first) * real::<S>(f64::from(j)) }
        };
        let whole = a * by_b(i);
        if i == 0 { whole } else { whole + by_b(i - 1) * real::<S>(f64::from(i)) }
    }
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).fold(1.0, |ways, j| ways * f64::from(n - j) / f64::from(j + 1))
}
