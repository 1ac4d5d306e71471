//! The compiled backend of kmanifest: YAML in and out like `kmanifest.yaml`, and template parsing like
//! `kmanifest.engines.helm.gotemplate.parser`, and evaluation of Jsonnet.
//!
//! Only `kmanifest/backend.py` imports this module. YAML goes through one `YamlBackend`, which is created with the
//! Python types that it returns and raises. Templates go through one `TemplateParser` for each chart. Jsonnet is
//! one function. So the crate imports nothing of kmanifest and keeps no global state.

mod backend;
mod build;
mod clock;
mod dump;
mod error;
mod folded;
mod jsonnet;
mod lines;
mod numbers;
mod order;
mod output_text;
mod parser;
mod positions;
mod resolve;
mod scalar_cache;
mod scalars;
mod split;
mod tags;
mod templates;
mod values;

use pyo3::prelude::*;

#[pymodule]
fn kmanifest_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // A library prints nothing. A panic becomes a Python exception (`YamlBackend::with_python_errors`).
    std::panic::set_hook(Box::new(|_| {}));
    module.add_class::<backend::YamlBackend>()?;
    module.add_class::<scalar_cache::ScalarCache>()?;
    module.add_class::<templates::TemplateParser>()?;
    module.add_function(wrap_pyfunction!(jsonnet::evaluate_jsonnet, module)?)?;
    module.add("INTERFACE", backend::INTERFACE)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
