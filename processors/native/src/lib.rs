//! Stageline's lifecycle core, compiled. What it does is described by the reference in `processors/lifecycle`:
//! same plan, same state bytes, same changes.

mod decimal;
mod event;

use pyo3::prelude::*;

#[pymodule]
fn stageline_native(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
