//! Parses Go templates into the programs of `kmanifest.engines.helm.gotemplate`, if they are correct and usual.
//!
//! Rust version of `kmanifest/engines/helm/gotemplate/parser.py` and the modules that it imports. They document the
//! rules and their sources. This parser returns the same trees or nothing: every error and every unusual text is left
//! to the Python parser. So there are no error messages here.

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
use error::ParseError;

/// Parses the templates of one chart. All of them use the same functions, and equal actions become one node.
#[pyclass(module = "kmanifest_native")]
pub struct TemplateParser {
    action_cache: ActionCache,
}

#[pymethods]
impl TemplateParser {
    /// `functions` are all names that templates may call, `suspending` those of suspending functions.
    #[new]
    fn new(
        functions: &Bound<'_, PyFrozenSet>,
        suspending: &Bound<'_, PyFrozenSet>,
    ) -> PyResult<TemplateParser> {
        Ok(TemplateParser { action_cache: ActionCache::new(functions, suspending)? })
    }

    /// The `Parsed.trees` of a template file. None if the Python parser must read it.
    fn parse<'py>(
        this: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        // Another thread may be using this parser, or the text may contain bytes that are not UTF-8.
        let (Ok(mut parser), Ok(text)) = (this.try_borrow_mut(), text.to_str()) else {
            return Ok(None);
        };
        let action_cache = &mut parser.action_cache;
        // After a panic the Python parser reads the file, too. The cache then has complete actions only.
        let work = AssertUnwindSafe(|| program::read_trees(name, text, action_cache));
        match catch_unwind(work).unwrap_or(Err(ParseError::LeftToPython)) {
            Ok(trees) => Ok(Some(trees)),
            Err(ParseError::LeftToPython) => Ok(None),
            Err(ParseError::Exception(error)) => Err(error),
        }
    }
}
