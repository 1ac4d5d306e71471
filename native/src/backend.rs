//! The YAML functions that Python calls. Only here are errors and panics turned into exceptions.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::build::{read_first_document, ReadContext};
use crate::clock::Clock;
use crate::dump;
use crate::error::{catch_panics, Location, YamlError, YamlResult};
use crate::lines::read_lines;
use crate::positions::{find_position, Step};
use crate::resolve::Dialect;
use crate::scalar_cache::ScalarCache;
use crate::split::{check_size, split_documents, with_line_feeds};
use crate::values::ValueTypes;

/// The number of the interface between Python and this crate. It goes up with each incompatible change, and
/// `kmanifest/backend.py` requires the number that it was written for.
pub const INTERFACE: u32 = 9;

/// Cache slots for a resource file that is read without a shared cache, and for a kustomization file.
const RESOURCE_FILE_SLOTS: usize = 1024;
const KUSTOMIZATION_SLOTS: usize = 64;

/// The YAML functions, bound to the types of `kmanifest.model.values` and `kmanifest.model.errors`.
#[pyclass(frozen, module = "kmanifest_native")]
pub struct YamlBackend {
    types: ValueTypes,
    source_error: Py<PyAny>,
    limit_error: Py<PyAny>,
    location: Py<PyAny>,
}

/// The fields of `kmanifest.model.limits.Limits` that apply to reading.
struct Limits {
    max_input_file: usize,
    max_depth: usize,
    max_documents: usize,
    max_string: usize,
}

#[pymethods]
impl YamlBackend {
    #[new]
    #[pyo3(signature = (*, int_text, float_text, time_text, null_key, quoted_node, flow_blank_key, source_error, limit_error, location, check_time))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        int_text: Py<PyAny>,
        float_text: Py<PyAny>,
        time_text: Py<PyAny>,
        null_key: Py<PyAny>,
        quoted_node: Py<PyAny>,
        flow_blank_key: Py<PyAny>,
        source_error: Py<PyAny>,
        limit_error: Py<PyAny>,
        location: Py<PyAny>,
        check_time: Py<PyAny>,
    ) -> YamlBackend {
        let types = ValueTypes {
            int_text,
            float_text,
            time_text,
            null_key,
            quoted_node,
            flow_blank_key,
            check_time,
        };
        YamlBackend { types, source_error, limit_error, location }
    }

    /// Rust version of `load_documents` in `kmanifest/yaml/load.py`.
    fn load_documents<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
        limits: &Bound<'py, PyAny>,
        scalar_cache: Option<&Bound<'py, ScalarCache>>,
        keep_quotes: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut new_cache;
        let mut shared_cache;
        let scalar_cache = match scalar_cache.map(Bound::try_borrow_mut) {
            Some(Ok(borrowed)) => {
                shared_cache = borrowed;
                &mut *shared_cache
            }
            // The caller passed no cache, or another thread is using it.
            _ => {
                new_cache = ScalarCache::with_slots(RESOURCE_FILE_SLOTS);
                &mut new_cache
            }
        };
        self.with_python_errors(py, || {
            let limits = Limits::from_python(limits)?;
            let dialect = Dialect::V3;
            let max_depth = limits.max_depth;
            let mut context =
                ReadContext { types: &self.types, scalar_cache, dialect, max_depth, keep_quotes };
            load_documents(py, data.as_bytes(), &limits, &mut context)
        })
    }

    /// Rust version of `load_values` in `kmanifest/yaml/load.py`.
    fn load_values<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
        limits: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.with_python_errors(py, || {
            let limits = Limits::from_python(limits)?;
            let scalar_cache = &mut ScalarCache::with_slots(KUSTOMIZATION_SLOTS);
            let dialect = Dialect::V2;
            let max_depth = limits.max_depth;
            let keep_quotes = false;
            let mut context =
                ReadContext { types: &self.types, scalar_cache, dialect, max_depth, keep_quotes };
            let data = data.as_bytes();
            check_size(data, limits.max_input_file)?;
            let value = match read_lines(py, data, &mut context) {
                Some(value) => value,
                None => read_first_document(py, data, 0, &mut context)?,
            };
            limits.check_strings(data, &value)?;
            Ok(value)
        })
    }

    /// Rust version of `find_position` in `kmanifest/yaml/positions.py`.
    fn find_position(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyBytes>,
        field: Vec<Bound<'_, PyAny>>,
        document: usize,
    ) -> PyResult<(usize, usize)> {
        self.with_python_errors(py, || {
            let path = field.iter().map(to_step).collect::<YamlResult<Vec<_>>>()?;
            let clock = Clock { py, check_time: &self.types.check_time };
            let location = find_position(data.as_bytes(), &path, document, Some(clock));
            Ok((location.line, location.column))
        })
    }

    /// Rust version of `Dumper.dump` in `kmanifest/yaml/dumper.py`, with a limit of `max_output` characters.
    fn dump<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        max_output: usize,
    ) -> PyResult<Bound<'py, PyString>> {
        self.with_python_errors(py, || {
            dump::dump(py, value, max_output, &self.types.flow_blank_key)
        })
    }
}

fn load_documents<'py>(
    py: Python<'py>,
    data: &[u8],
    limits: &Limits,
    context: &mut ReadContext<'_>,
) -> YamlResult<Bound<'py, PyList>> {
    check_size(data, limits.max_input_file)?;
    let with_line_feeds = with_line_feeds(data);
    let documents = PyList::empty(py);
    let parts = split_documents(&with_line_feeds, limits.max_documents)?;
    let types = context.types;
    let clock = Clock { py, check_time: &types.check_time };
    for (index, part) in parts.iter().enumerate() {
        clock.check()?;
        let simple = if context.keep_quotes { None } else { read_lines(py, part.data, context) };
        let value = match simple {
            Some(value) => value,
            None => read_first_document(py, part.data, part.line, context)
                .map_err(|error| error.in_document(part.line, index))?,
        };
        documents.append(value)?;
    }
    limits.check_strings(data, &documents)?;
    Ok(documents)
}

/// A step of a field path: an index, or else the name of a key.
fn to_step(step: &Bound<'_, PyAny>) -> YamlResult<Step> {
    match step.extract::<usize>() {
        Ok(index) => Ok(Step::Index(index)),
        Err(_) => Ok(Step::Name(step.str()?.to_string())),
    }
}

impl Limits {
    fn from_python(limits: &Bound<'_, PyAny>) -> YamlResult<Limits> {
        // A limit that does not fit a usize can't be reached.
        let limit = |name: &str| -> PyResult<usize> {
            Ok(limits.getattr(name)?.extract().unwrap_or(usize::MAX))
        };
        Ok(Limits {
            max_input_file: limit("max_input_file")?,
            max_depth: limit("max_depth")?,
            max_documents: limit("max_documents")?,
            max_string: limit("max_string")?,
        })
    }

    /// Refuse strings longer than `max_string`. A file of at most that many bytes needs no check.
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
    /// Run `work` and return its result. An error or a panic becomes a Python exception.
    fn with_python_errors<T>(
        &self,
        py: Python<'_>,
        work: impl FnOnce() -> YamlResult<T>,
    ) -> PyResult<T> {
        catch_panics(work).map_err(|error| self.to_exception(py, error))
    }

    fn to_exception(&self, py: Python<'_>, error: YamlError) -> PyErr {
        let exception = match error {
            YamlError::Source(message, location) => {
                self.new_exception(py, &self.source_error, message, location)
            }
            YamlError::Limit(message, location) => {
                self.new_exception(py, &self.limit_error, message, location)
            }
            YamlError::Python(error) => return error,
        };
        // If the exception can't be created, the error of that attempt is raised instead.
        exception.unwrap_or_else(|error| error)
    }

    fn new_exception(
        &self,
        py: Python<'_>,
        class: &Py<PyAny>,
        message: String,
        location: Location,
    ) -> PyResult<PyErr> {
        let fields = PyDict::new(py);
        fields.set_item("line", location.line)?;
        fields.set_item("column", location.column)?;
        fields.set_item("document", location.document)?;
        let location = self.location.bind(py).call((), Some(&fields))?;
        let options = PyDict::new(py);
        options.set_item("location", location)?;
        Ok(PyErr::from_value(class.bind(py).call((message,), Some(&options))?))
    }
}
