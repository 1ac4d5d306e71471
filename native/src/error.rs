//! The errors of the YAML backend: the two of `kmanifest.model.errors` that it raises, and any that Python raised.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::PyErr;

/// A location in a file. Line and column count from 1; 0 means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    pub line: usize,
    pub column: usize,
    /// The index of the document, if the location is known to be in one.
    pub document: Option<usize>,
}

pub enum YamlError {
    /// The input is invalid: `SourceError`.
    Source(String, Location),
    /// A bound of `Limits` was reached: `LimitError`.
    Limit(String, Location),
    /// An exception that Python raised.
    Python(PyErr),
}

pub type YamlResult<T> = Result<T, YamlError>;

/// Run `work` and return its result. A panic becomes an error.
pub fn catch_panics<T>(work: impl FnOnce() -> YamlResult<T>) -> YamlResult<T> {
    let failed = |_| Err(YamlError::source("the compiled YAML backend failed on this input"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(failed)
}

impl YamlError {
    /// A SourceError without a location.
    pub fn source(message: impl Into<String>) -> YamlError {
        YamlError::Source(message.into(), Location::default())
    }

    /// A LimitError without a location.
    pub fn limit(message: impl Into<String>) -> YamlError {
        YamlError::Limit(message.into(), Location::default())
    }

    /// This error with the location `location`. An exception of Python is left unchanged.
    pub fn at(self, location: Location) -> YamlError {
        match self {
            YamlError::Source(message, _) => YamlError::Source(message, location),
            YamlError::Limit(message, _) => YamlError::Limit(message, location),
            python => python,
        }
    }

    /// This error with its location in the whole file.
    ///
    /// The location counts from the start of a document. That document has `lines` lines before it and the index
    /// `document`.
    pub fn in_document(self, lines: usize, document: usize) -> YamlError {
        let in_file = |location: Location| Location {
            line: if location.line == 0 { 0 } else { location.line + lines },
            column: location.column,
            document: Some(document),
        };
        match self {
            YamlError::Source(message, location) => YamlError::Source(message, in_file(location)),
            YamlError::Limit(message, location) => YamlError::Limit(message, in_file(location)),
            python => python,
        }
    }
}

impl From<PyErr> for YamlError {
    fn from(error: PyErr) -> YamlError {
        YamlError::Python(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let result = catch_panics(|| -> YamlResult<()> { panic!("out of bounds") });
        assert!(matches!(result, Err(YamlError::Source(message, _)) if message.contains("failed")));
        assert!(matches!(catch_panics(|| Ok(1)), Ok(1)));
    }
}
