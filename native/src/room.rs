//! The way in: what Python calls, with its types and bounds, and the way out of an error.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::build::{first_document, Reading};
use crate::dump;
use crate::fault::{caught, Fault, Outcome, Place};
use crate::lines::read_lines;
use crate::positions::{find_position, Step};
use crate::resolve::Dialect;
use crate::split::{check_size, split_documents, with_line_feeds};
use crate::values::Values;
use crate::words::Words;

/// Counts the changes of what `Room` takes and gives; `native.py` wants the one that it was written for.
pub const INTERFACE: u32 = 1;

/// Slots for a file of resources that is read alone, and for a kustomization file.
const MANY_WORDS: usize = 1024;
const FEW_WORDS: usize = 64;

/// The YAML functions, bound to the types of `kmanifest.model.values` and `kmanifest.model.errors`.
#[pyclass(frozen, module = "kmanifest_native")]
pub struct Room {
    values: Values,
    source_error: Py<PyAny>,
    limit_error: Py<PyAny>,
    location: Py<PyAny>,
}

/// The fields of `kmanifest.model.limits.Limits` that bound what is read.
struct Limits {
    max_input_file: usize,
    max_depth: usize,
    max_documents: usize,
    max_string: usize,
}

#[pymethods]
impl Room {
    #[new]
    #[pyo3(signature = (*, int_text, float_text, time_text, blank_key, source_error, limit_error, location))]
    fn new(
        int_text: Py<PyAny>,
        float_text: Py<PyAny>,
        time_text: Py<PyAny>,
        blank_key: Py<PyAny>,
        source_error: Py<PyAny>,
        limit_error: Py<PyAny>,
        location: Py<PyAny>,
    ) -> Room {
        let values = Values { int_text, float_text, time_text, blank_key };
        Room { values, source_error, limit_error, location }
    }

    /// As `kmanifest.yaml.load_documents`.
    fn load_documents<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
        limits: &Bound<'py, PyAny>,
        words: Option<&Bound<'py, Words>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut own;
        let mut shared;
        let words = match words.map(Bound::try_borrow_mut) {
            Some(Ok(borrowed)) => {
                shared = borrowed;
                &mut *shared
            }
            // None were given, or another thread is reading with them.
            _ => {
                own = Words::with_slots(MANY_WORDS);
                &mut own
            }
        };
        self.guarded(py, || {
            let limits = Limits::of(limits)?;
            let dialect = Dialect::V3;
            let max_depth = limits.max_depth;
            let mut reading = Reading { values: &self.values, words, dialect, max_depth };
            load_documents(py, data.as_bytes(), &limits, &mut reading)
        })
    }

    /// As `kmanifest.yaml.load_values`.
    fn load_values<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
        limits: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.guarded(py, || {
            let limits = Limits::of(limits)?;
            let words = &mut Words::with_slots(FEW_WORDS);
            let dialect = Dialect::V2;
            let max_depth = limits.max_depth;
            let mut reading = Reading { values: &self.values, words, dialect, max_depth };
            let data = data.as_bytes();
            check_size(data, limits.max_input_file)?;
            let value = match read_lines(py, data, &mut reading) {
                Some(value) => value,
                None => first_document(py, data, 0, &mut reading)?,
            };
            limits.check_strings(data, &value)?;
            Ok(value)
        })
    }

    /// As `kmanifest.yaml.find_position`.
    fn find_position(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyBytes>,
        field: Vec<Bound<'_, PyAny>>,
        document: usize,
    ) -> PyResult<(usize, usize)> {
        self.guarded(py, || {
            let path = field.iter().map(step).collect::<Outcome<Vec<_>>>()?;
            let place = find_position(data.as_bytes(), &path, document);
            Ok((place.line, place.column))
        })
    }

    /// One document as sigs.k8s.io/yaml prints it, of at most `max_output` characters.
    fn dump<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        max_output: usize,
    ) -> PyResult<Bound<'py, PyString>> {
        self.guarded(py, || dump::dump(py, value, max_output))
    }
}

fn load_documents<'py>(
    py: Python<'py>,
    data: &[u8],
    limits: &Limits,
    reading: &mut Reading<'_>,
) -> Outcome<Bound<'py, PyList>> {
    check_size(data, limits.max_input_file)?;
    let unified = with_line_feeds(data);
    let documents = PyList::empty(py);
    let parts = split_documents(&unified, limits.max_documents)?;
    for (index, part) in parts.iter().enumerate() {
        let value = match read_lines(py, part.data, reading) {
            Some(value) => value,
            None => first_document(py, part.data, part.line, reading)
                .map_err(|fault| fault.moved(part.line, index))?,
        };
        documents.append(value)?;
    }
    limits.check_strings(data, &documents)?;
    Ok(documents)
}

/// A step of a field path: an index, or whatever else as the name of a key.
fn step(part: &Bound<'_, PyAny>) -> Outcome<Step> {
    match part.extract::<usize>() {
        Ok(index) => Ok(Step::Index(index)),
        Err(_) => Ok(Step::Name(part.str()?.to_string())),
    }
}

impl Limits {
    fn of(limits: &Bound<'_, PyAny>) -> Outcome<Limits> {
        // What is more than a machine can address is no bound.
        let bound = |name: &str| -> PyResult<usize> {
            Ok(limits.getattr(name)?.extract().unwrap_or(usize::MAX))
        };
        Ok(Limits {
            max_input_file: bound("max_input_file")?,
            max_depth: bound("max_depth")?,
            max_documents: bound("max_documents")?,
            max_string: bound("max_string")?,
        })
    }

    /// Refuse strings beyond the bound; nothing to do where the whole file is smaller.
    fn check_strings(&self, data: &[u8], value: &Bound<'_, PyAny>) -> Outcome<()> {
        let max_string = self.max_string;
        if data.len() <= max_string {
            return Ok(());
        }
        let mut stack = vec![value.clone()];
        while let Some(value) = stack.pop() {
            if let Ok(mapping) = value.cast::<PyDict>() {
                for (key, item) in mapping {
                    stack.extend([key, item]);
                }
            } else if let Ok(list) = value.cast::<PyList>() {
                stack.extend(list);
            } else if value.cast::<PyString>().is_ok() && value.len()? > max_string {
                return Err(Fault::limit(format!(
                    "a string of more than {max_string} characters (limit max_string)"
                )));
            }
        }
        Ok(())
    }
}

impl Room {
    /// What `work` gives; a fault, or a panic, as the error of Python that it is.
    fn guarded<T>(&self, py: Python<'_>, work: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        caught(work).map_err(|fault| self.raised(py, fault))
    }

    fn raised(&self, py: Python<'_>, fault: Fault) -> PyErr {
        let made = match fault {
            Fault::Source(message, place) => self.error(py, &self.source_error, message, place),
            Fault::Limit(message, place) => self.error(py, &self.limit_error, message, place),
            Fault::Python(error) => return error,
        };
        made.unwrap_or_else(|error| error)
    }

    fn error(
        &self,
        py: Python<'_>,
        class: &Py<PyAny>,
        message: String,
        place: Place,
    ) -> PyResult<PyErr> {
        let parts = PyDict::new(py);
        parts.set_item("line", place.line)?;
        parts.set_item("column", place.column)?;
        parts.set_item("document", place.document)?;
        let location = self.location.bind(py).call((), Some(&parts))?;
        let options = PyDict::new(py);
        options.set_item("location", location)?;
        Ok(PyErr::from_value(class.bind(py).call((message,), Some(&options))?))
    }
}
