//! The parsed actions of one chart by their text. An action that occurs several times is parsed once.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyFrozenSet;

use super::actions::{read_action, Action};
use super::error::ParseResult;
use super::lexer::Token;
use super::names::Names;

pub struct ActionCache {
    pub names: Names,
    actions: Vec<Action>,
    /// The index in `actions` by the text of the action.
    indexes: HashMap<Box<str>, usize>,
    /// A buffer for the tokens of one action.
    tokens: Vec<Token>,
}

impl ActionCache {
    /// `functions` are the names that templates may call, `suspending` those of suspending functions.
    pub fn new(
        functions: &Bound<'_, PyFrozenSet>,
        suspending: &Bound<'_, PyFrozenSet>,
    ) -> PyResult<ActionCache> {
        Ok(ActionCache {
            names: Names::new(functions, suspending)?,
            actions: Vec::new(),
            indexes: HashMap::new(),
            tokens: Vec::new(),
        })
    }

    /// The action with this text. It is parsed if the cache does not have it.
    pub fn get_or_parse(&mut self, py: Python<'_>, text: &str) -> ParseResult<&Action> {
        let index = match self.indexes.get(text) {
            Some(index) => *index,
            None => {
                let action = read_action(py, text, &mut self.names, &mut self.tokens)?;
                self.actions.push(action);
                self.indexes.insert(text.into(), self.actions.len() - 1);
                self.actions.len() - 1
            }
        };
        Ok(&self.actions[index])
    }
}
