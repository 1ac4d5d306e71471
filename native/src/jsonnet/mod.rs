//! Jsonnet: a thin binding to the crate `rsjsonnet-lang`.
//!
//! `evaluate_jsonnet` evaluates one program on a thread of its own, whose stack is big enough for sources of deep
//! nesting. The GIL is released meanwhile. Files, native functions and the messages of `std.trace` go through Python
//! functions. Each source is read with a prelude on its first line, which replaces `std` by the object that Python
//! supplies. Locations are computed without it.

// A failure ends the evaluation, so its size does not matter.
#![allow(clippy::result_large_err)]

mod evaluate;
mod messages;
mod sources;
mod strings;
mod text;
mod values;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use evaluate::{evaluate, Hooks, Outcome, Program};

/// The size of the evaluating thread's stack. It is address space: memory is used as far as a source is nested.
const STACK_SIZE: usize = 1 << 30;

/// Evaluate a program. Return `(True, content)` with the result in UTF-8, or `(False, kind, message, frames, cause)` for an error.
///
/// `name`, `this_file` and `source`: the program, as errors and `std.thisFile` name it. `library`: the source of the
/// object that is added to `std`. `importer(from, path)` returns the path of a file and its content.
/// `call_native(name, arguments)` calls a native function; `natives` has their names and parameters. `trace(file, line,
/// message)` is called by `std.trace`. `variables` and `arguments`: external variables and top-level arguments, as
/// tuples of name, whether it is code, and text. `style`: `json` and `stream` print as `jsonnet` and `jsonnet -y` do, `value`
/// prints JSON in one line.
///
/// `frames` are tuples of file, line, column, last line, last column and a description, innermost first. `cause` is the
/// exception of a Python function, or None.
#[pyfunction]
#[pyo3(signature = (*, name, this_file, source, library, importer, call_native, trace, natives, variables, arguments, max_stack, style))]
#[allow(clippy::too_many_arguments)]
pub fn evaluate_jsonnet(
    py: Python<'_>,
    name: String,
    this_file: String,
    source: &Bound<'_, PyBytes>,
    library: String,
    importer: Py<PyAny>,
    call_native: Py<PyAny>,
    trace: Py<PyAny>,
    natives: Vec<(String, Vec<String>)>,
    variables: Vec<(String, bool, String)>,
    arguments: Vec<(String, bool, String)>,
    max_stack: usize,
    style: String,
) -> PyResult<Py<PyAny>> {
    let hooks = Hooks { importer, call_native, trace };
    let program = Program {
        name,
        this_file,
        source: source.as_bytes().to_vec(),
        library,
        natives,
        variables,
        arguments,
        max_stack,
        style,
    };
    let outcome = py.detach(move || run_on_big_stack(program, hooks));
    match outcome? {
        Outcome::Text(text) => {
            let content = PyBytes::new(py, text.as_bytes());
            Ok((true, content).into_pyobject(py)?.into_any().unbind())
        }
        Outcome::Failure(failure) => {
            let cause = failure.cause.map(|error| error.into_value(py));
            let result = (false, failure.kind, failure.message, failure.frames, cause);
            Ok(result.into_pyobject(py)?.into_any().unbind())
        }
    }
}

fn run_on_big_stack(program: Program, hooks: Hooks) -> PyResult<Outcome> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("jsonnet".into()).stack_size(STACK_SIZE).spawn(
        move || {
            evaluate(program, hooks, |outcome| {
                // The receiver waits for the outcome.
                let _ = sender.send(outcome);
            });
        },
    );
    thread.map_err(|error| {
        let message = format!("no thread can be started for the evaluation: {error}");
        pyo3::exceptions::PyMemoryError::new_err(message)
    })?;
    // Without an outcome, the evaluator has panicked.
    receiver.recv().map_err(|_| {
        pyo3::exceptions::PyRuntimeError::new_err("the Jsonnet evaluator failed unexpectedly")
    })
}
