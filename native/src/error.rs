//! What can go wrong: the two errors of `kmanifest.model.errors` that the backend raises, and whatever Python raised.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::PyErr;

/// A place in a file, line and column counted from 1 and 0 where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    /// The index of the document, where the place is known to be in one.
    pub document: Option<usize>,
}

pub enum YamlError {
    /// What was written is wrong: `SourceError`.
    Source(String, Place),
    /// A bound of `Limits` was reached: `LimitError`.
    Limit(String, Place),
    Python(PyErr),
}

pub type YamlResult<T> = Result<T, YamlError>;

/// What `work` gives; a panic is an error like others.
pub fn caught<T>(work: impl FnOnce() -> YamlResult<T>) -> YamlResult<T> {
    let failed = |_| Err(YamlError::source("the compiled YAML backend failed on this input"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(failed)
}

impl YamlError {
    /// An error whose place is not known here.
    pub fn source(message: impl Into<String>) -> YamlError {
        YamlError::Source(message.into(), Place::default())
    }

    pub fn limit(message: impl Into<String>) -> YamlError {
        YamlError::Limit(message.into(), Place::default())
    }

    /// This error, at `place`.
    pub fn at(self, place: Place) -> YamlError {
        match self {
            YamlError::Source(message, _) => YamlError::Source(message, place),
            YamlError::Limit(message, _) => YamlError::Limit(message, place),
            python => python,
        }
    }

    /// This error, whose place counts from the start of its document, with its place in the file.
    pub fn moved(self, lines: usize, document: usize) -> YamlError {
        let inside = |place: Place| Place {
            line: if place.line == 0 { 0 } else { place.line + lines },
            column: place.column,
            document: Some(document),
        };
        match self {
            YamlError::Source(message, place) => YamlError::Source(message, inside(place)),
            YamlError::Limit(message, place) => YamlError::Limit(message, inside(place)),
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
    fn a_panic_is_a_fault() {
        let error = caught(|| -> YamlResult<()> { panic!("out of bounds") });
        assert!(matches!(error, Err(YamlError::Source(message, _)) if message.contains("failed")));
        assert!(matches!(caught(|| Ok(1)), Ok(1)));
    }
}
