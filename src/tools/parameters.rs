//! Models: structures of parameters. The verbs differentiate them as they differentiate slices.
//!
//! A model is a type that is generic in its scalar, such as `struct Line<S> { slope: S, intercept: S }`. Everything here
//! follows from one traversal, [`Parameters::map_named`].

use std::fmt::{self, Display};
#[cfg(feature = "nn")]
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use crate::forward::{Dual, LANES};
use crate::reverse::Var;
use crate::scalar::Scalar;
use crate::verbs::{Matrix, gradient, hessian};

/// A model: parameters in a structure, each with a name and a place in a fixed order.
///
/// With the feature `macros`, `#[derive(Parameters)]` implements it for structs and enums that are generic in the
/// scalar. Scalars, vectors, arrays, options and tuples of parameters are parameters too, so models nest.
///
/// A model is traversed in the order of its fields. A parameter is named by the fields and indices that lead to it, as
/// in `layers.0.weights.3`.
///
/// | I want | write |
/// |---|---|
/// | the gradient as a model | [`gradient_of`]`(&model, \|m\| loss(m))` |
/// | the Hessian as a matrix | [`hessian_of`]`(&model, \|m\| loss(m))` |
/// | any other verb or tool | it with `\|p\| loss(&model.unflatten(p))` at `&model.flatten()` |
/// | a [`Function`](crate::Function), for [`check`](crate::check()) and others | `function!([model: &Line<f64>] \|p: &[S]\| -> S { loss(&model.unflatten(p)) })` |
/// | a step of an optimizer | [`Optimizer::step_model`](crate::nn::Optimizer::step_model) |
/// | the parameters in a file, by name | [`Tensors::of`](crate::nn::Tensors::of), [`Tensors::load_into`](crate::nn::Tensors::load_into) |
///
/// Without the macro a type implements one method:
///
/// ```
/// use dualtape::parameters::Name;
/// use dualtape::{Parameters, Scalar, check, function, gradient_of};
///
/// struct Line<S> {
///     slopes: Vec<S>,
///     intercept: S,
///     unit: String,
/// }
///
/// impl<S: Scalar> Parameters for Line<S> {
///     type Scalar = S;
///     type Of<U: Scalar> = Line<U>;
///
///     fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, S) -> U) -> Line<U> {
///         Line {
///             slopes: self.slopes.map_named(name.field("slopes"), change),
///             intercept: self.intercept.map_named(name.field("intercept"), change),
///             unit: self.unit.clone(),
///         }
///     }
/// }
///
/// fn loss<S: Scalar<Real = f64>>(line: &Line<S>) -> S {
///     (line.slopes[0] * 2.0 + line.slopes[1] * line.intercept - 5.0).powi(2)
/// }
///
/// let line = Line { slopes: vec![1.0, 3.0], intercept: 0.5, unit: "m/s".to_string() };
/// let (value, gradient) = gradient_of(&line, |line| loss(line));
/// assert_eq!((value, gradient.slopes, gradient.intercept), (2.25, vec![-6.0, -1.5], -9.0));
///
/// let f = function!([line: &Line<f64>] |p: &[S]| -> S { loss(&line.unflatten(p)) });
/// check(&f, &line.flatten()).assert_agreement();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no parameters of a model",
    label = "parameters are scalars, and arrays, vectors, options and tuples of parameters",
    note = "put `#[derive(Parameters)]` on a struct that is generic in its scalar (feature `macros`), or implement the \
            trait; a field whose type does not name the scalar is no parameter and is copied"
)]
pub trait Parameters: Sized {
    /// The scalar of the parameters.
    type Scalar: Scalar;

    /// The same model over another scalar.
    type Of<U: Scalar>: Parameters<Scalar = U>;

    /// Returns the model of the results of `change` at each parameter and its name, in order.
    ///
    /// `name` names the whole; the model adds fields and indices to it. Parts that are no parameters are cloned.
    ///
    /// ```
    /// use dualtape::parameters::{Name, Parameters};
    ///
    /// let mut names = Vec::new();
    /// vec![[1.0], [2.0]].map_named(Name::ROOT.field("w"), &mut |name, x: f64| {
    ///     names.push(name.to_string());
    ///     x
    /// });
    /// assert_eq!(names, ["w.0.0", "w.1.0"]);
    /// ```
    fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, Self::Scalar) -> U)
    -> Self::Of<U>;

    /// Returns the model of the results of `change` at each parameter, in order.
    ///
    /// ```
    /// use dualtape::{Dual, Parameters};
    ///
    /// let model = (1.0, vec![2.0, 3.0]);
    /// assert_eq!(Parameters::map(&model, |x| x as f32), (1.0_f32, vec![2.0, 3.0]));
    /// assert_eq!(Parameters::map(&model, Dual::<f64>::constant).1[0].value(), 2.0);
    /// ```
    fn map<U: Scalar>(&self, mut change: impl FnMut(Self::Scalar) -> U) -> Self::Of<U> {
        self.map_named(Name::ROOT, &mut |_, x| change(x))
    }

    /// Returns all parameters in order.
    ///
    /// ```
    /// use dualtape::Parameters;
    ///
    /// assert_eq!((1.0, vec![2.0, 3.0]).flatten(), [1.0, 2.0, 3.0]);
    /// ```
    fn flatten(&self) -> Vec<Self::Scalar> {
        let mut parameters = Vec::new();
        self.map(|x| {
            parameters.push(x);
            x
        });
        parameters
    }

    /// Returns the same model with other parameters, in any scalar: the inverse of [`flatten`](Parameters::flatten).
    ///
    /// # Panics
    ///
    /// When the number of parameters differs.
    ///
    /// ```
    /// use dualtape::Parameters;
    ///
    /// assert_eq!((1.0, vec![2.0, 3.0]).unflatten(&[4.0_f32, 5.0, 6.0]), (4.0, vec![5.0, 6.0]));
    /// ```
    #[track_caller]
    fn unflatten<U: Scalar>(&self, parameters: &[U]) -> Self::Of<U> {
        let (mut count, mut rest) = (0, parameters.iter().copied());
        let model = self.map(|_| {
            count += 1;
            rest.next().unwrap_or_else(U::zero)
        });
        if parameters.len() != count {
            refuse_number(self, parameters.len());
        }
        model
    }

    /// Returns all parameters in order, with their names.
    ///
    /// ```
    /// use dualtape::Parameters;
    ///
    /// let named: Vec<(String, f64)> = (1.0, vec![2.0]).named();
    /// assert_eq!(named, [("0".to_string(), 1.0), ("1.0".to_string(), 2.0)]);
    /// ```
    fn named(&self) -> Vec<(String, Self::Scalar)> {
        let mut named = Vec::new();
        self.map_named(Name::ROOT, &mut |name, x| {
            named.push((name.to_string(), x));
            x
        });
        named
    }
}

/// The name of a parameter: the fields and indices that lead to it. It is printed as `layers.0.weights.3`.
///
/// ```
/// use dualtape::parameters::Name;
///
/// assert_eq!(Name::ROOT.field("layers").index(0).field("bias").to_string(), "layers.0.bias");
/// ```
#[derive(Clone, Copy, Debug, Hash)]
pub struct Name<'a>(Option<(&'a Name<'a>, Part<'a>)>);

#[derive(Clone, Copy, Debug, Hash)]
enum Part<'a> {
    Field(&'a str),
    Index(usize),
}

impl<'a> Name<'a> {
    /// The name of a whole model, to which [`field`](Name::field) and [`index`](Name::index) add parts.
    pub const ROOT: Name<'static> = Name(None);

    /// Returns the name of a field within this.
    ///
    /// ```
    /// assert_eq!(dualtape::parameters::Name::ROOT.field("bias").to_string(), "bias");
    /// ```
    pub fn field(&'a self, field: &'a str) -> Name<'a> {
        Name(Some((self, Part::Field(field))))
    }

    /// Returns the name of an element of this.
    ///
    /// ```
    /// assert_eq!(dualtape::parameters::Name::ROOT.field("w").index(3).to_string(), "w.3");
    /// ```
    pub fn index(&'a self, index: usize) -> Name<'a> {
        Name(Some((self, Part::Index(index))))
    }

    /// Returns the name up to the last field, and the indices after it.
    #[cfg(feature = "nn")]
    pub(crate) fn split(self) -> (String, Vec<usize>) {
        match self.0 {
            Some((parent, Part::Index(index))) => {
                let (field, mut indices) = parent.split();
                indices.push(index);
                (field, indices)
            }
            _ => (self.to_string(), Vec::new()),
        }
    }
}

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((parent, part)) = self.0 else { return Ok(()) };
        if parent.0.is_some() {
            write!(f, "{parent}.")?;
        }
        match part {
            Part::Field(field) => f.write_str(field),
            Part::Index(index) => write!(f, "{index}"),
        }
    }
}

/// Panics because a model has not so many parameters.
#[cold]
#[track_caller]
fn refuse_number<M: Parameters>(model: &M, passed: usize) -> ! {
    let named = model.named();
    let count = named.len();
    let place = match (named.get(passed), named.last()) {
        (Some((name, _)), _) => format!("; `{name}` is the first without one"),
        (None, Some((name, _))) => format!("; `{name}` is the last"),
        (None, None) => String::new(),
    };
    panic!(
        "unflatten: {passed} numbers were passed for {count} parameters{place}. Pass one for each, in the order of `flatten`"
    )
}

/// Panics when two models of one type, which have these roles in a verb, have parameters of different names.
#[cfg(feature = "nn")]
#[track_caller]
pub(crate) fn assert_same_names<M: Parameters>(verb: &str, roles: [&str; 2], models: [&M; 2]) {
    // NOTE(perf): hashes instead of names, which would each be a string.
    let [ours, theirs] = models.map(|model| {
        let mut hasher = DefaultHasher::new();
        model.map_named(Name::ROOT, &mut |name, x| {
            name.hash(&mut hasher);
            x
        });
        hasher.finish()
    });
    if ours != theirs {
        let [ours, theirs] = models.map(|model| model.named().into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        let place = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
        let [ours, theirs] = [ours, theirs].map(|names| match names.get(place) {
            Some(name) => format!("`{name}`"),
            None => "no parameter".to_string(),
        });
        panic!(
            "{verb}: {} has {ours} at place {place} and {} has {theirs}; pass models of one structure",
            roles[0], roles[1]
        );
    }
}

/// Returns `f(model)` and its gradient as a model, in reverse mode.
///
/// A closure has one type, here a model of [`Var`]. Parts of the model that are no parameters, such as
/// a size or a name, are in the gradient as they are in the model.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`gradient`] | as [`gradient`], and a copy of the model | other modes and tools: [`Parameters::unflatten`] |
///
/// # Panics
///
/// When `f` uses variables of another recording.
///
/// ```
/// use dualtape::gradient_of;
///
/// let model = (2.0, [3.0, 4.0]);
/// let (y, (slope, weights)) = gradient_of(&model, |(a, w)| *a * w[0] + w[1]);
/// assert_eq!((y, slope, weights), (10.0, 3.0, [2.0, 1.0]));
/// ```
#[track_caller]
pub fn gradient_of<M, T: Scalar>(model: &M, f: impl FnOnce(&M::Of<Var<T>>) -> Var<T>) -> (T, M)
where
    M: Parameters<Scalar = T, Of<T> = M>,
{
    let (y, g) = gradient(|p| f(&model.unflatten(p)), &model.flatten());
    (y, model.unflatten(&g))
}

/// Returns `f(model)`, its gradient as a model, and its Hessian, whose rows are in the order of
/// [`named`](Parameters::named): forward over reverse.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`hessian`] | as [`hessian`], and a copy of the model for every 8 parameters | the gradient alone: [`gradient_of`] |
///
/// # Panics
///
/// As [`hessian`].
///
/// ```
/// use dualtape::hessian_of;
///
/// let (_, (a, b), h) = hessian_of(&(2.0, 3.0), |(a, b)| *a * *a * *b);
/// assert_eq!((a, b), (12.0, 4.0));
/// assert_eq!(h.rows().collect::<Vec<_>>(), [[6.0, 4.0], [4.0, 0.0]]);
/// ```
#[track_caller]
pub fn hessian_of<M, T: Scalar>(
    model: &M,
    f: impl Fn(&M::Of<Var<Dual<T, LANES>>>) -> Var<Dual<T, LANES>>,
) -> (T, M, Matrix<T>)
where
    M: Parameters<Scalar = T, Of<T> = M>,
{
    let (y, g, h) = hessian(|p| f(&model.unflatten(p)), &model.flatten());
    (y, model.unflatten(&g), h)
}

/// A scalar is one parameter.
#[diagnostic::do_not_recommend]
impl<S: Scalar> Parameters for S {
    type Scalar = S;
    type Of<U: Scalar> = U;

    fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, S) -> U) -> U {
        change(name, *self)
    }
}

/// There is none.
impl<S: Scalar> Parameters for PhantomData<S> {
    type Scalar = S;
    type Of<U: Scalar> = PhantomData<U>;

    fn map_named<U: Scalar>(&self, _: Name<'_>, _: &mut impl FnMut(Name<'_>, S) -> U) -> PhantomData<U> {
        PhantomData
    }
}

/// An option has the parameters of its value, under the same names.
impl<P: Parameters> Parameters for Option<P> {
    type Scalar = P::Scalar;
    type Of<U: Scalar> = Option<P::Of<U>>;

    fn map_named<U: Scalar>(
        &self,
        name: Name<'_>,
        change: &mut impl FnMut(Name<'_>, P::Scalar) -> U,
    ) -> Option<P::Of<U>> {
        self.as_ref().map(|inner| inner.map_named(name, change))
    }
}

/// The parameters of the elements in turn, under their indices.
impl<P: Parameters> Parameters for Vec<P> {
    type Scalar = P::Scalar;
    type Of<U: Scalar> = Vec<P::Of<U>>;

    fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, P::Scalar) -> U) -> Vec<P::Of<U>> {
        self.iter().enumerate().map(|(i, element)| element.map_named(name.index(i), change)).collect()
    }
}

/// The parameters of the elements in turn, under their indices.
impl<P: Parameters, const N: usize> Parameters for [P; N] {
    type Scalar = P::Scalar;
    type Of<U: Scalar> = [P::Of<U>; N];

    fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, P::Scalar) -> U) -> [P::Of<U>; N] {
        std::array::from_fn(|i| self[i].map_named(name.index(i), change))
    }
}

/// The parameters of the elements in turn, under the fields 0, 1 and so on.
macro_rules! tuples {
    ($(($first:ident $($other:ident)*: $($index:tt)*))*) => {$(
        impl<$first: Parameters, $($other: Parameters<Scalar = $first::Scalar>),*> Parameters for ($first, $($other),*) {
            type Scalar = $first::Scalar;
            type Of<U: Scalar> = ($first::Of<U>, $($other::Of<U>),*);

            fn map_named<U: Scalar>(
                &self,
                name: Name<'_>,
                change: &mut impl FnMut(Name<'_>, Self::Scalar) -> U,
            ) -> Self::Of<U> {
                ($(self.$index.map_named(name.field(stringify!($index)), change),)*)
            }
        }
    )*};
}

tuples! {
    (A B: 0 1)
    (A B C: 0 1 2)
    (A B C D: 0 1 2 3)
}
