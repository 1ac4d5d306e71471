//! What can go wrong: the two errors of `kmanifest.model.errors` that this room raises, and whatever Python raised.

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

pub enum Fault {
    /// What was written is wrong: `SourceError`.
    Source(String, Place),
    /// A bound of `Limits` was reached: `LimitError`.
    Limit(String, Place),
    Python(PyErr),
}

pub type Outcome<T> = Result<T, Fault>;

/// What `work` gives; a panic is a fault like others.
pub fn caught<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let failed = |_| Err(Fault::source("the YAML room failed on this input"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(failed)
}

impl Fault {
    /// An error whose place is not known here.
    pub fn source(message: impl Into<String>) -> Fault {
        Fault::Source(message.into(), Place::default())
    }

    pub fn limit(message: impl Into<String>) -> Fault {
        Fault::Limit(message.into(), Place::default())
    }

    /// This error, at `place`.
    pub fn at(self, place: Place) -> Fault {
        match self {
            Fault::Source(message, _) => Fault::Source(message, place),
            Fault::Limit(message, _) => Fault::Limit(message, place),
            python => python,
        }
    }

    /// This error, whose place counts from the start of its document, with its place in the file.
    pub fn moved(self, lines: usize, document: usize) -> Fault {
        let inside = |place: Place| Place {
            line: if place.line == 0 { 0 } else { place.line + lines },
            column: place.column,
            document: Some(document),
        };
        match self {
            Fault::Source(message, place) => Fault::Source(message, inside(place)),
            Fault::Limit(message, place) => Fault::Limit(message, inside(place)),
            python => python,
        }
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Fault {
        Fault::Python(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault() {
        let fault = caught(|| -> Outcome<()> { panic!("out of bounds") });
        assert!(matches!(fault, Err(Fault::Source(message, _)) if message.contains("failed")));
        assert!(matches!(caught(|| Ok(1)), Ok(1)));
    }
}
