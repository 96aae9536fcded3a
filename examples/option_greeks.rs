//! What is an option worth, and how does its price react?
//!
//! Black-Scholes with all first and second derivatives, the volatility that a price implies, and the greeks of an
//! Asian option, which has no formula, by Monte Carlo on all cores.
//!
//! ```text
//! cargo run --release --example option_greeks
//! ```

use dualtape::{Scalar, Terms, derivative, gradient_array, hessian};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Returns the price of a call on a share.
fn call<S: Scalar<Real = f64>>(spot: S, strike: f64, vol: S, rate: S, years: S) -> S {
    let spread = vol * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate + vol * vol * 0.5) * years) / spread;
    let d2 = d1 - spread;
    spot * d1.norm_cdf() - (-rate * years).exp() * d2.norm_cdf() * strike
}

/// Returns the volatility at which the call has this price, by Newton's method.
fn implied_volatility(price: f64, spot: f64, strike: f64, rate: f64, years: f64) -> f64 {
    (0..20).fold(0.3, |vol, _| {
        let (value, vega) = derivative(|vol| call(spot.into(), strike, vol, rate.into(), years.into()), vol);
        vol - (value - price) / vega
    })
}

const DAYS: usize = 50;

/// Returns the discounted payoff of one path: the excess of the mean price over the strike.
fn asian<S: Scalar<Real = f64>>([spot, vol, rate, years]: [S; 4], strike: f64, noise: &[f64]) -> S {
    let day = years / DAYS as f64;
    let (drift, spread) = ((rate - vol * vol * 0.5) * day, vol * day.sqrt());
    let mut price = spot;
    let mut sum = S::zero();
    for &z in noise {
        price *= (drift + spread * z).exp();
        sum += price;
    }
    (-rate * years).exp() * (sum / DAYS as f64 - strike).max(0.0)
}

fn main() {
    let (strike, at) = (105.0, [100.0, 0.2, 0.03, 1.0]);
    let (price, [delta, vega, rho, theta]) =
        gradient_array(|&[spot, vol, rate, years]| call(spot, strike, vol, rate, years), &at);
    println!("call {price:.4}: delta {delta:.4}, vega {vega:.4}, rho {rho:.4}, theta {:.4}", -theta);
    let (_, _, second) = hessian(|x| call(x[0], strike, x[1], x[2], x[3]), &at);
    println!("gamma {:.5}, vanna {:.5}, volga {:.4}", second[(0, 0)], second[(0, 1)], second[(1, 1)]);
    // The equation of Black and Scholes: θ + ½σ²S²Γ + rSΔ − rV = 0.
    let [spot, vol, rate, _] = at;
    let residual = -theta + 0.5 * (vol * spot).powi(2) * second[(0, 0)] + rate * spot * delta - rate * price;
    assert!(residual.abs() < 1e-12, "{residual:e}");
    assert!((implied_volatility(price, spot, strike, rate, 1.0) - vol).abs() < 1e-12);

    let paths = 20_000;
    let mut rng = StdRng::seed_from_u64(1);
    // Irwin and Hall's normal numbers: twelve uniform ones minus six.
    let normal: Vec<f64> = (0..paths * DAYS).map(|_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0).collect();
    let share = vec![1.0 / paths as f64; paths];
    let path = |i: usize| &normal[i * DAYS..(i + 1) * DAYS];
    let (price, greeks) =
        Terms::all(paths).weighted(&share).par_gradient(|i, x| asian([x[0], x[1], x[2], x[3]], strike, path(i)), &at);
    println!("Asian call {price:.4}: delta {:.4}, vega {:.4}, rho {:.4}", greeks[0], greeks[1], greeks[2]);
    // The same paths at a spot that is a little higher.
    let mean =
        |spot: f64| (0..paths).map(|i| asian([spot, vol, rate, 1.0], strike, path(i))).sum::<f64>() / paths as f64;
    assert!((greeks[0] - (mean(spot + 1e-3) - mean(spot - 1e-3)) / 2e-3).abs() < 1e-3);
    // A price is homogeneous in spot and strike, and the mean varies less than the share.
    assert!(price < at[0] * 0.06 && greeks[1] < vega);
}
