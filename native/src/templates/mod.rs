//! Texts of Go templates → the programs of `kmanifest.engines.helm.gotemplate`, for what is plain and correct.
//!
//! The Rust version of `kmanifest/engines/helm/gotemplate/parser.py` and what it imports, where the rules and their sources are told. It gives
//! what that gives, or nothing: every error, and whatever is odd, is left to the twin, so no text of an error stands here.

mod action_cache;
mod actions;
mod error;
mod lexer;
mod literals;
mod names;
mod program;
mod template_parts;

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString, PyTuple};

use action_cache::ActionCache;
use error::Stop;

/// Parses the texts that share functions, those of one chart; an action that stands in several is one node in all.
#[pyclass(module = "kmanifest_native")]
pub struct TemplateParser {
    action_cache: ActionCache,
}

#[pymethods]
impl TemplateParser {
    /// `functions` are all names that may be called.
    #[new]
    fn new(functions: &Bound<'_, PyFrozenSet>) -> PyResult<TemplateParser> {
        Ok(TemplateParser { action_cache: ActionCache::new(functions)? })
    }

    /// The `Parsed.trees` of a text; None where the twin has to decide.
    fn parse<'py>(
        this: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        // Another thread may be parsing with this one, and a text may hold bytes that are no UTF-8.
        let (Ok(mut parser), Ok(chars)) = (this.try_borrow_mut(), text.to_str()) else {
            return Ok(None);
        };
        let action_cache = &mut parser.action_cache;
        // A panic is a doubt, too: what is remembered is only ever whole.
        let work = AssertUnwindSafe(|| program::read_trees(name, chars, action_cache));
        match catch_unwind(work).unwrap_or(Err(Stop::Doubt)) {
            Ok(trees) => Ok(Some(trees)),
            Err(Stop::Doubt) => Ok(None),
            Err(Stop::Python(error)) => Err(error),
        }
    }
}
