//! The deadline of the build, which long loops check.

use pyo3::prelude::*;

use crate::error::{YamlError, YamlResult};

/// The function `check_time` of `kmanifest.model.deadline`. It raises LimitError after the deadline.
#[derive(Clone, Copy)]
pub struct Clock<'a> {
    pub py: Python<'a>,
    pub check_time: &'a Py<PyAny>,
}

impl Clock<'_> {
    /// Return the error that Python raises after the deadline.
    #[cold]
    pub fn check(&self) -> YamlResult<()> {
        self.check_time.call0(self.py).map(drop).map_err(YamlError::from)
    }
}
