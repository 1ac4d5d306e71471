//! The way in: what Python calls, with its types and bounds, and the way out of an error.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::dump;
use crate::fault::{Fault, Outcome, Place};

/// Counts the changes of what `Room` takes and gives; `native.py` wants the one that it was written for.
pub const INTERFACE: u32 = 1;

/// The YAML functions, bound to the types of `kmanifest.values` and `kmanifest.errors`.
#[pyclass(frozen, module = "kmanifest_native")]
pub struct Room {
    source_error: Py<PyAny>,
    limit_error: Py<PyAny>,
    location: Py<PyAny>,
}

#[pymethods]
impl Room {
    #[new]
    #[pyo3(signature = (*, source_error, limit_error, location))]
    fn new(source_error: Py<PyAny>, limit_error: Py<PyAny>, location: Py<PyAny>) -> Room {
        Room { source_error, limit_error, location }
    }

    /// One document as sigs.k8s.io/yaml prints it, of at most `max_output` characters.
    fn dump<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        max_output: usize,
    ) -> PyResult<Bound<'py, PyString>> {
        self.guarded(py, || dump::dump(py, value, max_output))
    }
}

impl Room {
    /// What `work` gives; a fault, or a panic, as the error of Python that it is.
    fn guarded<T>(&self, py: Python<'_>, work: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => Err(self.raised(py, fault)),
            Err(_) => Err(self.raised(py, Fault::source("the YAML room failed on this input"))),
        }
    }

    fn raised(&self, py: Python<'_>, fault: Fault) -> PyErr {
        let made = match fault {
            Fault::Source(message, place) => self.error(py, &self.source_error, message, place),
            Fault::Limit(message, place) => self.error(py, &self.limit_error, message, place),
            Fault::Python(error) => return error,
        };
        made.unwrap_or_else(|error| error)
    }

    fn error(
        &self,
        py: Python<'_>,
        class: &Py<PyAny>,
        message: String,
        place: Place,
    ) -> PyResult<PyErr> {
        let numbers = PyDict::new(py);
        numbers.set_item("line", place.line)?;
        numbers.set_item("column", place.column)?;
        let location = self.location.bind(py).call((), Some(&numbers))?;
        let options = PyDict::new(py);
        options.set_item("location", location)?;
        Ok(PyErr::from_value(class.bind(py).call((message,), Some(&options))?))
    }
}
