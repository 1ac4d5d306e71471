//! What can go wrong: the two errors of `kmanifest.errors` that this room raises, and whatever Python raised.

use pyo3::PyErr;

/// A place in a document, counted from 1; 0 where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

pub enum Fault {
    /// What was written is wrong: `SourceError`.
    Source(String, Place),
    /// A bound of `Limits` was reached: `LimitError`.
    Limit(String, Place),
    Python(PyErr),
}

pub type Outcome<T> = Result<T, Fault>;

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
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Fault {
        Fault::Python(error)
    }
}
