//! The types of `kmanifest.model.values`, and how a scalar becomes an object of one of them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyString};

use crate::error::YamlResult;
use crate::resolve::Scalar;

/// The Python types of values that keep more than the plain value, and the function that ends long reads.
pub struct ValueTypes {
    pub int_text: Py<PyAny>,
    pub float_text: Py<PyAny>,
    pub time_text: Py<PyAny>,
    /// A function that returns the key of a null: see `null_key` there.
    pub null_key: Py<PyAny>,
    /// The type of the key of a null that was written as nothing inside braces.
    pub flow_blank_key: Py<PyAny>,
    /// A function that returns the `ScalarNode` of a quoted string: see `quoted_node` there.
    pub quoted_node: Py<PyAny>,
    /// `check_time` of `kmanifest.model.deadline`.
    pub check_time: Py<PyAny>,
}

impl ValueTypes {
    /// The key of a null that is written as `text`; `flow` means inside braces.
    pub fn key_of_null<'py>(
        &self,
        key: Bound<'py, PyAny>,
        text: &str,
        flow: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.null_key.bind(key.py()).call1((key, text, flow))
    }

    /// The Python object for `scalar`, which is written as `text` in the file.
    pub fn to_python<'py>(
        &self,
        py: Python<'py>,
        scalar: Scalar,
        text: &str,
    ) -> YamlResult<Bound<'py, PyAny>> {
        Ok(match scalar {
            Scalar::Null => py.None().into_bound(py),
            Scalar::Bool(value) => value.into_pyobject(py).map(to_any).map_err(impossible)?,
            Scalar::Int(value) => integer(py, value)?,
            Scalar::IntText(value) => self.int_text.bind(py).call1((integer(py, value)?, text))?,
            Scalar::Float(value) => PyFloat::new(py, value).into_any(),
            Scalar::FloatText(value) => self.float_text.bind(py).call1((value, text))?,
            Scalar::Time(value) => self.time_text.bind(py).call1((value, text))?,
            Scalar::Str => PyString::new(py, text).into_any(),
        })
    }
}

/// A Python int; `value` has at most 64 bits, signed or unsigned.
fn integer(py: Python<'_>, value: i128) -> YamlResult<Bound<'_, PyAny>> {
    let integer = match i64::try_from(value) {
        Ok(signed) => signed.into_pyobject(py),
        Err(_) => (value as u64).into_pyobject(py),
    };
    Ok(integer.map_err(impossible)?.into_any())
}

fn to_any<'py>(value: pyo3::Borrowed<'_, 'py, pyo3::types::PyBool>) -> Bound<'py, PyAny> {
    value.to_owned().into_any()
}

/// The error of a conversion that can't fail.
fn impossible(error: std::convert::Infallible) -> PyErr {
    PyTypeError::new_err(error.to_string())
}
