//! The types of `kmanifest.model.values` and how a scalar becomes one of them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyString};

use crate::error::YamlResult;
use crate::resolve::Scalar;

pub struct Values {
    pub int_text: Py<PyAny>,
    pub float_text: Py<PyAny>,
    pub time_text: Py<PyAny>,
    pub blank_key: Py<PyAny>,
}

impl Values {
    /// `scalar`, which was written as `text`.
    pub fn make<'py>(
        &self,
        py: Python<'py>,
        scalar: Scalar,
        text: &str,
    ) -> YamlResult<Bound<'py, PyAny>> {
        Ok(match scalar {
            Scalar::Null => py.None().into_bound(py),
            Scalar::Bool(value) => value.into_pyobject(py).map(to_any).map_err(never)?,
            Scalar::Int(value) => integer(py, value)?,
            Scalar::IntText(value) => self.int_text.bind(py).call1((integer(py, value)?, text))?,
            Scalar::Float(value) => PyFloat::new(py, value).into_any(),
            Scalar::FloatText(value) => self.float_text.bind(py).call1((value, text))?,
            Scalar::Time(value) => self.time_text.bind(py).call1((value, text))?,
            Scalar::Str => PyString::new(py, text).into_any(),
        })
    }
}

fn integer(py: Python<'_>, value: i128) -> YamlResult<Bound<'_, PyAny>> {
    let made = match i64::try_from(value) {
        Ok(small) => small.into_pyobject(py),
        Err(_) => (value as u64).into_pyobject(py),
    };
    Ok(made.map_err(never)?.into_any())
}

fn to_any<'py>(value: pyo3::Borrowed<'_, 'py, pyo3::types::PyBool>) -> Bound<'py, PyAny> {
    value.to_owned().into_any()
}

/// The error of a conversion that can't fail.
fn never(error: std::convert::Infallible) -> PyErr {
    PyTypeError::new_err(error.to_string())
}
