//! Values between Jsonnet and Python, for native functions.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use rsjsonnet_lang::program::{Program, Value, ValueKind};

/// Return a Python value. A function, which has none, becomes an Ellipsis.
pub fn to_python<'py>(py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value.kind() {
        ValueKind::Null => py.None().into_bound(py),
        ValueKind::Bool(flag) => PyBool::new(py, flag).to_owned().into_any(),
        ValueKind::Number(number) => PyFloat::new(py, number).into_any(),
        ValueKind::String(text) => PyString::new(py, &text).into_any(),
        ValueKind::Array(items) => {
            let list = PyList::empty(py);
            for item in &items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        ValueKind::Object(fields) => {
            let dict = PyDict::new(py);
            for (name, field) in &fields {
                dict.set_item(name.value(), to_python(py, field)?)?;
            }
            dict.into_any()
        }
        ValueKind::Function => py.Ellipsis().into_bound(py),
    })
}

/// Return the Jsonnet value of a Python value.
pub fn from_python<'p>(program: &mut Program<'p>, value: &Bound<'_, PyAny>) -> PyResult<Value<'p>> {
    if value.is_none() {
        return Ok(Value::null());
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::bool(flag.is_true()));
    }
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        return Ok(Value::number(value.extract()?));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::string(&text.to_string_lossy()));
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let mut fields = Vec::with_capacity(dict.len());
        for (key, item) in dict {
            let name = program.intern_str(&key.str()?.to_string_lossy());
            fields.push((name, from_python(program, &item)?));
        }
        return Ok(program.make_object(&fields));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let mut items = Vec::new();
        for item in value.try_iter()? {
            items.push(from_python(program, &item?)?);
        }
        return Ok(program.make_array(&items));
    }
    let name = value.get_type().name()?;
    Err(pyo3::exceptions::PyTypeError::new_err(format!("a native function returned a {name}")))
}
