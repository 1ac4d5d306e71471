//! Why the compiled parser returns no result.

use pyo3::prelude::*;

pub enum ParseError {
    /// The text is wrong or unusual. The Python parser must read it, and reports the error if there is one.
    LeftToPython,
    /// An exception that Python raised.
    Exception(PyErr),
}

pub type ParseResult<T> = Result<T, ParseError>;

impl From<PyErr> for ParseError {
    fn from(error: PyErr) -> ParseError {
        ParseError::Exception(error)
    }
}
