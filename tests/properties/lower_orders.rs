//! The lower orders of a derivative, compared with the lower verbs.

use dualtape::{Dual, gradient, gradient_forward, hessian, hvp, jacobian, jvp};

use crate::expression::Expression;

/// Compares bit for bit, except that the sign of a zero is free, all NaNs are equal, and subnormal numbers may be off by others.
fn assert_same(what: &str, a: &[f64], b: &[f64]) {
    let same = |(a, b): (&f64, &f64)| a == b || (a - b).abs() < f64::MIN_POSITIVE || (a.is_nan() && b.is_nan());
    assert!(a.len() == b.len() && a.iter().zip(b).all(same), "{what}: {a:?} and {b:?}");
}

/// Panics unless the values and first derivatives of nested readings equal the plain ones, and the second derivatives
/// of third ones equal the second ones.
pub(crate) fn assert_lower_orders(f: &Expression, x: &[f64]) {
    let (y, g) = gradient(|x| f.last(x), x);
    let (y_forward, g_forward) = gradient_forward(|x| f.last(x), x);
    let (y_hessian, g_hessian, _) = hessian(|x| f.last(x), x);
    let (y_hvp, g_hvp, along) = hvp(|x| f.last(x), x, x);
    let (g_nested, _) = jacobian(|x| gradient_forward(|x| f.last(x), x).1, x);
    assert_same("values", &[y_forward, y_hessian, y_hvp], &[y; 3]);
    assert_same("gradient of hessian", &g_hessian, &g);
    assert_same("gradient of hvp", &g_hvp, &g);
    assert_same("gradient inside a Jacobian", &g_nested, &g_forward);

    // Another order around these.
    let around: Vec<Dual> = x.iter().map(|&x| Dual::constant(x)).collect();
    let (y_around, g_around, along_around) = hvp(|x| f.last(x), &around, &around);
    let primal = |x: &[Dual]| x.iter().map(|x| x.primal).collect::<Vec<f64>>();
    assert_same("value of hvp inside", &[y_around.primal], &[y]);
    assert_same("gradient of hvp inside", &primal(&g_around), &g);
    assert_same("product of hvp inside", &primal(&along_around), &along);
    let (_, along_x) = jvp(|x| vec![f.last(x)], x, x);
    let (_, along_x_inside) = jvp(|x| vec![f.last(x)], &around, &around);
    assert_same("jvp inside", &primal(&along_x_inside), &along_x);
}
