//! How is a model of a time series estimated by maximum likelihood?
//!
//! The Nile at Aswan, 1871 to 1970, is a level that moves a little every year, measured with noise: the local level
//! model of Durbin & Koopman, *Time Series Analysis by State Space Methods* (2nd edition, 2012), chapter 2. A Kalman
//! filter computes the likelihood of the two variances. Its gradient leads to the maximum, and its Hessian there gives
//! the standard errors.
//!
//! ```text
//! cargo run --release --features macros --example kalman
//! ```

use std::f64::consts::TAU;

use dualtape::nn::Lbfgs;
use dualtape::{Parameters, Scalar, check, function, gradient, hessian_of};

/// The yearly flow in 10⁸ m³.
const NILE: [f64; 100] = [
    1120.0, 1160.0, 963.0, 1210.0, 1160.0, 1160.0, 813.0, 1230.0, 1370.0, 1140.0, 995.0, 935.0, 1110.0, 994.0, 1020.0,
    960.0, 1180.0, 799.0, 958.0, 1140.0, 1100.0, 1210.0, 1150.0, 1250.0, 1260.0, 1220.0, 1030.0, 1100.0, 774.0, 840.0,
    874.0, 694.0, 940.0, 833.0, 701.0, 916.0, 692.0, 1020.0, 1050.0, 969.0, 831.0, 726.0, 456.0, 824.0, 702.0, 1120.0,
    1100.0, 832.0, 764.0, 821.0, 768.0, 845.0, 864.0, 862.0, 698.0, 845.0, 744.0, 796.0, 1040.0, 759.0, 781.0, 865.0,
    845.0, 944.0, 984.0, 897.0, 822.0, 1010.0, 771.0, 676.0, 649.0, 846.0, 812.0, 742.0, 801.0, 1040.0, 860.0, 874.0,
    848.0, 890.0, 744.0, 749.0, 838.0, 1050.0, 918.0, 986.0, 797.0, 923.0, 975.0, 815.0, 1020.0, 906.0, 901.0, 1170.0,
    912.0, 746.0, 919.0, 718.0, 714.0, 740.0,
];

/// The logarithms of the variances, which may be any numbers.
#[derive(Parameters)]
struct LocalLevel<S> {
    measurement: S,
    level: S,
}

impl<S: Scalar<Real = f64>> LocalLevel<S> {
    /// Returns minus the log-likelihood of all flows but the first, where the filter starts.
    fn loss(&self, flows: &[f64]) -> S {
        let (noise, step) = (self.measurement.exp(), self.level.exp());
        let (mut level, mut variance, mut loss) = (S::from_real(flows[0]), noise, S::zero());
        for &flow in &flows[1..] {
            let predicted = variance + step;
            let (innovation, spread) = (-level + flow, predicted + noise);
            loss += ((spread * TAU).ln() + innovation * innovation / spread) * 0.5;
            let gain = predicted / spread;
            level += gain * innovation;
            variance = gain * noise;
        }
        loss
    }
}

fn main() {
    let mut model = LocalLevel { measurement: 8.0, level: 8.0 };
    let start = &model;
    let loss = function!([start: &LocalLevel<f64>] |p: &[S]| -> S { start.unflatten(p).loss(&NILE) });
    check(&loss, &model.flatten()).assert_agreement();

    let (mut lbfgs, mut parameters) = (Lbfgs::new(10), model.flatten());
    for step in 1..=20 {
        let loss = lbfgs.step(&mut parameters, |p| gradient(|p| model.unflatten(p).loss(&NILE), p));
        println!("step {step:2}  log-likelihood {:.6}", -loss);
    }
    model = model.unflatten(&parameters);

    let (loss, gradient, information) = hessian_of(&model, |model| model.loss(&NILE));
    let determinant = information[(0, 0)] * information[(1, 1)] - information[(0, 1)].powi(2);
    println!("\nvariance of    estimate  standard error of its logarithm");
    for ((name, logarithm), other) in model.named().into_iter().zip([1, 0]) {
        let error = (information[(other, other)] / determinant).sqrt();
        println!("{name:11}  {:10.1}  {error:.3}", logarithm.exp());
    }

    // Durbin & Koopman give 15099 and 1469.1, with a log-likelihood of -632.54.
    assert!((model.measurement.exp() - 15099.0).abs() < 1.0 && (model.level.exp() - 1469.1).abs() < 0.1);
    assert!(gradient.flatten().iter().all(|slope| slope.abs() < 1e-6));
    assert!((loss - 632.5456).abs() < 1e-4);
}
