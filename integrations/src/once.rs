//! Value and gradient computed together, for solvers that ask for them in two calls.

use std::cell::RefCell;

use dualtape::Function;

/// A point with the value and the gradient there.
type Evaluated = (Vec<f64>, f64, Vec<f64>);

/// A function that remembers the last point with its value and gradient.
///
/// A verb returns both, and a line search asks for the value and then the gradient at the same point.
pub struct Once<'a, F> {
    f: &'a F,
    last: RefCell<Option<Evaluated>>,
}

impl<'a, F: Function<Output = f64>> Once<'a, F> {
    /// Wraps a function.
    pub fn new(f: &'a F) -> Self {
        Once { f, last: RefCell::new(None) }
    }

    /// Returns the function.
    pub fn function(&self) -> &F {
        self.f
    }

    /// Returns the value and the gradient at `x`, from memory if they were asked for last.
    pub fn at(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((point, y, g)) if point == x => (*y, g.clone()),
            _ => {
                let (y, g) = self.f.gradient(x);
                *last = Some((x.to_vec(), y, g.clone()));
                (y, g)
            }
        }
    }
}
