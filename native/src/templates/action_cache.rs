//! What the texts of one chart share: names, and parsed actions by their text.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyFrozenSet;

use super::actions::{read_action, Action};
use super::error::Sure;
use super::lexer::Token;
use super::names::Names;

pub struct ActionCache {
    pub names: Names,
    actions: Vec<Action>,
    numbers: HashMap<Box<str>, usize>,
    tokens: Vec<Token>,
}

impl ActionCache {
    pub fn new(functions: &Bound<'_, PyFrozenSet>) -> PyResult<ActionCache> {
        Ok(ActionCache {
            names: Names::new(functions)?,
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
