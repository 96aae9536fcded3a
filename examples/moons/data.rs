//! Reading the points and the weights.
//!
//! Every complaint names the file, the row (a line of the file, counted from 1) and the column.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};

use crate::failure::Failure;

/// Points of the plane with labels −1 and 1.
#[derive(Default)]
pub(crate) struct Data {
    pub(crate) points: Vec<[f64; 2]>,
    pub(crate) labels: Vec<f64>,
}

/// Reads the points.
pub(crate) fn points(path: &Path) -> Result<Data, Failure> {
    let mut data = Data::default();
    let table = Table::read(path, &["x1", "x2", "y"])?;
    for row in &table.rows {
        data.points.push([table.number(row, 0)?, table.number(row, 1)?]);
        let label = table.number(row, 2)?;
        if label.abs() != 1.0 {
            return Err(table.complaint(row, 2, &format!("the label is {label}, and must be -1 or 1")));
        }
        data.labels.push(label);
    }
    if data.points.is_empty() {
        return Err(Failure::Usage(format!("{}: row 2, column 1 (x1): there are no points", path.display())));
    }
    Ok(data)
}

/// Reads `count` weights.
pub(crate) fn weights(path: &Path, count: usize) -> Result<Vec<f64>, Failure> {
    let table = Table::read(path, &["index", "layer", "neuron", "kind", "value"])?;
    let mut weights = Vec::with_capacity(count);
    for row in &table.rows {
        let index = table.number(row, 0)?;
        if weights.len() == count || index != weights.len() as f64 {
            let expected = match weights.len() {
                n if n == count => format!("the end of the file, as the network has {count} weights"),
                n => format!("weight {n}"),
            };
            return Err(table.complaint(row, 0, &format!("weight {index} instead of {expected}")));
        }
        weights.push(table.number(row, 4)?);
    }
    if weights.len() < count {
        let (path, row) = (path.display(), weights.len() + 2);
        let found = weights.len();
        return Err(Failure::Usage(format!(
            "{path}: row {row}, column 5 (value): the file ends after {found} of {count} weights"
        )));
    }
    Ok(weights)
}

/// The rows of a file that have as many columns as its header.
struct Table<'a> {
    path: &'a Path,
    header: &'a [&'a str],
    bytes: Vec<u8>,
    rows: Vec<ByteRecord>,
}

impl<'a> Table<'a> {
    fn read(path: &'a Path, header: &'a [&'a str]) -> Result<Self, Failure> {
        let unreadable = |error: &dyn Display| Failure::Usage(format!("{}: {error}", path.display()));
        let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(&bytes[..]);
        let rows: Result<Vec<ByteRecord>, _> = reader.into_byte_records().collect();
        let mut rows = rows.map_err(|error| unreadable(&error))?;
        if rows.is_empty() {
            let header = header.join(",");
            let what = format!("row 1, column 1: the file is empty, and must begin with the header {header}");
            return Err(unreadable(&what));
        }
        let first = rows.remove(0);
        let table = Table { path, header, bytes, rows };
        for (column, name) in header.iter().enumerate() {
            if table.text(&first, column)? != *name {
                return Err(table.complaint(&first, column, "the header is missing or has another name here"));
            }
        }
        for row in std::iter::once(&first).chain(&table.rows) {
            if row.len() > header.len() {
                let columns = header.len();
                return Err(table.complaint(row, columns, &format!("one column too many, the file has {columns}")));
            }
        }
        Ok(table)
    }

    /// Returns the text of a cell.
    fn text<'r>(&self, row: &'r ByteRecord, column: usize) -> Result<Cow<'r, str>, Failure> {
        let cell = row.get(column).ok_or_else(|| self.complaint(row, column, "the row ends before it"))?;
        Ok(String::from_utf8_lossy(cell))
    }

    /// Returns the finite number in a cell.
    fn number(&self, row: &ByteRecord, column: usize) -> Result<f64, Failure> {
        let text = self.text(row, column)?;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            Ok(number) => Err(self.complaint(row, column, &format!("{number} is not a finite number"))),
            Err(_) => {
                let beginning: String = text.chars().take(40).collect();
                Err(self.complaint(row, column, &format!("{beginning:?} is not a number")))
            }
        }
    }

    fn complaint(&self, row: &ByteRecord, column: usize, what: &str) -> Failure {
        let line = self.line(row);
        let name = self.header.get(column).map_or(String::new(), |name| format!(" ({name})"));
        Failure::Usage(format!("{}: row {line}, column {}{name}: {what}", self.path.display(), column + 1))
    }

    /// Returns the line of the file, counted from 1, on which a row stands. Empty lines count too.
    fn line(&self, row: &ByteRecord) -> usize {
        let start = row.position().map_or(0, |position| position.byte() as usize);
        let empty = self.bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
        1 + self.bytes[..start + empty].iter().filter(|&&byte| byte == b'\n').count()
    }
}
