//! One evaluation: the program, its callbacks into Python, and its outcome.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyList;
use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalErrorKind, EvalStackTraceItem, ImportError, LoadError, NativeError,
    Program as Evaluator, Thunk, Value,
};
use rsjsonnet_lang::span::SpanId;

use super::messages;
use super::sources::{find_deep_nesting, Location, Source, Sources, MAX_NESTING, PRELUDE};
use super::strings;
use super::text;
use super::values::{from_python, to_python};

/// The path that the prelude of each source imports.
const STD: &str = "\0";
/// The path of the object that is added to `std`.
const LIBRARY: &str = "\0library";
/// The prefix of the paths by which external variables and top-level arguments are parsed when they are first used.
const CODE: &str = "\0code:";
/// The evaluator's function that reads JSON.
const PARSE_JSON: &str = "std.parseJson";

/// The Python functions of an evaluation.
pub struct Hooks {
    pub importer: Py<PyAny>,
    pub call_native: Py<PyAny>,
    pub trace: Py<PyAny>,
}

/// What is evaluated. `evaluate_jsonnet` describes the fields.
pub struct Program {
    pub name: String,
    pub this_file: String,
    pub source: Vec<u8>,
    pub library: String,
    pub natives: Vec<(String, Vec<String>)>,
    pub variables: Vec<(String, bool, String)>,
    pub arguments: Vec<(String, bool, String)>,
    pub max_stack: usize,
    pub style: String,
}

/// A line of a stack trace: a location, if it is known, and a description.
pub type Frame = (String, usize, usize, usize, usize, String);

/// An error of the program. `kind` is `static`, `runtime` or `internal`.
pub struct Failure {
    pub kind: &'static str,
    pub message: String,
    pub frames: Vec<Frame>,
    pub cause: Option<PyErr>,
}

pub enum Outcome {
    Text(String),
    Failure(Failure),
}

/// Evaluate a program and send its outcome. Must run on a thread with a big stack and without the GIL.
///
/// The memory of the evaluation is freed after that, which takes a fifth of its time. So a process that is needed for one
/// evaluation only can end before.
pub fn evaluate(program: Program, hooks: Hooks, send: impl FnOnce(Outcome)) {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(&arena);
    evaluator.set_max_stack(program.max_stack);
    let mut session = Session::new(hooks, &program);
    for (name, parameters) in &program.natives {
        let name = evaluator.intern_str(name);
        let parameters: Vec<_> = parameters.iter().map(|each| evaluator.intern_str(each)).collect();
        evaluator.register_native_func(name, &parameters);
    }
    let outcome = match run(&mut evaluator, &mut session, &program) {
        Ok(text) => Outcome::Text(text),
        Err(failure) => Outcome::Failure(failure),
    };
    Python::attach(|_| drop(session));
    send(outcome);
}

fn run<'p>(
    evaluator: &mut Evaluator<'p>,
    session: &mut Session<'p>,
    program: &Program,
) -> Result<String, Failure> {
    for (name, is_code, text) in &program.variables {
        let thunk = session.variable(evaluator, "<extvar:", name, *is_code, text)?;
        let name = evaluator.intern_str(name);
        evaluator.add_ext_var(name, &thunk);
    }
    let main =
        session.load(evaluator, &program.name, &program.this_file, program.source.clone())?;
    let value = evaluator.eval_value(&main, session);
    let mut value = value.map_err(|error| session.runtime_failure(evaluator, &error))?;
    if value.is_function() {
        let mut arguments = Vec::new();
        for (name, is_code, text) in &program.arguments {
            let thunk = session.variable(evaluator, "<top-level-arg:", name, *is_code, text)?;
            arguments.push((evaluator.intern_str(name), thunk));
        }
        let result = evaluator.eval_call(&main, &[], &arguments, session);
        value = result.map_err(|error| session.runtime_failure(evaluator, &error))?;
    }
    let text = match program.style.as_str() {
        "json" => text::pretty(&value),
        "stream" => text::stream(&value),
        _ => text::compact(&value),
    };
    text.map_err(|message| Failure {
        kind: "runtime",
        message,
        frames: vec![no_location("During manifestation")],
        cause: None,
    })
}

fn no_location(description: &str) -> Frame {
    (String::new(), 0, 0, 0, 0, description.into())
}

fn frame(location: Location, description: String) -> Frame {
    let (file, line, column, last_line, last_column) = location;
    (file, line, column, last_line, last_column, description)
}

/// The callbacks of an evaluation, and what they have loaded.
struct Session<'p> {
    hooks: Hooks,
    library: String,
    sources: Sources,
    /// The resolved path of each import, by the path of the importing file and the path as written.
    resolved: HashMap<(String, String), String>,
    contents: HashMap<String, Vec<u8>>,
    thunks: HashMap<String, Thunk<'p>>,
    codes: HashMap<String, String>,
    parse_json: Option<Thunk<'p>>,
    /// The reason of a failed import or native call. The evaluator's own error does not have it.
    failure: Option<Failure>,
}

impl<'p> Session<'p> {
    fn new(hooks: Hooks, program: &Program) -> Session<'p> {
        Session {
            hooks,
            library: program.library.clone(),
            sources: Sources::default(),
            resolved: HashMap::new(),
            contents: HashMap::new(),
            thunks: HashMap::new(),
            codes: HashMap::new(),
            parse_json: None,
            failure: None,
        }
    }

    /// Load a source with the prelude that replaces `std`.
    fn load(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        name: &str,
        this_file: &str,
        text: Vec<u8>,
    ) -> Result<Thunk<'p>, Failure> {
        let prelude = if self.library.is_empty() { "" } else { PRELUDE };
        let source = [prelude.as_bytes(), &text].concat();
        let (name, this_file) = (name.to_owned(), this_file.to_owned());
        self.load_as(evaluator, &source, Source { name, this_file, text, prelude: prelude.len() })
    }

    /// The value of a JSON file. None if the file is other Jsonnet code, or not valid.
    ///
    /// JSON is Jsonnet, but reading it as code takes twice the time and memory.
    fn load_json(&mut self, evaluator: &mut Evaluator<'p>, text: &[u8]) -> Option<Thunk<'p>> {
        if find_deep_nesting(text).is_some() {
            return None;
        }
        let parse_json = self.json_parser(evaluator)?;
        let text = evaluator.value_to_thunk(&Value::string(std::str::from_utf8(text).ok()?));
        let value = evaluator.eval_call(&parse_json, &[text], &[], self).ok()?;
        Some(evaluator.value_to_thunk(&value))
    }

    fn json_parser(&mut self, evaluator: &mut Evaluator<'p>) -> Option<Thunk<'p>> {
        if self.parse_json.is_none() {
            let name = "<std>".to_owned();
            let this_file = String::new();
            let source = Source { name, this_file, text: vec![], prelude: PARSE_JSON.len() };
            self.parse_json = self.load_as(evaluator, PARSE_JSON.as_bytes(), source).ok();
        }
        self.parse_json.clone()
    }

    /// Load an imported file.
    fn load_file(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        resolved: &str,
    ) -> Result<Thunk<'p>, Failure> {
        let content = self.contents.remove(resolved).unwrap_or_default();
        let value =
            if resolved.ends_with(".json") { self.load_json(evaluator, &content) } else { None };
        let loaded = match value {
            Some(thunk) => Ok(thunk),
            None => {
                let text = String::from_utf8_lossy(&content).into_owned().into_bytes();
                self.load(evaluator, resolved, resolved, text)
            }
        };
        self.contents.insert(resolved.to_owned(), content);
        loaded
    }

    fn load_as(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        text: &[u8],
        source: Source,
    ) -> Result<Thunk<'p>, Failure> {
        let nesting = source.find_deep_nesting();
        let (context, id) = evaluator.span_manager_mut().insert_source_context(text.len());
        let this_file = source.this_file.clone();
        self.sources.insert(id, source);
        if let Some(location) = nesting {
            let message = format!("nested more than {MAX_NESTING} levels deep");
            let frames = vec![frame(location, String::new())];
            return Err(Failure { kind: "static", message, frames, cause: None });
        }
        let loaded = evaluator.load_source(context, text, true, &this_file);
        loaded.map_err(|error| self.static_failure(evaluator, &error))
    }

    /// The thunk of an external variable or argument. Code is parsed when it is first used, so an unused one may be
    /// invalid.
    fn variable(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        prefix: &str,
        name: &str,
        is_code: bool,
        text: &str,
    ) -> Result<Thunk<'p>, Failure> {
        if !is_code {
            return Ok(evaluator.value_to_thunk(&Value::string(text)));
        }
        let name = format!("{prefix}{name}>");
        let path = format!("{CODE}{name}");
        let source = format!("import '{}'", escape(&path));
        self.codes.insert(path, text.to_owned());
        let this_file = String::new();
        let length = source.len();
        self.load_as(
            evaluator,
            source.as_bytes(),
            Source { name, this_file, text: vec![], prelude: length },
        )
    }

    /// The content of an imported file, by its resolved path.
    fn resolve(
        &mut self,
        evaluator: &Evaluator<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<String, ImportError> {
        let importing = self.sources.find(evaluator.span_manager(), from);
        let importing = importing.map(|source| source.this_file.clone()).unwrap_or_default();
        let key = (importing, path.to_owned());
        if let Some(resolved) = self.resolved.get(&key) {
            return Ok(resolved.clone());
        }
        let answer = Python::attach(|py| {
            let answer = self.hooks.importer.call1(py, (&key.0, &key.1))?;
            answer.extract::<(String, Option<Vec<u8>>)>(py)
        });
        match answer {
            Ok((resolved, content)) => {
                if let Some(content) = content {
                    self.contents.insert(resolved.clone(), content);
                }
                self.resolved.insert(key, resolved.clone());
                Ok(resolved)
            }
            Err(error) => {
                self.failure = Some(python_failure(error));
                Err(ImportError)
            }
        }
    }

    fn content(&self, resolved: &str) -> &[u8] {
        self.contents.get(resolved).map_or(&[], Vec::as_slice)
    }

    /// The object that a source has as `std`.
    fn standard_library(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        from: SpanId,
    ) -> Result<Thunk<'p>, Failure> {
        let importing = self.sources.find(evaluator.span_manager(), from);
        let this_file = importing.map(|source| source.this_file.clone()).unwrap_or_default();
        let text = "(import '\\u0000library')(std)";
        let name = "<std>".to_owned();
        let source = Source { name, this_file, text: vec![], prelude: text.len() };
        self.load_as(evaluator, text.as_bytes(), source)
    }

    fn special_import(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Thunk<'p>, Failure> {
        if path == STD {
            return self.standard_library(evaluator, from);
        }
        if let Some(thunk) = self.thunks.get(path) {
            return Ok(thunk.clone());
        }
        let thunk = if path == LIBRARY {
            let text = self.library.clone().into_bytes();
            let (name, this_file) = ("<std>".to_owned(), "<std>".to_owned());
            let source = Source { name, this_file, text: vec![], prelude: text.len() };
            self.load_as(evaluator, &text, source)?
        } else {
            let text = self.codes.get(path).cloned().unwrap_or_default();
            let name = path[CODE.len()..].to_owned();
            self.load(evaluator, &name, "", text.into_bytes())?
        };
        self.thunks.insert(path.to_owned(), thunk.clone());
        Ok(thunk)
    }

    fn static_failure(&self, evaluator: &Evaluator<'p>, error: &LoadError) -> Failure {
        let (message, span) = messages::load_error(error);
        let spans = evaluator.span_manager();
        let location = if messages::is_unfinished_text_block(error) {
            self.sources.locate_text_block(spans, span)
        } else {
            self.sources.locate(spans, span)
        };
        let frames = location.map(|each| frame(each, String::new())).into_iter().collect();
        Failure { kind: "static", message, frames, cause: None }
    }

    /// The failure of an evaluation. If a callback failed, it is the failure of the callback.
    fn runtime_failure(&mut self, evaluator: &Evaluator<'p>, error: &EvalError) -> Failure {
        let is_callback = matches!(
            error.kind,
            EvalErrorKind::ImportFailed { .. } | EvalErrorKind::NativeCallFailed
        );
        let stored = if is_callback { self.failure.take() } else { None };
        let (message, span) = messages::eval_error(&error.kind);
        let spans = evaluator.span_manager();
        let mut frames = Vec::new();
        if let Some(location) = span.and_then(|span| self.sources.locate(spans, span)) {
            frames.push(frame(location, String::new()));
        }
        for item in error.stack_trace.iter().rev() {
            let (span, description) = messages::trace_item(item);
            match span {
                Some(span) => {
                    if let Some(location) = self.sources.locate(spans, span) {
                        frames.push(frame(location, description));
                    }
                }
                None => frames.push(no_location(&description)),
            }
        }
        match stored {
            Some(failure) if failure.kind == "static" => failure,
            Some(failure) => Failure { frames, ..failure },
            None => Failure { kind: "runtime", message, frames, cause: None },
        }
    }
}

/// The failure of an import whose file can't be parsed: the message has the location.
fn as_runtime(failure: Failure) -> Failure {
    let location = failure.frames.first().map(format_location);
    let message = format!("{} {}", location.unwrap_or_default(), failure.message);
    Failure { kind: "runtime", message, ..failure }
}

/// A location as go-jsonnet v0.22.0 prints it (ast/location.go, LocationRange.String).
fn format_location(frame: &Frame) -> String {
    let (file, line, column, last_line, last_column, _) = frame;
    if line != last_line {
        return format!("{file}:({line}:{column})-({last_line}:{last_column})");
    }
    if column == last_column {
        return format!("{file}:{line}:{column}");
    }
    format!("{file}:{line}:{column}-{last_column}")
}

fn python_failure(error: PyErr) -> Failure {
    let message = Python::attach(|py| error.value(py).to_string());
    Failure { kind: "runtime", message, frames: vec![], cause: Some(error) }
}

fn escape(path: &str) -> String {
    let mut escaped = String::new();
    for character in path.chars() {
        match character {
            '\0' => escaped.push_str("\\u0000"),
            '\'' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

impl<'p> Callbacks<'p> for Session<'p> {
    fn import(
        &mut self,
        program: &mut Evaluator<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        if path.starts_with('\0') {
            return self.special_import(program, from, path).map_err(|failure| {
                self.failure = Some(failure);
                ImportError
            });
        }
        let resolved = self.resolve(program, from, path)?;
        if let Some(thunk) = self.thunks.get(&resolved) {
            return Ok(thunk.clone());
        }
        match self.load_file(program, &resolved) {
            Ok(thunk) => {
                self.thunks.insert(resolved, thunk.clone());
                Ok(thunk)
            }
            Err(failure) => {
                self.failure = Some(as_runtime(failure));
                Err(ImportError)
            }
        }
    }

    fn import_str(
        &mut self,
        program: &mut Evaluator<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<String, ImportError> {
        let resolved = self.resolve(program, from, path)?;
        Ok(String::from_utf8_lossy(self.content(&resolved)).into_owned())
    }

    fn import_bin(
        &mut self,
        program: &mut Evaluator<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Vec<u8>, ImportError> {
        let resolved = self.resolve(program, from, path)?;
        Ok(self.content(&resolved).to_vec())
    }

    fn trace(&mut self, program: &mut Evaluator<'p>, message: &str, stack: &[EvalStackTraceItem]) {
        let spans = program.span_manager();
        let mut locations = stack.iter().rev().filter_map(|item| {
            messages::trace_item(item).0.and_then(|span| self.sources.locate(spans, span))
        });
        let (file, line, ..) = locations.next().unwrap_or_default();
        Python::attach(|py| {
            // The message of a trace is lost if it can't be printed.
            let _ = self.hooks.trace.call1(py, (file, line, message));
        });
    }

    fn native_call(
        &mut self,
        program: &mut Evaluator<'p>,
        name: InternedStr<'p>,
        args: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        if let Some(result) = strings::call(name.value(), args) {
            return match result {
                Ok(text) => Ok(Value::string(&text)),
                Err(message) => {
                    let frames = vec![];
                    self.failure = Some(Failure { kind: "runtime", message, frames, cause: None });
                    Err(NativeError)
                }
            };
        }
        let result = Python::attach(|py| {
            let arguments = PyList::empty(py);
            for argument in args {
                arguments.append(to_python(py, argument)?)?;
            }
            let result = self.hooks.call_native.call1(py, (name.value(), arguments))?;
            from_python(program, result.bind(py))
        });
        result.map_err(|error| {
            self.failure = Some(python_failure(error));
            NativeError
        })
    }
}
