//! The macros of the crate dualtape, which re-exports them with its feature `macros`.

mod differentiable;
mod parameters;

use proc_macro::TokenStream;

/// Implements the trait `Parameters` for a struct or an enum that is generic in its scalar.
///
/// The scalar is the type parameter with the bound `Scalar`, or else the only one. A field whose type names it is mapped
/// as a model of its own: a scalar, an array, a vector, an option, a tuple, or another type with `Parameters`.
/// Every other field is cloned: sizes, names, tables of `f64`. The parameters are named by the fields; those of a tuple
/// struct by the numbers of the fields.
///
/// ```
/// use dualtape::{Parameters, Scalar, gradient_of};
///
/// #[derive(Parameters)]
/// struct Layer<S> {
///     weights: Vec<[S; 2]>,
///     bias: Option<S>,
/// }
///
/// #[derive(Parameters)]
/// struct Network<S> {
///     layers: Vec<Layer<S>>,
///     inputs: Vec<f64>,
/// }
///
/// impl<S: Scalar<Real = f64>> Network<S> {
///     fn output(&self) -> S {
///         let sum = |w: &[S; 2]| w[0] * self.inputs[0] + w[1] * self.inputs[1];
///         self.layers.iter().map(|layer| sum(&layer.weights[0]) + layer.bias.unwrap_or_default()).sum()
///     }
/// }
///
/// let layer = |bias| Layer { weights: vec![[1.0, 2.0]], bias };
/// let network = Network { layers: vec![layer(Some(0.5)), layer(None)], inputs: vec![3.0, -1.0] };
/// let names: Vec<String> = network.named().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names[1..4], ["layers.0.weights.0.1", "layers.0.bias", "layers.1.weights.0.0"]);
///
/// let (y, gradient) = gradient_of(&network, |network| network.output());
/// assert_eq!((y, gradient.layers[0].bias, gradient.layers[1].bias), (2.5, Some(1.0), None));
/// assert_eq!(gradient.layers[1].weights, [[3.0, -1.0]]);
/// ```
#[proc_macro_derive(Parameters)]
pub fn parameters(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item);
    parameters::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function of `f64` a function over any scalar.
#[proc_macro_attribute]
pub fn differentiable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item);
    differentiable::expand(&arguments.into(), item).unwrap_or_else(syn::Error::into_compile_error).into()
}
