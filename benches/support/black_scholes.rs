//! The price of a European call, and its five greeks.

use dualtape::{Real, Scalar};

/// Spot, strike, rate, volatility and time.
pub(crate) const AT: [f64; 5] = [100.0, 95.0, 0.03, 0.25, 1.5];

#[inline(always)]
pub(crate) fn black_scholes<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    let [spot, strike, rate, volatility, time] = [x[0], x[1], x[2], x[3], x[4]];
    let spread = volatility * time.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility * R::from_f64(0.5)) * time) / spread;
    spot * d1.norm_cdf() - strike * (-rate * time).exp() * (d1 - spread).norm_cdf()
}

pub(crate) fn black_scholes_greeks(x: &[f64]) -> (f64, Vec<f64>) {
    let [spot, strike, rate, volatility, time] = [x[0], x[1], x[2], x[3], x[4]];
    let root = time.sqrt();
    let spread = volatility * root;
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility * 0.5) * time) / spread;
    let (above, below) = (Scalar::norm_cdf(d1), Scalar::norm_cdf(d1 - spread));
    let discounted = strike * (-rate * time).exp();
    let vega = spot * Scalar::norm_pdf(d1) * root;
    let greeks = vec![
        above,
        -discounted / strike * below,
        discounted * time * below,
        vega,
        vega * volatility / (2.0 * time) + rate * discounted * below,
    ];
    (spot * above - discounted * below, greeks)
}
