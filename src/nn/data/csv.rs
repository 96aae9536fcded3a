//! Reads data from CSV files.
//!
//! A row is a line of the file, counted from 1, the header among them, as in an editor or a
//! spreadsheet.

use std::borrow::Cow;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::Dataset;
use crate::scalar::{Real, Scalar};

/// Why data could not be read.
///
/// ```
/// use dualtape::nn::Dataset;
///
/// let error = Dataset::<f64>::read_csv("data/iris.csv", &["petal"]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "data/iris.csv: there is no column \"petal\" among \"sepal_length_cm\", \"sepal_width_cm\", \
///      \"petal_length_cm\", \"petal_width_cm\", \"target\""
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read.
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// A cell is wrong, missing, or one too many.
    Cell {
        /// The file.
        path: PathBuf,
        /// The line of the file, counted from 1.
        row: usize,
        /// The column, counted from 1.
        column: usize,
        /// Its name, where the header has one.
        name: Option<String>,
        /// The fault.
        problem: String,
    },
    /// A column that was asked for is missing or was asked for twice, or no features or no targets remain.
    Column {
        /// The file.
        path: PathBuf,
        /// The fault.
        problem: String,
    },
    /// There is no data.
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Io { path, error } => write!(f, "{}: {error}", path.display()),
            DataError::Cell { path, row, column, name, problem } => {
                write!(f, "{}: row {row}, column {column}", path.display())?;
                name.iter().try_for_each(|name| write!(f, " ({name:?})"))?;
                write!(f, ": {problem}")
            }
            DataError::Column { path, problem } => write!(f, "{}: {problem}", path.display()),
            DataError::Empty { path } => write!(f, "{}: there are no rows of data", path.display()),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            DataError::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The target of a row: a number of type `R`, or a class, `usize`.
///
/// ```
/// use dualtape::nn::Target;
///
/// assert_eq!(<usize as Target<f64>>::from_number(2.0), Ok(2));
/// assert!(<usize as Target<f64>>::from_number(2.5).is_err());
/// assert_eq!(<f64 as Target<f64>>::from_number(2.5), Ok(2.5));
/// ```
pub trait Target<R>: Copy {
    /// Returns the target that a number in a file stands for, or its fault.
    fn from_number(number: f64) -> Result<Self, String>;
}

impl<R: Real> Target<R> for R {
    fn from_number(number: f64) -> Result<Self, String> {
        finite(number)
    }
}

impl<R: Real> Target<R> for usize {
    fn from_number(number: f64) -> Result<Self, String> {
        let class = number as usize;
        if class as f64 == number && number < u32::MAX.into() {
            Ok(class)
        } else {
            Err(format!("{number} is not a class; classes are whole numbers from 0"))
        }
    }
}

/// Returns the number in this precision, or its fault.
fn finite<R: Real>(number: f64) -> Result<R, String> {
    let rounded = R::from_f64(number);
    if Scalar::is_finite_throughout(rounded) { Ok(rounded) } else { Err(format!("{number} is not a finite number")) }
}

impl<R: Real, T: Target<R>> Dataset<R, T> {
    /// Reads a CSV file whose first row names the columns. The columns `targets` are the targets, in that order, and
    /// all others the features. Empty lines are skipped, and so are spaces around cells.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, has no rows, lacks a column or has two of one name, or a target is named twice.
    /// When a row has more or fewer cells than the header, or a cell has no finite number, or no class where the
    /// targets are of type `usize`. When a quoted cell does not end, or goes on after its quotes. Missing values are not
    /// filled in.
    ///
    /// ```
    /// use dualtape::nn::{Dataset, read_indices};
    ///
    /// let iris = Dataset::<f64, usize>::read_csv("data/iris.csv", &["target"])?;
    /// assert_eq!((iris.len(), iris.inputs(), iris.classes()), (150, 4, 3));
    ///
    /// let test = iris.select(&read_indices("data/iris_test_idx.txt", iris.len())?);
    /// assert_eq!(test.row(1), (&[4.6, 3.1, 1.5, 0.2][..], &[0][..]));
    /// # Ok::<(), dualtape::nn::DataError>(())
    /// ```
    pub fn read_csv(path: impl AsRef<Path>, targets: &[&str]) -> Result<Self, DataError> {
        let table = Table::read(path.as_ref(), true)?;
        if let Some(index) = (1..targets.len()).find(|&index| targets[..index].contains(&targets[index])) {
            let problem = format!("column {:?} is named twice among the targets; name it once", targets[index]);
            return Err(DataError::Column { path: table.path.to_path_buf(), problem });
        }
        let targets = targets.iter().map(|name| table.find(name)).collect::<Result<Vec<_>, _>>()?;
        let features: Vec<usize> = (0..table.header.len()).filter(|column| !targets.contains(column)).collect();
        if features.is_empty() || targets.is_empty() {
            let problem = format!(
                "{} columns of features and {} of targets; name at least one of each",
                features.len(),
                targets.len()
            );
            return Err(DataError::Column { path: table.path.to_path_buf(), problem });
        }
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for row in &table.rows {
            for &column in &features {
                xs.push(table.cell(row, column, finite)?);
            }
            for &column in &targets {
                ys.push(table.cell(row, column, T::from_number)?);
            }
        }
        Ok(Dataset::new((features.len(), targets.len()), xs, ys))
    }
}

/// Reads the numbers of rows to [`select`](Dataset::select) from data of `rows` rows: one on each line, counted from
/// 0.
///
/// # Errors
///
/// When the file cannot be read, is empty, or has a line that is not the number of a row.
///
/// ```
/// let rows = dualtape::nn::read_indices("data/iris_test_idx.txt", 150)?;
/// assert_eq!((rows.len(), &rows[..3]), (30, &[0, 3, 9][..]));
///
/// let error = dualtape::nn::read_indices("data/iris_test_idx.txt", 100).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "data/iris_test_idx.txt: row 21, column 1: 100 is not a row; the data has 100, counted from 0"
/// );
/// # Ok::<(), dualtape::nn::DataError>(())
/// ```
pub fn read_indices(path: impl AsRef<Path>, rows: usize) -> Result<Vec<usize>, DataError> {
    let index = |number: f64| match number as usize {
        row if row as f64 == number && row < rows => Ok(row),
        _ => Err(format!("{number} is not a row; the data has {rows}, counted from 0")),
    };
    let table = Table::read(path.as_ref(), false)?;
    table.rows.iter().map(|row| table.cell(row, 0, index)).collect()
}

/// The rows of a file that have as many cells as its header, or one cell without a header.
struct Table<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    header: Vec<String>,
    rows: Vec<ByteRecord>,
}

impl<'a> Table<'a> {
    fn read(path: &'a Path, has_header: bool) -> Result<Self, DataError> {
        let unreadable = |error| DataError::Io { path: path.to_path_buf(), error };
        let bytes = fs::read(path).map_err(unreadable)?;
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(&bytes[..]);
        let rows: Result<Vec<ByteRecord>, _> = reader.into_byte_records().collect();
        let mut rows = rows.map_err(|error| unreadable(error.into()))?;
        let mut table = Table { path, bytes, header: Vec::new(), rows: Vec::new() };
        if has_header && !rows.is_empty() {
            table.read_header(&rows.remove(0))?;
        }
        if rows.is_empty() {
            return Err(DataError::Empty { path: path.to_path_buf() });
        }
        rows.iter().try_for_each(|row| table.check_quotes(row))?;
        let columns = table.header.len().max(1);
        if let Some(row) = rows.iter().find(|row| row.len() > columns) {
            return Err(table.complaint(row, columns, format!("a cell too many; the rows have {columns}")));
        }
        table.rows = rows;
        Ok(table)
    }

    fn read_header(&mut self, row: &ByteRecord) -> Result<(), DataError> {
        self.check_quotes(row)?;
        self.header = row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        if self.header.iter().all(|name| name.parse::<f64>().is_ok()) {
            let problem = "the first row has numbers, and must have the names of the columns";
            return Err(self.complaint(row, 0, problem.to_string()));
        }
        for (column, name) in self.header.iter().enumerate() {
            if let Some(before) = self.header[..column].iter().position(|other| other == name) {
                return Err(self.complaint(row, column, format!("column {} has the same name", before + 1)));
            }
        }
        Ok(())
    }

    /// Returns the number of the column with this name.
    fn find(&self, name: &str) -> Result<usize, DataError> {
        self.header.iter().position(|other| other == name).ok_or_else(|| {
            let names: Vec<String> = self.header.iter().map(|name| format!("{name:?}")).collect();
            let problem = format!("there is no column {name:?} among {}", names.join(", "));
            DataError::Column { path: self.path.to_path_buf(), problem }
        })
    }

    /// Reads the number in a cell as a target or a feature.
    fn cell<T>(
        &self,
        row: &ByteRecord,
        column: usize,
        from_number: impl Fn(f64) -> Result<T, String>,
    ) -> Result<T, DataError> {
        let text = row.get(column).map(String::from_utf8_lossy);
        number(text).and_then(from_number).map_err(|problem| self.complaint(row, column, problem))
    }

    fn complaint(&self, row: &ByteRecord, column: usize, problem: String) -> DataError {
        let (path, row, name) = (self.path.to_path_buf(), self.line(row), self.header.get(column).cloned());
        DataError::Cell { path, row, column: column + 1, name, problem }
    }

    /// Returns the line of the file, counted from 1, on which a row stands. Empty lines count too.
    fn line(&self, row: &ByteRecord) -> usize {
        1 + self.bytes[..self.start(row)].iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Returns the place of the first byte of a row, after empty lines.
    fn start(&self, row: &ByteRecord) -> usize {
        let start = row.position().map_or(0, |position| position.byte() as usize);
        start + self.bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte)).count()
    }

    /// Refuses quotes that do not end, or end within a cell. The crate `csv` reads both.
    fn check_quotes(&self, row: &ByteRecord) -> Result<(), DataError> {
        let bytes = &self.bytes[self.start(row)..];
        let mut rest = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        for column in 0..row.len() {
            let is_quoted = rest.starts_with(b"\"");
            while let Some(quoted) = rest.strip_prefix(b"\"") {
                let Some(end) = quoted.iter().position(|&byte| byte == b'"') else {
                    return Err(self.complaint(row, column, "the quotes do not end".to_string()));
                };
                // Two quotes stand for one, and the cell goes on.
                rest = &quoted[end + 1..];
            }
            let end = rest.iter().position(|byte| b",\r\n".contains(byte)).unwrap_or(rest.len());
            if is_quoted && !rest[..end].trim_ascii().is_empty() {
                return Err(self.complaint(row, column, "the cell goes on after its quotes".to_string()));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Ok(())
    }
}

fn number(text: Option<Cow<'_, str>>) -> Result<f64, String> {
    let text = text.ok_or("the row ends before it")?;
    if text.is_empty() {
        return Err("the value is missing".to_string());
    }
    text.parse().map_err(|_| format!("{:?} is not a number", text.chars().take(40).collect::<String>()))
}
