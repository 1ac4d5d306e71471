//! What the texts of one chart share: names, and parsed actions by their text.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString};

use super::actions::{read_action, Action};
use super::lexer::Token;
use super::Sure;

pub struct Memory {
    pub names: Names,
    actions: Vec<Action>,
    numbers: HashMap<Box<str>, usize>,
    tokens: Vec<Token>,
}

/// Strings that were made for Python, each once; variables have a number as well.
pub struct Names {
    functions: HashMap<Box<str>, Py<PyString>>,
    strings: HashMap<Box<str>, Py<PyString>>,
    variables: HashMap<Box<str>, usize>,
}

impl Memory {
    pub fn new(functions: &Bound<'_, PyFrozenSet>) -> PyResult<Memory> {
        let mut known = HashMap::with_capacity(functions.len());
        for name in functions {
            let name = name.cast_into::<PyString>()?;
            known.insert(name.to_str()?.into(), name.unbind());
        }
        Ok(Memory {
            names: Names { functions: known, strings: HashMap::new(), variables: HashMap::new() },
            actions: Vec::new(),
            numbers: HashMap::new(),
            tokens: Vec::new(),
        })
    }

    /// The action with this text, which may have been parsed before.
    pub fn action(&mut self, py: Python<'_>, text: &str) -> Sure<&Action> {
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => {
                let action = read_action(py, text, &mut self.names, &mut self.tokens)?;
                self.actions.push(action);
                self.numbers.insert(text.into(), self.actions.len() - 1);
                self.actions.len() - 1
            }
        };
        Ok(&self.actions[number])
    }
}

impl Names {
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
