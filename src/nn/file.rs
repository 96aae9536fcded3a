//! Tensors in files: safetensors, which PyTorch and others read, and JSON.
//!
//! A safetensors file is the length of a header, the header as JSON, and all numbers as bytes, little-endian. A JSON
//! file is `{"texts": {key: text}, "tensors": {name: {"dtype", "shape", "data"}}}`. JSON has no numbers for NaN and
//! the infinities, so they are the words `"NaN"`, `"Infinity"` and `"-Infinity"`. Both formats hold every number
//! exactly, and the same tensors give the same bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use safetensors::{Dtype, SafeTensors};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::tensors::{Numbers, Tensor, first_beyond_f32};
use super::{Mlp, Standardizer, TensorError, Tensors};
use crate::scalar::Real;

#[cfg(test)]
mod tests;

impl Tensors {
    /// Writes a file, in safetensors or JSON, depending on the extension. It replaces an existing file only when all
    /// is on the disk, so a crash leaves either the old file or the new one. The new file has the permissions of the
    /// old one, and on Unix its owner where the system allows it. A symbolic link stays, and the file that it points
    /// to is replaced.
    ///
    /// # Errors
    ///
    /// When the name ends neither in `.safetensors` nor in `.json`, the path names no file or is a link to a name of the
    /// other format, or the file cannot be written.
    ///
    /// ```
    /// use dualtape::nn::Tensors;
    ///
    /// let mut tensors = Tensors::new();
    /// tensors.insert("x", &[2], vec![0.1, 1.0 / 3.0]);
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("tensors.json");
    /// tensors.save(&path)?;
    /// assert_eq!(Tensors::load(&path)?, tensors);
    /// # Ok::<(), dualtape::nn::FileError>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        at(path.as_ref(), |path| {
            let format = Format::of(path)?;
            let path = behind_links(path, format)?;
            let bytes = match format {
                Format::Safetensors => to_safetensors(self),
                Format::Json => to_json(self),
            };
            Ok(replace(&path, &bytes)?)
        })
    }

    /// Reads a file, in safetensors or JSON, depending on the extension.
    ///
    /// # Errors
    ///
    /// When the name ends in neither, the file cannot be read, is truncated or otherwise malformed, or has numbers of
    /// another type than `F64` and `F32`.
    ///
    /// ```
    /// let error = dualtape::nn::Tensors::load("data/iris.csv").unwrap_err();
    /// assert_eq!(error.to_string(), "data/iris.csv: the name of the file must end in .safetensors or .json");
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        at(path.as_ref(), |path| match Format::of(path)? {
            Format::Safetensors => from_safetensors(&fs::read(path)?),
            Format::Json => from_json(&fs::read(path)?),
        })
    }
}

impl<R: Real> Mlp<R> {
    /// Writes the [parameters](Mlp::tensors) into a file, as [`Tensors::save`] does.
    ///
    /// # Errors
    ///
    /// As [`Tensors::save`].
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let learned = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, -1.0, 0.5]);
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("network.safetensors");
    /// learned.save(&path)?;
    ///
    /// let mut network = Mlp::zeros(2, &[(1, Activation::Tanh)]);
    /// network.load(&path)?;
    /// assert_eq!(network, learned);
    /// # Ok::<(), dualtape::nn::FileError>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        self.tensors().save(path)
    }

    /// Takes over the parameters in a file, by [`Tensors::load`] and [`load_tensors`](Mlp::load_tensors).
    ///
    /// # Errors
    ///
    /// As these, and when the network was saved with a [scaling](Mlp::save_scaled). An error leaves the network
    /// unchanged.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("network.safetensors");
    /// Mlp::<f64>::zeros(3, &[(1, Activation::Tanh)]).save(&path)?;
    /// let error = Mlp::<f64>::zeros(2, &[(1, Activation::Tanh)]).load(&path).unwrap_err();
    /// let problem = "tensor \"layers.0.weight\" has the shape [1, 3], and [1, 2] is wanted";
    /// assert_eq!(error.to_string(), format!("{}: {problem}", path.display()));
    /// # Ok::<(), dualtape::nn::FileError>(())
    /// ```
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), FileError> {
        self.load_made_with(path.as_ref(), None)
    }

    /// [Saves](Mlp::save) the network with the scaling of the features that it has learned from.
    ///
    /// # Errors
    ///
    /// As [`Tensors::save`], and when the scaling has not as many columns as the network has inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, Standardizer, Tensors};
    ///
    /// let learned = Mlp::new(1, &[(1, Activation::Tanh)], &[3.0, 0.5]);
    /// let scaling = Standardizer::fit(&[1.0, 2.0, 3.0], 1);
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("network.safetensors");
    /// learned.save_scaled(&path, &scaling)?;
    ///
    /// // The program that uses it finds the scaling in the file.
    /// let scaling: Standardizer = Standardizer::from_tensors(&Tensors::load(&path)?)?;
    /// let (mut network, mut x) = (Mlp::zeros(1, &[(1, Activation::Tanh)]), [2.0]);
    /// network.load_scaled(&path, &scaling)?;
    /// scaling.apply(&mut x);
    /// assert_eq!(network.forward(&x), [0.5_f64.tanh()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_scaled(&self, path: impl AsRef<Path>, scaling: &Standardizer<R>) -> Result<(), FileError> {
        let mut tensors = self.tensors();
        tensors.insert_all("", scaling.tensors());
        at(path.as_ref(), |_| Ok(self.expect_width(scaling)?))?;
        tensors.save(path)
    }

    /// [Loads](Mlp::load) a network that was [saved](Mlp::save_scaled) with the scaling of its features.
    ///
    /// # Errors
    ///
    /// As [`load`](Mlp::load), and when the network was saved with another scaling, or with none, or the scaling has not as
    /// many columns as the network has inputs. An error leaves the network unchanged.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, Standardizer};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("network.safetensors");
    /// let mut network: Mlp = Mlp::zeros(1, &[(1, Activation::Tanh)]);
    /// network.save_scaled(&path, &Standardizer::new(&[2.0], &[0.5]))?;
    /// let error = network.load_scaled(&path, &Standardizer::new(&[2.0], &[0.25])).unwrap_err().to_string();
    /// assert!(error.ends_with(
    ///     ": the scaling of features: the tensors were made with mean 2 and deviation 0.5 of column 1, and mean 2 and \
    ///      deviation 0.25 of column 1 is wanted"
    /// ));
    /// # Ok::<(), dualtape::nn::FileError>(())
    /// ```
    pub fn load_scaled(&mut self, path: impl AsRef<Path>, scaling: &Standardizer<R>) -> Result<(), FileError> {
        self.load_made_with(path.as_ref(), Some(scaling))
    }

    fn load_made_with(&mut self, path: &Path, scaling: Option<&Standardizer<R>>) -> Result<(), FileError> {
        let mut tensors = Tensors::load(path)?;
        at(path, |_| {
            tensors.take_scaling(scaling)?;
            scaling.map_or(Ok(()), |scaling| self.expect_width(scaling))?;
            Ok(self.load_tensors(&tensors)?)
        })
    }

    /// Refuses a scaling of more or fewer columns than the network has inputs.
    fn expect_width(&self, scaling: &Standardizer<R>) -> Result<(), TensorError> {
        let (columns, inputs) = (scaling.means().len(), self.inputs());
        if columns == inputs {
            return Ok(());
        }
        Err(TensorError::Different {
            what: "the scaling of features".to_string(),
            wanted: format!("one of {inputs} columns, for as many inputs of the network,"),
            found: format!("one of {columns}"),
        })
    }
}

/// Why a file could not be written or read.
///
/// ```
/// use dualtape::nn::{FileProblem, Tensors};
///
/// let error = Tensors::load("no/such/file.json").unwrap_err();
/// assert!(matches!(error.problem, FileProblem::Io(_)));
/// assert!(error.to_string().starts_with("no/such/file.json: "));
/// ```
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    pub problem: FileProblem,
}

/// A problem with a file of tensors.
///
/// ```
/// use dualtape::nn::{FileProblem, Tensors};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("network.safetensors");
/// std::fs::write(&path, [1, 2, 3]).unwrap();
/// assert!(matches!(Tensors::load(&path).unwrap_err().problem, FileProblem::Malformed(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileProblem {
    /// It cannot be opened, read or written.
    Io(io::Error),
    /// Its name has no known extension.
    Name,
    /// It is truncated, corrupted or of another format.
    Malformed(String),
    /// Its tensors are not the expected ones.
    Tensors(TensorError),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.problem {
            FileProblem::Io(error) => write!(f, "{error}"),
            FileProblem::Name => f.write_str("the name of the file must end in .safetensors or .json"),
            FileProblem::Malformed(problem) => {
                write!(f, "the file is truncated, corrupted or of another format: {problem}")
            }
            FileProblem::Tensors(error) => write!(f, "{error}"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            FileProblem::Io(error) => Some(error),
            FileProblem::Tensors(error) => Some(error),
            FileProblem::Name | FileProblem::Malformed(_) => None,
        }
    }
}

impl From<io::Error> for FileProblem {
    fn from(error: io::Error) -> Self {
        FileProblem::Io(error)
    }
}

impl From<TensorError> for FileProblem {
    fn from(error: TensorError) -> Self {
        FileProblem::Tensors(error)
    }
}

/// Adds the name of the file to an error.
fn at<T>(path: &Path, act: impl FnOnce(&Path) -> Result<T, FileProblem>) -> Result<T, FileError> {
    act(path).map_err(|problem| FileError { path: path.to_path_buf(), problem })
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Safetensors,
    Json,
}

impl Format {
    fn of(path: &Path) -> Result<Self, FileProblem> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Ok(Format::Safetensors),
            Some("json") => Ok(Format::Json),
            _ => Err(FileProblem::Name),
        }
    }
}

/// Writes a file whole or not at all: under another name in the same folder, then renamed. A file that is replaced
/// leaves its permissions to the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let replaced = match fs::metadata(path) {
        Ok(replaced) if !replaced.is_file() => {
            return Err(io::Error::other("the path is taken by something other than a file; choose another path"));
        }
        Ok(replaced) => Some(replaced),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if replaced.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less what the umask takes
    }
    let mut file = builder.tempfile_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    if let Some(replaced) = replaced {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            // Only the owner of a file, or root, may give it away. That clears some permissions, so they are set after
            // it.
            let _ = fchown(file.as_file(), Some(replaced.uid()), Some(replaced.gid()));
        }
        file.as_file().set_permissions(replaced.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Returns the path to which a path leads through symbolic links, whether there is a file or not. Refuses links to a name
/// of the other format, which could not be loaded by that name.
fn behind_links(path: &Path, format: Format) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path), // no link, or nothing there
        }
        if Format::of(&path).is_ok_and(|other| other != format) {
            let target = path.display();
            return Err(io::Error::other(format!("it is a link to {target}, a name of another format; save it there")));
        }
    }
    Err(io::Error::other(format!("there are more than {LINKS} symbolic links, one after the other")))
}

/// Writes the header itself, because the crate `safetensors` puts texts in a random order.
fn to_safetensors(tensors: &Tensors) -> Vec<u8> {
    let mut header = Map::new();
    if !tensors.texts.is_empty() {
        header.insert("__metadata__".to_string(), json!(tensors.texts));
    }
    let mut data = Vec::new();
    // Numbers of 8 bytes come first, so that each number lies at a multiple of its size.
    for dtype in ["F64", "F32"] {
        for (name, tensor) in tensors.tensors.iter().filter(|(_, tensor)| tensor.numbers.type_name() == dtype) {
            let start = data.len();
            match &tensor.numbers {
                Numbers::F64(numbers) => data.extend(numbers.iter().flat_map(|x| x.to_le_bytes())),
                Numbers::F32(numbers) => data.extend(numbers.iter().flat_map(|x| x.to_le_bytes())),
            }
            let info = json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, data.len()] });
            header.insert(name.clone(), info);
        }
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn from_safetensors(bytes: &[u8]) -> Result<Tensors, FileProblem> {
    let malformed = |error: safetensors::SafeTensorError| FileProblem::Malformed(error.to_string());
    check_header(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let mut tensors = Tensors::new();
    tensors.texts.extend(header.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())));
    for (name, view) in SafeTensors::deserialize(bytes).map_err(malformed)?.iter() {
        let numbers = match view.dtype() {
            Dtype::F64 => Numbers::F64(view.data().as_chunks().0.iter().copied().map(f64::from_le_bytes).collect()),
            Dtype::F32 => Numbers::F32(view.data().as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()),
            other => return Err(wrong_type(name, &format!("{other:?}"))),
        };
        tensors.tensors.insert(name.to_string(), Tensor { shape: view.shape().to_vec(), numbers });
    }
    Ok(tensors)
}

/// Refuses files that the crate `safetensors` accepts or panics at: with a name twice, or a tensor that ends beyond
/// the file.
fn check_header(bytes: &[u8]) -> Result<(), FileProblem> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(()) };
    let Some((header, data)) = rest.split_at_checked(u64::from_le_bytes(*length).try_into().unwrap_or(usize::MAX))
    else {
        return Err(FileProblem::Malformed("the header is longer than the file".to_string()));
    };
    let tensors: BTreeMap<String, Value> = unique(&mut serde_json::Deserializer::from_slice(header))
        .map_err(|error| FileProblem::Malformed(format!("the header is not a map of tensors: {error}")))?;
    match tensors.iter().find(|(_, tensor)| tensor["data_offsets"][1].as_u64() > Some(data.len() as u64)) {
        Some((name, _)) => Err(FileProblem::Malformed(format!("tensor {name:?} ends beyond the end of the file"))),
        None => Ok(()),
    }
}

fn wrong_type(name: &str, found: &str) -> FileProblem {
    let (name, wanted, found) = (name.to_string(), "F64 or F32".to_string(), found.to_string());
    TensorError::Type { name, wanted, found }.into()
}

/// A JSON file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTensors {
    #[serde(default, deserialize_with = "unique")]
    texts: BTreeMap<String, String>,
    #[serde(deserialize_with = "unique")]
    tensors: BTreeMap<String, JsonTensor>,
}

/// A map in which no name comes twice; otherwise the last one would win silently.
fn unique<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
    struct Unique<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(name) = entries.next_key::<String>()? {
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format!("the name {name:?} comes twice")));
                }
                map.insert(name, entries.next_value()?);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTensor {
    dtype: String,
    shape: Vec<usize>,
    data: Vec<JsonNumber>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"")]
enum JsonNumber {
    Finite(f64),
    Other(JsonWord),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum JsonWord {
    NaN,
    Infinity,
    #[serde(rename = "-Infinity")]
    NegativeInfinity,
}

impl From<f64> for JsonNumber {
    fn from(number: f64) -> Self {
        match number {
            f64::INFINITY => JsonNumber::Other(JsonWord::Infinity),
            f64::NEG_INFINITY => JsonNumber::Other(JsonWord::NegativeInfinity),
            _ if number.is_nan() => JsonNumber::Other(JsonWord::NaN),
            _ => JsonNumber::Finite(number),
        }
    }
}

impl From<JsonNumber> for f64 {
    fn from(number: JsonNumber) -> Self {
        match number {
            JsonNumber::Finite(number) => number,
            JsonNumber::Other(JsonWord::Infinity) => f64::INFINITY,
            JsonNumber::Other(JsonWord::NegativeInfinity) => f64::NEG_INFINITY,
            JsonNumber::Other(JsonWord::NaN) => f64::NAN,
        }
    }
}

fn to_json(tensors: &Tensors) -> Vec<u8> {
    let json = |tensor: &Tensor| JsonTensor {
        dtype: tensor.numbers.type_name().to_string(),
        shape: tensor.shape.clone(),
        data: match &tensor.numbers {
            Numbers::F64(numbers) => numbers.iter().map(|&x| x.into()).collect(),
            Numbers::F32(numbers) => numbers.iter().map(|&x| f64::from(x).into()).collect(),
        },
    };
    let all = tensors.tensors.iter().map(|(name, tensor)| (name.clone(), json(tensor))).collect();
    serde_json::to_vec(&JsonTensors { texts: tensors.texts.clone(), tensors: all })
        .expect("texts and numbers have a JSON")
}

fn from_json(bytes: &[u8]) -> Result<Tensors, FileProblem> {
    let malformed = |error: serde_json::Error| FileProblem::Malformed(error.to_string());
    let json: JsonTensors = serde_json::from_slice(bytes).map_err(malformed)?;
    let mut tensors = Tensors { texts: json.texts, ..Tensors::new() };
    for (name, JsonTensor { dtype, shape, data }) in json.tensors {
        if shape.iter().try_fold(1, |n: usize, &m| n.checked_mul(m)) != Some(data.len()) {
            let problem = format!("tensor {name:?} has {} numbers and the shape {shape:?}", data.len());
            return Err(FileProblem::Malformed(problem));
        }
        let data: Vec<f64> = data.into_iter().map(f64::from).collect();
        let numbers = match &dtype[..] {
            "F64" => Numbers::F64(data),
            "F32" => match first_beyond_f32(data.iter().copied()) {
                Some((index, number)) => {
                    return Err(TensorError::Range { name, index, number: number.to_string() }.into());
                }
                None => Numbers::F32(data.into_iter().map(|x| x as f32).collect()),
            },
            _ => return Err(wrong_type(&name, &dtype)),
        };
        tensors.tensors.insert(name, Tensor { shape, numbers });
    }
    Ok(tensors)
}
