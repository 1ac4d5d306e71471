//! The functions, variables and other strings in the templates of one chart, each created once for Python.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString};

/// Python strings by their text. A variable also has a number.
pub struct Names {
    functions: HashMap<Box<str>, Function>,
    strings: HashMap<Box<str>, Py<PyString>>,
    variables: HashMap<Box<str>, usize>,
}

struct Function {
    name: Py<PyString>,
    is_suspending: bool,
}

impl Names {
    /// `functions` are the names that templates may call, `suspending` those of suspending functions.
    pub fn new(
        functions: &Bound<'_, PyFrozenSet>,
        suspending: &Bound<'_, PyFrozenSet>,
    ) -> PyResult<Names> {
        let mut by_name = HashMap::with_capacity(functions.len());
        for name in functions {
            let name = name.cast_into::<PyString>()?;
            let is_suspending = suspending.contains(&name)?;
            by_name.insert(name.to_str()?.into(), Function { name: name.unbind(), is_suspending });
        }
        Ok(Names { functions: by_name, strings: HashMap::new(), variables: HashMap::new() })
    }

    /// The name of a function, and whether it is suspending. None if there is no such function.
    pub fn function<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> Option<(Bound<'py, PyString>, bool)> {
        let function = self.functions.get(name)?;
        Some((function.name.bind(py).clone(), function.is_suspending))
    }

    /// The Python string with this text.
    pub fn string<'py>(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        if let Some(string) = self.strings.get(text) {
            return string.bind(py).clone();
        }
        let string = PyString::new(py, text);
        self.strings.insert(text.into(), string.clone().unbind());
        string
    }

    /// The number of the variable with this name.
    pub fn variable(&mut self, name: &str) -> usize {
        if let Some(number) = self.variables.get(name) {
            return *number;
        }
        let number = self.variables.len();
        self.variables.insert(name.into(), number);
        number
    }
}
