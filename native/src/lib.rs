//! The compiled rooms of kmanifest: the values and the bytes of `kmanifest.yaml`, and the programs of
//! `kmanifest.engines.helm.gotemplate.parser`, at the machine's speed.
//!
//! `kmanifest/backend.py` is the only module that imports it. YAML is reached through one `YamlBackend`, which is made with the
//! Python types that it returns and raises, templates through one `TemplateParser` for each chart, so that nothing is
//! imported from here and no state is kept.

mod backend;
mod build;
mod dump;
mod error;
mod folded;
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
    // A panic becomes an error of Python (`backend::guarded`); the library prints nothing of its own.
    std::panic::set_hook(Box::new(|_| {}));
    module.add_class::<backend::YamlBackend>()?;
    module.add_class::<scalar_cache::ScalarCache>()?;
    module.add_class::<templates::TemplateParser>()?;
    module.add("INTERFACE", backend::INTERFACE)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
