//! Casts between the steps of an expression, as foreign code makes them.

use dualtape::{Dual, LANES, Scalar, Taylor, Var, gradient, gradient_forward, hessian};
use num_traits::{NumCast, ToPrimitive};

use crate::expression::Expression;

/// The number, by a cast to its own type.
pub(crate) fn cast<S: NumCast + ToPrimitive>(x: S) -> S {
    S::from(x).expect("a cast to the same type")
}

fn bits<S: Scalar<Real = f64>>(x: &[S]) -> Vec<u64> {
    x.iter().map(|x| x.value().to_bits()).collect()
}

/// Panics unless the derivatives are the same with a cast after every step.
pub(crate) fn assert_casts_keep_derivatives(f: &Expression, x: &[f64]) {
    let (y, g) = gradient(|x| f.last(x), x);
    let (z, h) = gradient(|x| f.last_through(x, cast::<Var>), x);
    assert_eq!((y.to_bits(), bits(&g)), (z.to_bits(), bits(&h)), "gradient");
    let (y, g) = gradient_forward(|x| f.last(x), x);
    let (z, h) = gradient_forward(|x| f.last_through(x, cast::<Dual<f64, LANES>>), x);
    assert_eq!((y.to_bits(), bits(&g)), (z.to_bits(), bits(&h)), "gradient_forward");
    let (_, g, h) = hessian(|x| f.last(x), x);
    let (_, g_cast, h_cast) = hessian(|x| f.last_through(x, cast), x);
    assert_eq!(bits(&g), bits(&g_cast), "gradient of hessian");
    assert_eq!(bits(&h.into_entries()), bits(&h_cast.into_entries()), "hessian");
    let series: Vec<Taylor<f64, 3>> = x.iter().map(|&x| Taylor::variable(x)).collect();
    let [y, z] = [f.last(&series), f.last_through(&series, cast)].map(|y| y.coefficients().collect::<Vec<f64>>());
    assert_eq!(bits(&y), bits(&z), "series");
}
