//! The way in: what Python calls, with its types and bounds, and the way out of an error.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::build::{first_document, Reading};
use crate::dump;
use crate::error::{caught, Place, YamlError, YamlResult};
use crate::lines::read_lines;
use crate::positions::{find_position, Step};
use crate::resolve::Dialect;
use crate::scalar_cache::ScalarCache;
use crate::split::{check_size, split_documents, with_line_feeds};
use crate::values::Values;

/// Counts the changes of what `YamlBackend` takes and gives; `native.py` wants the one that it was written for.
pub const INTERFACE: u32 = 2;

/// Slots for a file of resources that is read alone, and for a kustomization file.
const RESOURCE_FILE_SLOTS: usize = 1024;
const KUSTOMIZATION_SLOTS: usize = 64;

/// The YAML functions, bound to the types of `kmanifest.model.values` and `kmanifest.model.errors`.
#[pyclass(frozen, module = "kmanifest_native")]
pub struct YamlBackend {
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
impl YamlBackend {
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
    ) -> YamlBackend {
        let values = Values { int_text, float_text, time_text, blank_key };
        YamlBackend { values, source_error, limit_error, location }
    }

    /// As `kmanifest.yaml.load_documents`.
    fn load_documents<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
        limits: &Bound<'py, PyAny>,
        scalar_cache: Option<&Bound<'py, ScalarCache>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut own;
        let mut shared;
        let scalar_cache = match scalar_cache.map(Bound::try_borrow_mut) {
            Some(Ok(borrowed)) => {
                shared = borrowed;
                &mut *shared
            }
            // None were given, or another thread is reading with them.
            _ => {
                own = ScalarCache::with_slots(RESOURCE_FILE_SLOTS);
                &mut own
            }
        };
        self.guarded(py, || {
            let limits = Limits::of(limits)?;
            let dialect = Dialect::V3;
            let max_depth = limits.max_depth;
            let mut reading = Reading { values: &self.values, scalar_cache, dialect, max_depth };
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
            let scalar_cache = &mut ScalarCache::with_slots(KUSTOMIZATION_SLOTS);
            let dialect = Dialect::V2;
            let max_depth = limits.max_depth;
            let mut reading = Reading { values: &self.values, scalar_cache, dialect, max_depth };
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
            let path = field.iter().map(step).collect::<YamlResult<Vec<_>>>()?;
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
) -> YamlResult<Bound<'py, PyList>> {
    check_size(data, limits.max_input_file)?;
    let unified = with_line_feeds(data);
    let documents = PyList::empty(py);
    let parts = split_documents(&unified, limits.max_documents)?;
    for (index, part) in parts.iter().enumerate() {
        let value = match read_lines(py, part.data, reading) {
            Some(value) => value,
            None => first_document(py, part.data, part.line, reading)
                .map_err(|error| error.moved(part.line, index))?,
        };
        documents.append(value)?;
    }
    limits.check_strings(data, &documents)?;
    Ok(documents)
}

/// A step of a field path: an index, or whatever else as the name of a key.
fn step(part: &Bound<'_, PyAny>) -> YamlResult<Step> {
    match part.extract::<usize>() {
        Ok(index) => Ok(Step::Index(index)),
        Err(_) => Ok(Step::Name(part.str()?.to_string())),
    }
}

impl Limits {
    fn of(limits: &Bound<'_, PyAny>) -> YamlResult<Limits> {
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
    fn check_strings(&self, data: &[u8], value: &Bound<'_, PyAny>) -> YamlResult<()> {
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
                return Err(YamlError::limit(format!(
                    "a string of more than {max_string} characters (limit max_string)"
                )));
            }
        }
        Ok(())
    }
}

impl YamlBackend {
    /// What `work` gives; an error, or a panic, as the error of Python that it is.
    fn guarded<T>(&self, py: Python<'_>, work: impl FnOnce() -> YamlResult<T>) -> PyResult<T> {
        caught(work).map_err(|error| self.raised(py, error))
    }

    fn raised(&self, py: Python<'_>, error: YamlError) -> PyErr {
        let made = match error {
            YamlError::Source(message, place) => self.error(py, &self.source_error, message, place),
            YamlError::Limit(message, place) => self.error(py, &self.limit_error, message, place),
            YamlError::Python(error) => return error,
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
