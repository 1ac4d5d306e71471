//! How the parsing of a template ends without a result.

use pyo3::prelude::*;

/// Why there is no result: the twin has to decide, or Python has raised an error.
pub enum Stop {
    Doubt,
    Python(PyErr),
}

pub type Sure<T> = Result<T, Stop>;

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Stop {
        Stop::Python(error)
    }
}
