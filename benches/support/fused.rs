//! Rosenbrock's valley, each of its terms one statement on the tape.

use dualtape::{Function, Real, Scalar, fuse, sum};

pub(crate) struct Term;

impl<R: Real> Function<R> for Term {
    type Output = R;

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        let (valley, slope) = (x[1] - x[0] * x[0], x[0] - R::one());
        valley * valley * R::from_f64(100.0) + slope * slope
    }
}

pub(crate) fn fused_rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    sum(&x.windows(2).map(|x| fuse(&Term, [x[0], x[1]])).collect::<Vec<_>>())
}
