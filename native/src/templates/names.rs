//! The names in the templates of one chart, each made once for Python.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString};

/// Strings that were made for Python, each once; variables have a number as well.
pub struct Names {
    functions: HashMap<Box<str>, Py<PyString>>,
    strings: HashMap<Box<str>, Py<PyString>>,
    variables: HashMap<Box<str>, usize>,
}

impl Names {
    pub fn new(functions: &Bound<'_, PyFrozenSet>) -> PyResult<Names> {
        let mut known = HashMap::with_capacity(functions.len());
        for name in functions {
            let name = name.cast_into::<PyString>()?;
            known.insert(name.to_str()?.into(), name.unbind());
        }
        Ok(Names { functions: known, strings: HashMap::new(), variables: HashMap::new() })
    }

    /// The name of a function that is there.
    pub fn function<'py>(&self, py: Python<'py>, name: &str) -> Option<Bound<'py, PyString>> {
        self.functions.get(name).map(|known| known.bind(py).clone())
    }

    pub fn string<'py>(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        if let Some(known) = self.strings.get(text) {
            return known.bind(py).clone();
        }
        let made = PyString::new(py, text);
        self.strings.insert(text.into(), made.clone().unbind());
        made
    }

    /// The number of a variable, which stands for its name.
    pub fn variable(&mut self, name: &str) -> usize {
        if let Some(number) = self.variables.get(name) {
            return *number;
        }
        let number = self.variables.len();
        self.variables.insert(name.into(), number);
        number
    }
}
