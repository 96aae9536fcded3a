//! The readings of an expression, compared.

use dualtape::{gradient, gradient_forward, hessian, jacobian, jacobian_reverse};

use crate::casts::assert_casts_keep_derivatives;
use crate::expression::{Condition, Expression};
use crate::lower_orders::assert_lower_orders;

/// The modes on an expression, while other tapes are under way.
pub(crate) fn compare(f: &Expression, x: &[f64], recorded: &[f64], guarded: bool) {
    let (_, reverse) = gradient(|x| f.last(x), x);
    assert!(recorded.iter().zip(&reverse).all(|(&a, &b)| same(a, b)), "{recorded:?} {reverse:?} {x:?} {f:#?}");
    let bounds = f.condition(x, f.outputs() - 1);
    let (_, forward) = gradient_forward(|x| f.last(x), x);
    agree("forward and reverse", &forward, recorded, &bounds.gradient, &bounds, f, x);
    if let Some((_, kernel)) = f.linearized(x) {
        agree("forward and as a kernel", &forward, &kernel, &bounds.gradient, &bounds, f, x);
    }
    if guarded && x.len() <= 8 {
        let h = hessian(|x| f.last(x), x).2.into_entries();
        let others = [
            jacobian(|x| gradient_forward(|x| f.last(x), x).1, x),
            jacobian_reverse(|x| gradient_forward(|x| f.last(x), x).1, x),
            jacobian_reverse(|x| gradient(|x| f.last(x), x).1, x),
        ];
        for (_, other) in others {
            agree("second derivatives", &h, &other.into_entries(), &bounds.hessian, &bounds, f, x);
        }
    }
    if guarded {
        assert_lower_orders(f, x);
        assert_casts_keep_derivatives(f, x);
    } else {
        // Where the derivative of a slope overflows, the factors of the slope take over, and round once more.
        agree("gradient of hessian", &hessian(|x| f.last(x), x).1, recorded, &bounds.gradient, &bounds, f, x);
    }
}

pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

pub(crate) fn agree(what: &str, a: &[f64], b: &[f64], sizes: &[f64], bounds: &Condition, f: &Expression, x: &[f64]) {
    assert_eq!((a.len(), b.len()), (sizes.len(), sizes.len()));
    for ((&a, &b), &size) in a.iter().zip(b).zip(sizes) {
        let tolerance = bounds.tolerance(size);
        assert!(
            tolerance == f64::INFINITY || (a - b).abs() <= tolerance,
            "{what}: {a:e} and {b:e} differ by more than {tolerance:e}, at {x:?} of {f:#?}"
        );
    }
}
