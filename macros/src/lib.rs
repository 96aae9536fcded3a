//! The macros of the crate dualtape, which re-exports them with its feature `macros`.

mod differentiable;
mod fused;
mod parameters;
mod scalar;

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

/// Makes an ordinary function of `f64` or `f32` generic in the scalar.
///
/// The function is written as it would be without this crate. It stays callable with plain numbers, and gives the same
/// bits. It also takes every other scalar, so every verb differentiates it.
///
/// ```
/// use dualtape::{check, differentiable, gradient};
///
/// #[differentiable]
/// fn f(x: f64, y: f64) -> f64 {
///     (x * y).sin() + 0.5 * y.powi(2)
/// }
///
/// let (y, g) = gradient(|x| f(x[0], x[1]), &[0.5, 2.0]);
/// assert_eq!(y, f(0.5, 2.0));
/// assert_eq!(g, [1.0806046117362795, 2.27015115293407]);
/// check(&f::F, &[0.5, 2.0]).assert_agreement();
/// ```
///
/// `f::F` is the function as a value, of all inputs in order, for `check`, `SparseHessian`, `fuse` and the like. It is a
/// `Function` if the inputs are numbers, arrays and at the end maybe a slice, and a `Parametric` if they are two slices;
/// the output is a number, an array or a vector. For other functions write a closure or `dualtape::function!`.
///
/// ```
/// use dualtape::{Function, differentiable};
///
/// #[differentiable]
/// fn price(spot: f64, strike: f64, vol: f64) -> f64 {
///     let d = ((spot / strike).ln() + 0.5 * vol * vol) / vol;
///     spot * d.norm_cdf() - strike * (d - vol).norm_cdf()
/// }
///
/// let (value, greeks, curvature) = price::F.hessian(&[100.0, 95.0, 0.2]);
/// assert_eq!(value, price(100.0, 95.0, 0.2));
/// assert!((greeks[0] - 0.639254371652209_f64).abs() < 1e-14);
/// assert_eq!(curvature[(0, 1)], curvature[(1, 0)]);
/// ```
///
/// # What changes
///
/// The type `f64` becomes the scalar in the signature, in annotations, closures and turbofish. Float literals, `PI` and
/// the like, `f64::MAX`, and `n as f64` become constants. A tape does not record constants. Operators take scalars, plain
/// numbers and references on either side. Items in the body, such as a `const`, stay as they are, and so do blocks
/// `const { ... }`. A function in the body may have the attribute too. The compiler calls the scalar `S` in its messages.
///
/// The attribute `#[plain]` keeps a parameter, a `let`, a field of a struct or an argument as it is. In a method `self` is
/// plain, so it carries data. A function without `self` in an `impl` block takes `#[differentiable(associated)]`.
///
/// ```
/// use dualtape::{check, differentiable, function};
///
/// struct Curve {
///     rates: Vec<f64>,
/// }
///
/// impl Curve {
///     #[differentiable]
///     fn at(&self, x: f64) -> f64 {
///         let mut y = 0.0;
///         for rate in self.rates.iter().rev() {
///             y = y * x + rate;
///         }
///         y.max(0.0)
///     }
/// }
///
/// #[differentiable]
/// fn interpolated(#[plain] table: &[f64], x: f64) -> f64 {
///     let i = (x.value() as usize).min(table.len() - 2); // the derivative of a place is 0
///     let t = x - i as f64;
///     table[i] * (1.0 - t) + table[i + 1] * t
/// }
///
/// let curve = &Curve { rates: vec![1.0, -0.5, 2.0] };
/// check(&function!([curve: &Curve] |x: S| -> S { curve.at(x) }), &[0.5]).assert_agreement();
/// assert_eq!(interpolated(&[1.0, 3.0, 2.0], 1.5), 2.5);
/// ```
///
/// # Limits
///
/// The macro sees names, not types. What it cannot change the compiler refuses, at the line in question: a number that
/// lost its derivative would be an `f64` where the scalar is expected.
///
/// | refused | write |
/// |---|---|
/// | `foreign(x)`, a call of a function of `f64`, also of one in the body | `#[differentiable]` on that function too, or a `Rule` |
/// | `x as usize`, `x as f32`, `x.to_bits()` | `x.value() as usize`: such a number has no derivative |
/// | `x * n` with an integer | `x * n as f64` |
/// | `x.to_string().parse::<f64>()` | `x` |
/// | `f(x, 0.5)` where the second parameter of `f` is plain | `f(x, #[plain] 0.5)` |
/// | `Options { tolerance: 1e-9 }` where the field is an `f64` | `Options { #[plain] tolerance: 1e-9 }` |
/// | `f(x, RATE)` with a `const RATE: f64`, or `self.rate` | `let rate: f64 = RATE;` and `f(x, rate)` |
/// | `let mut sum = self.start; sum += x` | `let mut sum: f64 = self.start;` |
/// | `let table: [f64; 2] = TABLE;` with a `const TABLE` | `let table = TABLE;` |
/// | `self.limit < x`, `self.limit.max(x)` | `x > self.limit`, `x.max(self.limit)` |
/// | `x.clamp(low, high)` with scalars as bounds | `x.max(low).min(high)` |
/// | `table.iter().sum::<f64>()` of plain numbers | `#[plain] let total: f64 = table.iter().sum();` |
/// | `match x { 0.0 => ... }` | `if x == 0.0 { ... }` |
/// | macros but for `assert!`, `matches!`, `vec!`, `println!` and their kin | their arguments with `let`, before the macro |
/// | `static TOTAL: Mutex<f64>`, a `Cell<f64>` of the thread | the value as a result |
/// | a struct with fields of `f64`, a field `Box<dyn Fn(f64) -> f64>`, a trait with methods of `f64` | the struct, function or trait generic in the scalar |
/// | `const fn`, `async fn`, `extern fn` | a plain `fn` |
/// | `single(1.0)` of a function of `f32` | `single(1.0_f32)` |
///
/// The macros add 13 s of processor time to a cold build in debug and 11 s in release, most of it for `syn`. Without the
/// feature `macros` nothing of them is compiled.
///
/// A function that is called `price` is also a type that is called `price`, which has the constant `F`.
///
/// Two things no type can see. A name for `f64`, such as `type Real = f64`, is a plain number: `text.parse::<Real>()` of a
/// printed scalar, or a `downcast_ref::<Real>()`, has no derivative. And a function that differentiates itself one level
/// down, as in `derivative(|x| f(x, n - 1), x)` within `f`, is one function more for every level: the compiler does not
/// end. Write `taylor`, or a function for each level.
#[proc_macro_attribute]
pub fn differentiable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item);
    differentiable::expand(&arguments.into(), item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes every call of a generic function a fused one.
///
/// In reverse mode a call then is one statement for each output, whatever the function computes: `dualtape::fuse`
/// evaluates the function with its slopes and records these alone. The function keeps its signature and its values. Its
/// derivatives change by rounding only.
///
/// ```
/// use dualtape::{Scalar, Tape, fused, gradient};
///
/// /// The energy of a spring.
/// #[fused]
/// fn spring<S: Scalar<Real = f64>>(from: [S; 2], to: &[S; 2], stiffness: S, rest: f64) -> S {
///     let (x, y) = (to[0] - from[0], to[1] - from[1]);
///     ((x * x + y * y).sqrt() - rest).powi(2) * stiffness
/// }
///
/// fn bare<S: Scalar<Real = f64>>(from: [S; 2], to: &[S; 2], stiffness: S, rest: f64) -> S {
///     let (x, y) = (to[0] - from[0], to[1] - from[1]);
///     ((x * x + y * y).sqrt() - rest).powi(2) * stiffness
/// }
///
/// let point = [0.0, 0.0, 3.0, 4.0, 2.0];
/// let (y, g) = gradient(|x| spring([x[0], x[1]], &[x[2], x[3]], x[4], 1.0), &point);
/// assert_eq!((y, g.clone()), gradient(|x| bare([x[0], x[1]], &[x[2], x[3]], x[4], 1.0), &point));
/// assert_eq!((y, g[4]), (spring([0.0, 0.0], &[3.0, 4.0], 2.0, 1.0), 16.0));
///
/// let tape = Tape::new();
/// let x = tape.vars(&point);
/// spring([x[0], x[1]], &[x[2], x[3]], x[4], 1.0);
/// assert_eq!(tape.len(), 5 + 1);
/// ```
///
/// | argument or result | it is |
/// |---|---|
/// | `S`, `[S; N]`, `[[S; N]; M]`, tuples of these, and references to one of them | scalars, at most 16 in all arguments |
/// | an argument of another type, such as `f64`, `usize`, `&[f64]`, `&Camera`, `F` with `F: Fn(f64) -> f64 + Copy` | data, which are `Copy` |
/// | a result `S`, `[S; M]`, `[[S; N]; M]`, or a tuple of these | the outputs |
///
/// With `#[differentiable]`, in either order, the function is one of `f64`. Arguments of `f64` are scalars then, and those
/// with `#[plain]` data.
///
/// ```
/// use dualtape::{differentiable, fused, gradient};
///
/// #[fused]
/// #[differentiable]
/// fn valley(x: f64, y: f64, #[plain] steepness: f64) -> f64 {
///     steepness * (y - x * x).powi(2) + (1.0 - x).powi(2)
/// }
///
/// let sum = |x: &[_]| x.windows(2).map(|x| valley(x[0], x[1], 100.0)).sum();
/// assert_eq!(gradient(sum, &[1.0, 2.0, 4.0]), (101.0, vec![-400.0, 202.0, 0.0]));
/// ```
///
/// # What gains
///
/// A function with two or more operations for each input and one output gains most: a gradient then takes 19 to 72 % less
/// time. With several outputs and few operations, such as the pull between two bodies, it takes 25 % longer. In forward mode
/// functions of 2 or 3 scalars with one output gain, and others are evaluated as they are. The guide of dualtape has figures.
///
/// | in the body | write |
/// |---|---|
/// | `x.map(..)`, `std::array::from_fn(..)`, long loops: LLVM does not unroll them, and a gradient takes up to twice as long as without the attribute | `for i in 0..3`, or each element by itself |
/// | a call of a function of your own | `#[inline(always)]` on that function |
/// | a call of a fused function, or of the function itself | nothing: it is a part of the kernel |
///
/// # Limits
///
/// | refused | write |
/// |---|---|
/// | `x: &[S]`, whose length is not known | an array; `fuse_map` for a kernel at all elements of slices, `Terms` for a long sum |
/// | `camera: &Camera<S>`, `Vec<S>`, an alias such as `State<S>`: which scalars these have is not known | the arrays, written out |
/// | `out: &mut [S; 2]`, a result without `S` | the scalars as the result |
/// | `[S; N]` with a parameter `N` beside other scalars, or `[[S; N]; 2]` | one array `[S; N]`, or numbers |
/// | more than 16 scalars | functions of fewer |
/// | data that are not `Copy`, `impl Fn(f64) -> f64` | `&data`, `f: &F` with a type parameter |
/// | a bound of `S` other than `Scalar`, a bound of another type with `S` | no such bound |
/// | `self`, `Self` | a function of the data, and a method that calls it |
/// | `const fn`, `async fn`, `unsafe fn`, `extern fn` | a plain `fn` |
///
/// A number of scalars that is a parameter is counted where the function is called:
///
/// ```compile_fail,E0080
/// #[dualtape::fused]
/// fn first<S: dualtape::Scalar<Real = f64>, const N: usize>(x: [S; N]) -> S {
///     x[0]
/// }
///
/// first([0.0; 17]);
/// ```
#[proc_macro_attribute]
pub fn fused(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item);
    fused::expand(&arguments.into(), item).into()
}
