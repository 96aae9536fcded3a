//! Functions of a squared angle or a squared quotient, with derivatives in the same families.

use num_traits::Float;

use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// Returns Stumpff's function `c_k(t) = Σⱼ (−t)ʲ/(2j + k)!`: with t = θ² it is cos θ, sin θ/θ, (1 − cos θ)/θ²,
/// (θ − sin θ)/θ³ for k = 0, 1, 2, 3.
pub(super) fn stumpff<S: Scalar>(k: u32, t: S) -> S {
    Stumpff(k).apply([t])
}

struct Stumpff(u32);

impl<R: Real> Rule<1, R> for Stumpff {
    fn value(&self, [t]: [R; 1]) -> R {
        let angle = Float::sqrt(t);
        match self.0 {
            0 => Float::cos(angle),
            1 if t.is_zero() => R::one(),
            1 => Float::sin(angle) / angle,
            k if t < real::<R>(f64::from((k + 1) * (k + 2))) => {
                let term = |j: u32| t / real::<R>(f64::from((k + 2 * j - 1) * (k + 2 * j)));
                (1..=TERMS).rev().fold(R::one(), |sum, j| R::one() - sum * term(j)) / factorial::<R>(k)
            }
            2 => Float::powi(Float::sin(angle / real::<R>(2.0)), 2) * real::<R>(2.0) / t,
            k => (Float::recip(factorial::<R>(k - 2)) - Stumpff(k - 2).value([t])) / t,
        }
    }

    /// c_k′ = (k·c_{k+2} − c_{k+1})/2
    fn partials<S: Scalar<Real = R>>(&self, [t]: [S; 1], _: S) -> [S; 1] {
        let k = self.0;
        [(stumpff(k + 2, t) * real::<R>(f64::from(k)) - stumpff(k + 1, t)) * real::<R>(0.5)]
    }
}

/// Returns `arctan(√z)/√z`, for z up to 1/16.
pub(super) fn arctan_quotient<S: Scalar>(z: S) -> S {
    ArctanQuotient { k: 0, m: 1 }.apply([z])
}

/// `∫ x²ᵏ/(1 + z·x²)ᵐ dx` from 0 to 1.
struct ArctanQuotient {
    k: u32,
    m: u32,
}

impl<R: Real> Rule<1, R> for ArctanQuotient {
    /// `Σⱼ (−z)ʲ·binomial(m + j − 1, j)/(2k + 2j + 1)`
    fn value(&self, [z]: [R; 1]) -> R {
        let (mut sum, mut power) = (R::zero(), R::one());
        for j in 0..TERMS {
            sum += power / real::<R>(f64::from(2 * (self.k + j) + 1));
            power *= -z * real::<R>(f64::from(self.m + j) / f64::from(j + 1));
        }
        sum
    }

    fn partials<S: Scalar<Real = R>>(&self, [z]: [S; 1], _: S) -> [S; 1] {
        let of_next: S = ArctanQuotient { k: self.k + 1, m: self.m + 1 }.apply([z]);
        [of_next * real::<R>(-f64::from(self.m))]
    }
}

/// The number of terms, enough for `f64` where the series are used.
const TERMS: u32 = 24;

fn factorial<R: Real>(k: u32) -> R {
    (1..=k).fold(R::one(), |product, i| product * real::<R>(f64::from(i)))
}
