//! Named tensors: the format in which networks, optimizers and trainings are saved.
//!
//! Types save their numbers by name. Loading validates all names and shapes first, so a mismatch
//! changes nothing.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display};
use std::str::FromStr;

use super::data::is_deviation;
use super::{Mlp, Standardizer};
use crate::scalar::{Real, Scalar};
use crate::tools::parameters::{Name, Parameters};

/// Tensors of `f64` or `f32` by name, and texts by key.
///
/// ```
/// use dualtape::nn::Tensors;
///
/// let mut tensors = Tensors::new();
/// tensors.insert("weight", &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// tensors.insert_text("epoch", 7);
/// assert_eq!(tensors.get::<f64>("weight", &[2, 3])?[5], 6.0);
/// assert_eq!(tensors.text::<u64>("epoch")?, 7);
///
/// let error = tensors.get::<f64>("weight", &[3, 2]).unwrap_err();
/// assert_eq!(error.to_string(), "tensor \"weight\" has the shape [2, 3], and [3, 2] is wanted");
/// # Ok::<(), dualtape::nn::TensorError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    pub(super) tensors: BTreeMap<String, Tensor>,
    pub(super) texts: BTreeMap<String, String>,
}

/// A shape, and as many numbers as its product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Numbers,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    F64(Vec<f64>),
    F32(Vec<f32>),
}

impl Numbers {
    fn new<R: Real>(numbers: Vec<R>) -> Self {
        match (Box::new(numbers) as Box<dyn Any>).downcast() {
            Ok(numbers) => Numbers::F64(*numbers),
            Err(numbers) => Numbers::F32(*numbers.downcast().expect("a plain number is f64 or f32")),
        }
    }

    /// Returns the numbers, or `None` if digits would be lost.
    fn get<R: Real>(&self) -> Option<Vec<R>> {
        match self {
            Numbers::F64(numbers) => (numbers as &dyn Any).downcast_ref().cloned(),
            Numbers::F32(numbers) => Some(numbers.iter().map(|&x| R::from_f64(x.into())).collect()),
        }
    }

    /// Returns the place and the value of the first finite number that is infinite in `f32`.
    pub(super) fn beyond_f32(&self) -> Option<(usize, f64)> {
        match self {
            Numbers::F64(numbers) => first_beyond_f32(numbers.iter().copied()),
            Numbers::F32(_) => None,
        }
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Numbers::F64(_) => "F64",
            Numbers::F32(_) => "F32",
        }
    }
}

/// Returns the place and the value of the first finite number that is infinite in `f32`.
pub(super) fn first_beyond_f32(numbers: impl IntoIterator<Item = f64>) -> Option<(usize, f64)> {
    numbers.into_iter().enumerate().find(|(_, x)| x.is_finite() && (*x as f32).is_infinite())
}

impl Tensors {
    /// Returns an empty set of tensors.
    ///
    /// ```
    /// assert!(dualtape::nn::Tensors::new().names().next().is_none());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the parameters of a model by name, which [`load_into`](Tensors::load_into) takes back.
    ///
    /// A vector or an array of numbers is one tensor, as is one of equally long vectors or arrays; rows of different
    /// lengths are one tensor each.
    ///
    /// # Panics
    ///
    /// When two parameters have the same name.
    ///
    /// ```
    /// use dualtape::nn::Tensors;
    ///
    /// let model = ([[1.0, 2.0], [3.0, 4.0]], vec![vec![5.0], vec![6.0, 7.0]]);
    /// let tensors = Tensors::of(&model);
    /// assert!(tensors.names().eq(["0", "1.0", "1.1"]));
    /// assert_eq!(tensors.get::<f64>("0", &[2, 2]), Ok(vec![1.0, 2.0, 3.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn of<M: Parameters<Scalar: Real>>(model: &M) -> Self {
        let (mut tensors, parameters) = (Tensors::new(), model.flatten());
        for NamedTensor { name, shape, places } in named_tensors(model) {
            tensors.insert(name, &shape, places.iter().map(|&place| parameters[place]).collect());
        }
        tensors
    }

    /// Takes over the parameters of a model by name.
    ///
    /// # Errors
    ///
    /// When one is missing, has another shape or numbers of `f64` for a model of `f32`, or a tensor is left over. An
    /// error leaves the model unchanged.
    ///
    /// # Panics
    ///
    /// As [`of`](Tensors::of).
    ///
    /// ```
    /// use dualtape::nn::Tensors;
    ///
    /// let mut model = (0.0, vec![0.0; 2]);
    /// Tensors::of(&(1.0, vec![2.0, 3.0])).load_into(&mut model)?;
    /// assert_eq!(model, (1.0, vec![2.0, 3.0]));
    ///
    /// let error = Tensors::of(&(1.0, vec![2.0])).load_into(&mut model).unwrap_err();
    /// assert_eq!(error.to_string(), "tensor \"1\" has the shape [1], and [2] is wanted");
    /// # Ok::<(), dualtape::nn::TensorError>(())
    /// ```
    #[track_caller]
    pub fn load_into<R: Real, M: Parameters<Scalar = R, Of<R> = M>>(&self, model: &mut M) -> Result<(), TensorError> {
        let wanted = named_tensors(model);
        let shapes: Vec<(&str, &[usize])> = wanted.iter().map(|tensor| (&tensor.name[..], &tensor.shape[..])).collect();
        let mut parameters = model.flatten();
        for (tensor, numbers) in wanted.iter().zip(self.get_all(&shapes)?) {
            tensor.places.iter().zip(numbers).for_each(|(&place, number)| parameters[place] = number);
        }
        *model = model.unflatten(&parameters);
        Ok(())
    }

    /// Adds a tensor, row by row, and replaces one of the same name. A single number has the shape `[]`.
    ///
    /// # Panics
    ///
    /// When the numbers are not as many as the product of the shape, or the name is `__metadata__`, under which
    /// safetensors files keep the texts.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("bias", &[2], vec![0.5_f32, -0.5]);
    /// assert_eq!(tensors.shape("bias"), Some(&[2][..]));
    /// ```
    #[track_caller]
    pub fn insert<R: Real>(&mut self, name: impl Into<String>, shape: &[usize], numbers: Vec<R>) {
        let (name, n) = (name.into(), numbers.len());
        assert!(
            n == shape.iter().product::<usize>(),
            "Tensors: {n} numbers for {name:?} of the shape {shape:?}; pass as many as the product of the shape"
        );
        assert!(name != "__metadata__", "Tensors: this name is where files keep the texts; choose another");
        self.tensors.insert(name, Tensor { shape: shape.to_vec(), numbers: Numbers::new(numbers) });
    }

    /// Adds a text, or any value with a text form.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert_text("rate", 0.1);
    /// assert_eq!(tensors.text::<f64>("rate"), Ok(0.1));
    /// ```
    pub fn insert_text(&mut self, key: impl Into<String>, text: impl Display) {
        self.texts.insert(key.into(), text.to_string());
    }

    /// Adds all tensors and texts of `others`, with a prefix before names and keys.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, Tensors};
    ///
    /// let network: Mlp = Mlp::zeros(2, &[(1, Activation::Linear)]);
    /// let mut run = Tensors::new();
    /// run.insert_all("network.", network.tensors());
    /// run.insert_text("epoch", 3);
    /// assert!(run.names().eq(["network.layers.0.bias", "network.layers.0.weight"]));
    /// assert_eq!(run.under("network."), network.tensors());
    /// ```
    pub fn insert_all(&mut self, prefix: &str, others: Tensors) {
        self.tensors.extend(others.tensors.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
        self.texts.extend(others.texts.into_iter().map(|(key, text)| (format!("{prefix}{key}"), text)));
    }

    /// Returns the tensors and texts under a prefix, without it: the inverse of [`insert_all`](Tensors::insert_all).
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("adam.m", &[1], vec![0.5]);
    /// assert_eq!(tensors.under("adam.").get::<f64>("m", &[1]), Ok(vec![0.5]));
    /// ```
    pub fn under(&self, prefix: &str) -> Tensors {
        fn strip<T: Clone>(all: &BTreeMap<String, T>, prefix: &str) -> BTreeMap<String, T> {
            all.iter().filter_map(|(name, x)| Some((name.strip_prefix(prefix)?.to_string(), x.clone()))).collect()
        }
        Tensors { tensors: strip(&self.tensors, prefix), texts: strip(&self.texts, prefix) }
    }

    /// Returns the names of the tensors, sorted.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("x", &[], vec![1.0]);
    /// assert!(tensors.names().eq(["x"]));
    /// ```
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Returns the shape of a tensor, if there is one of this name.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Tensors::new().shape("x"), None);
    /// ```
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| &tensor.shape[..])
    }

    /// Returns the numbers of a tensor, row by row. `f32` can be read as `f64`, which is exact.
    ///
    /// # Errors
    ///
    /// When there is no tensor of this name, it has another shape, or it holds `f64` and the caller asks for `f32`. If
    /// one of its numbers is too large for `f32`, the error names it.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("bias", &[2], vec![0.5_f32, -0.5]);
    /// assert_eq!(tensors.get::<f64>("bias", &[2]), Ok(vec![0.5, -0.5]));
    /// ```
    pub fn get<R: Real>(&self, name: &str, shape: &[usize]) -> Result<Vec<R>, TensorError> {
        let name = || name.to_string();
        let Some(tensor) = self.tensors.get(&name()) else {
            return Err(TensorError::Missing { name: name(), shape: shape.to_vec() });
        };
        if tensor.shape != shape {
            return Err(TensorError::Shape { name: name(), wanted: shape.to_vec(), found: tensor.shape.clone() });
        }
        tensor.numbers.get().ok_or_else(|| match tensor.numbers.beyond_f32() {
            Some((index, number)) => TensorError::Range { name: name(), index, number: number.to_string() },
            None => TensorError::Type {
                name: name(),
                wanted: type_name::<R>().to_uppercase(),
                found: tensor.numbers.type_name().to_string(),
            },
        })
    }

    /// Refuses tensors that, by the text under this key, were made with something else.
    pub(super) fn expect_made_with(&self, key: &str, wanted: impl Display) -> Result<(), TensorError> {
        let wanted = wanted.to_string();
        match self.texts.get(key) {
            Some(found) if *found != wanted => {
                Err(TensorError::Different { what: key.to_string(), wanted, found: found.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Returns [`get`](Tensors::get), and refuses a number that is infinite or NaN.
    pub(super) fn get_finite<R: Real>(&self, name: &str, shape: &[usize]) -> Result<Vec<R>, TensorError> {
        let numbers = self.get::<R>(name, shape)?;
        match numbers.iter().position(|&x| !Scalar::is_finite(x)) {
            Some(index) => {
                Err(TensorError::NotFinite { name: name.to_string(), index, number: numbers[index].to_string() })
            }
            None => Ok(numbers),
        }
    }

    /// Returns the numbers of exactly these tensors, in this order, by name and shape.
    ///
    /// # Errors
    ///
    /// As [`get`](Tensors::get), and when there is another tensor besides.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("m", &[1], vec![0.5]);
    /// tensors.insert("v", &[1], vec![2.0]);
    /// assert_eq!(tensors.get_all::<f64>(&[("v", &[1]), ("m", &[1])]), Ok(vec![vec![2.0], vec![0.5]]));
    /// assert_eq!(
    ///     tensors.get_all::<f64>(&[("m", &[1])]).unwrap_err().to_string(),
    ///     "tensor \"v\" was not asked for; remove it"
    /// );
    /// ```
    pub fn get_all<R: Real>(&self, wanted: &[(&str, &[usize])]) -> Result<Vec<Vec<R>>, TensorError> {
        let all = wanted.iter().map(|(name, shape)| self.get(name, shape)).collect::<Result<_, _>>()?;
        match self.names().find(|name| wanted.iter().all(|(other, _)| other != name)) {
            Some(name) => Err(TensorError::Unexpected { name: name.to_string() }),
            None => Ok(all),
        }
    }

    /// Parses a text.
    ///
    /// # Errors
    ///
    /// When there is no text under this key, or it does not parse as this type.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert_text("epoch", "seven");
    /// assert_eq!(tensors.text::<String>("epoch").unwrap(), "seven");
    /// assert_eq!(tensors.text::<u64>("epoch").unwrap_err().to_string(), "text \"epoch\" is \"seven\", which is no u64");
    /// ```
    pub fn text<T: FromStr>(&self, key: &str) -> Result<T, TensorError> {
        let found = self.texts.get(key);
        found.and_then(|text| text.parse().ok()).ok_or_else(|| TensorError::Text {
            key: key.to_string(),
            wanted: type_name::<T>(),
            found: found.cloned(),
        })
    }

    /// Returns the tensors with all numbers rounded to `f32`. A tensor with a finite number too large for `f32` stays
    /// `f64`, and [`get`](Tensors::get) refuses it as `f32`.
    ///
    /// ```
    /// let mut tensors = dualtape::nn::Tensors::new();
    /// tensors.insert("x", &[], vec![0.1_f64]);
    /// assert!(tensors.get::<f32>("x", &[]).is_err());
    /// assert_eq!(tensors.to_f32().get("x", &[]), Ok(vec![0.1_f32]));
    ///
    /// tensors.insert("x", &[2], vec![0.1, 1e40]);
    /// let error = tensors.to_f32().get::<f32>("x", &[2]).unwrap_err().to_string();
    /// assert!(error.starts_with("tensor \"x\" has 10000000000000000000000000000000000000000 at place 1, "));
    /// ```
    pub fn to_f32(&self) -> Tensors {
        let mut rounded = self.clone();
        for tensor in rounded.tensors.values_mut() {
            if let Numbers::F64(numbers) = &tensor.numbers
                && tensor.numbers.beyond_f32().is_none()
            {
                tensor.numbers = Numbers::F32(numbers.iter().map(|&x| x as f32).collect());
            }
        }
        rounded
    }
}

/// Why tensors cannot be loaded.
///
/// ```
/// use dualtape::nn::{Activation, Mlp, TensorError, Tensors};
///
/// let mut network: Mlp = Mlp::zeros(2, &[(1, Activation::Linear)]);
/// let wide: Mlp = Mlp::zeros(3, &[(1, Activation::Linear)]);
/// let error = network.load_tensors(&wide.tensors()).unwrap_err();
/// let name = "layers.0.weight".to_string();
/// assert_eq!(error, TensorError::Shape { name, wanted: vec![1, 2], found: vec![1, 3] });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorError {
    /// There is no tensor of that name.
    Missing {
        /// The name.
        name: String,
        /// The expected shape.
        shape: Vec<usize>,
    },
    /// There is a tensor that nothing asked for.
    Unexpected {
        /// Its name.
        name: String,
    },
    /// The tensor has another shape.
    Shape {
        /// The name.
        name: String,
        /// The expected shape.
        wanted: Vec<usize>,
        /// The shape of the tensor.
        found: Vec<usize>,
    },
    /// The tensor has numbers of a type that cannot be read without loss.
    Type {
        /// The name.
        name: String,
        /// The expected type, as safetensors names it.
        wanted: String,
        /// The type of the tensor.
        found: String,
    },
    /// A number is infinite or NaN where a training is to continue.
    NotFinite {
        /// The name of the tensor.
        name: String,
        /// The place of the number, row by row, counted from 0.
        index: usize,
        /// The number.
        number: String,
    },
    /// The tensors were made with something else, such as other activations or another scaling of features.
    Different {
        /// The difference.
        what: String,
        /// The expected description.
        wanted: String,
        /// The description of what the tensors were made with.
        found: String,
    },
    /// A number is too large for `f32`.
    Range {
        /// The name of the tensor.
        name: String,
        /// The place of the number, row by row, counted from 0.
        index: usize,
        /// The number.
        number: String,
    },
    /// There is no such text, or it does not parse as that type.
    Text {
        /// The key.
        key: String,
        /// The expected type.
        wanted: &'static str,
        /// The text, if there is one.
        found: Option<String>,
    },
}

impl Display for TensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TensorError::Missing { name, shape } => write!(f, "there is no tensor {name:?}, of the shape {shape:?}"),
            TensorError::Unexpected { name } => write!(f, "tensor {name:?} was not asked for; remove it"),
            TensorError::Shape { name, wanted, found } => {
                write!(f, "tensor {name:?} has the shape {found:?}, and {wanted:?} is wanted")
            }
            TensorError::Type { name, wanted, found } => write!(
                f,
                "tensor {name:?} has the wrong type: {found}, and {wanted} is wanted; round F64 to F32 with \
                 `Tensors::to_f32`, and convert others before they are saved"
            ),
            TensorError::NotFinite { name, index, number } => write!(
                f,
                "tensor {name:?} has {number} at place {index}, counted from 0, from which no training can continue; take an \
                 earlier checkpoint"
            ),
            TensorError::Different { what, wanted, found } => {
                write!(f, "{what}: the tensors were made with {found}, and {wanted} is wanted")
            }
            TensorError::Range { name, index, number } => {
                write!(f, "tensor {name:?} has {number} at place {index}, counted from 0, which is too large for F32")
            }
            TensorError::Text { key, found: None, .. } => write!(f, "there is no text {key:?}"),
            TensorError::Text { key, wanted, found: Some(found) } => {
                write!(f, "text {key:?} is {found:?}, which is no {wanted}")
            }
        }
    }
}

impl Error for TensorError {}

/// Names and shapes are as in PyTorch's linear layers: `layers.0.weight` of shape `[neurons, inputs]`, and
/// `layers.0.bias` of shape `[neurons]`. The text `network` has the layers with their activations.
impl<R: Real> Mlp<R> {
    /// Returns the parameters by name, and the layers as a text.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let network = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, -1.0, 0.5]);
    /// assert_eq!(network.tensors().get::<f64>("layers.0.weight", &[1, 2]), Ok(vec![3.0, -1.0]));
    /// assert_eq!(network.tensors().get::<f64>("layers.0.bias", &[1]), Ok(vec![0.5]));
    /// assert_eq!(network.tensors().text::<String>("network").unwrap(), network.to_string());
    /// ```
    pub fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::of(self);
        tensors.insert_text(NETWORK, self);
        tensors
    }

    /// Takes over the parameters by name; [`tensors`](Mlp::tensors) has the names.
    ///
    /// Tensors without the text `network` come from elsewhere or were saved before there was one. They are taken by
    /// names and shapes alone: the caller answers for the activations.
    ///
    /// # Errors
    ///
    /// When the tensors are of a network with other layers, another order or other activations, one is missing, has
    /// another shape or numbers of `f64` for a network of `f32`, or one is left over. An error leaves the network
    /// unchanged.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let learned = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, -1.0, 0.5]);
    /// let mut network = Mlp::zeros(2, &[(1, Activation::Tanh)]);
    /// network.load_tensors(&learned.tensors())?;
    /// assert_eq!(network, learned);
    ///
    /// let mut other: Mlp = Mlp::zeros(2, &[(1, Activation::Relu)]);
    /// assert_eq!(
    ///     other.load_tensors(&learned.tensors()).unwrap_err().to_string(),
    ///     "network: the tensors were made with MLP of [Layer of [Tanh(2) x 1]], and MLP of [Layer of [ReLU(2) x 1]] is wanted"
    /// );
    /// # Ok::<(), dualtape::nn::TensorError>(())
    /// ```
    pub fn load_tensors(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        let mut loaded = self.clone();
        tensors.load_into(&mut loaded)?;
        tensors.expect_made_with(NETWORK, &*self)?;
        *self = loaded;
        Ok(())
    }
}

/// The key of the text that describes the layers.
const NETWORK: &str = "network";

/// The names of the tensors of a scaling.
const SCALING: [&str; 2] = ["scaling.means", "scaling.deviations"];

impl<R: Real> Standardizer<R> {
    /// Returns the means as the tensor `scaling.means`, and the deviations as `scaling.deviations`.
    ///
    /// ```
    /// use dualtape::nn::Standardizer;
    ///
    /// let scaling = Standardizer::new(&[20.0, 3.0], &[4.0, 1.0]);
    /// assert_eq!(scaling.tensors().get::<f64>("scaling.means", &[2]), Ok(vec![20.0, 3.0]));
    /// ```
    pub fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, numbers) in SCALING.into_iter().zip([self.means(), self.deviations()]) {
            tensors.insert(name, &[numbers.len()], numbers.to_vec());
        }
        tensors
    }

    /// Returns the scaling that is among the tensors.
    ///
    /// # Errors
    ///
    /// When there is none, the numbers are of the wrong type or not finite, or a deviation is not above 0.
    ///
    /// ```
    /// use dualtape::nn::{Standardizer, Tensors};
    ///
    /// let scaling = Standardizer::new(&[20.0, 3.0], &[4.0, 1.0]);
    /// assert_eq!(Standardizer::from_tensors(&scaling.tensors()), Ok(scaling));
    /// assert!(Standardizer::<f64>::from_tensors(&Tensors::new()).is_err());
    /// ```
    pub fn from_tensors(tensors: &Tensors) -> Result<Self, TensorError> {
        let columns = tensors.shape(SCALING[0]).and_then(|shape| shape.first().copied()).unwrap_or(1).max(1);
        let [means, deviations] = SCALING.map(|name| tensors.get_finite(name, &[columns]));
        let (means, deviations): (Vec<R>, Vec<R>) = (means?, deviations?);
        if let Some(column) = deviations.iter().position(|&deviation| !is_deviation(deviation)) {
            return Err(TensorError::Different {
                what: format!("the deviation of column {}", column + 1),
                wanted: "a number above 0".to_string(),
                found: deviations[column].to_string(),
            });
        }
        Ok(Standardizer::new(&means, &deviations))
    }
}

#[cfg(feature = "files")]
impl Tensors {
    /// Takes the scaling out. It must equal `wanted` to the bit, or be absent if that is `None`.
    pub(super) fn take_scaling<R: Real>(&mut self, wanted: Option<&Standardizer<R>>) -> Result<(), TensorError> {
        let has_scaling = SCALING.iter().any(|name| self.tensors.contains_key(*name));
        let found = if has_scaling { Some(Standardizer::from_tensors(self)?) } else { None };
        let different = |wanted: &str, found: String| {
            let (what, wanted) = ("the scaling of features".to_string(), wanted.to_string());
            Err(TensorError::Different { what, wanted, found })
        };
        match (wanted, found) {
            (None, None) => {}
            (Some(_), None) => return different("a scaling (without one, load with `Mlp::load`)", "none".to_string()),
            (None, Some(found)) => {
                let found = format!("one of {} columns", found.means().len());
                return different("none (with one, load with `Mlp::load_scaled`)", found);
            }
            (Some(wanted), Some(found)) => {
                let [ours, theirs] = [wanted, &found].map(|scaling| {
                    scaling.means().iter().copied().zip(scaling.deviations().iter().copied()).collect::<Vec<_>>()
                });
                if ours.len() != theirs.len() {
                    return different(&format!("one of {} columns", ours.len()), format!("one of {}", theirs.len()));
                }
                if let Some(column) = (0..ours.len()).find(|&column| ours[column] != theirs[column]) {
                    let [ours, theirs] = [ours[column], theirs[column]].map(|(mean, deviation)| {
                        format!("mean {mean} and deviation {deviation} of column {}", column + 1)
                    });
                    return different(&ours, theirs);
                }
            }
        }
        self.tensors.retain(|name, _| !SCALING.contains(&&name[..]));
        Ok(())
    }
}

/// A tensor among the parameters of a model.
struct NamedTensor {
    name: String,
    shape: Vec<usize>,
    /// The places of the tensor's numbers among the parameters, row by row.
    places: Vec<usize>,
}

/// Returns the tensors of a model, in the order of their first parameters.
#[track_caller]
fn named_tensors(model: &impl Parameters) -> Vec<NamedTensor> {
    let (mut fields, mut count) = (Vec::<(String, Vec<Element>)>::new(), 0);
    let mut order = BTreeMap::new();
    model.map_named(Name::ROOT, &mut |name, x| {
        let (field, indices) = name.split();
        let known = *order.entry(field.clone()).or_insert_with(|| {
            fields.push((field, Vec::new()));
            fields.len() - 1
        });
        fields[known].1.push(Element { indices, place: count });
        count += 1;
        x
    });
    let mut tensors = Vec::new();
    fields.into_iter().for_each(|(name, elements)| add_tensors(name, elements, &mut tensors));
    tensors
}

/// A parameter of a field.
struct Element {
    /// Where it is in the field.
    indices: Vec<usize>,
    /// Where it is among all parameters.
    place: usize,
}

/// Adds the elements of a field as one tensor if they fill a block, otherwise one tensor for each first index.
#[track_caller]
fn add_tensors(name: String, mut elements: Vec<Element>, tensors: &mut Vec<NamedTensor>) {
    let rank = elements.iter().map(|element| element.indices.len()).max().unwrap_or(0);
    let longest = |axis: usize| elements.iter().filter_map(|element| element.indices.get(axis)).max();
    let shape: Vec<usize> = (0..rank).map(|axis| longest(axis).map_or(0, |last| last + 1)).collect();
    if shape.iter().product::<usize>() == elements.len() && elements.iter().all(|element| element.indices.len() == rank)
    {
        elements.sort_by(|a, b| a.indices.cmp(&b.indices));
        tensors.push(NamedTensor { name, shape, places: elements.iter().map(|element| element.place).collect() });
        return;
    }
    let mut rows = BTreeMap::<usize, Vec<Element>>::new();
    for mut element in elements {
        assert!(!element.indices.is_empty(), "Tensors: two parameters have the name {name:?}; give each its own");
        rows.entry(element.indices.remove(0)).or_default().push(element);
    }
    rows.into_iter().for_each(|(row, elements)| add_tensors(format!("{name}.{row}"), elements, tensors));
}
