//! The compiled rooms of kmanifest: the values and the bytes of `kmanifest.yaml`, and the programs of
//! `kmanifest.engines.helm.gotemplate.parser`, at the machine's speed.
//!
//! `kmanifest/backend.py` is the only module that imports it. YAML is reached through one `Room`, which is made with the
//! Python types that it returns and raises, templates through one `TemplateParser` for each chart, so that nothing is
//! imported from here and no state is kept.

mod build;
mod dump;
mod fault;
mod folded;
mod lines;
mod numbers;
mod order;
mod page;
mod parser;
mod positions;
mod resolve;
mod room;
mod scalars;
mod split;
mod tags;
mod templates;
mod values;
mod words;

use pyo3::prelude::*;

#[pymodule]
fn kmanifest_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // A panic becomes an error of Python (`room::guarded`); the library prints nothing of its own.
    std::panic::set_hook(Box::new(|_| {}));
    module.add_class::<room::Room>()?;
    module.add_class::<words::Words>()?;
    module.add_class::<templates::TemplateParser>()?;
    module.add("INTERFACE", room::INTERFACE)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
