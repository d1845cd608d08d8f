//! Intake as Python sees it.

use crate::admit;
use crate::unsupported::guarded;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

/// Admits plain events, without the interpreter's lock; see the stub.
#[pyclass(frozen)]
pub struct Intake(admit::Intake);

#[pymethods]
impl Intake {
    #[new]
    fn new(rules: &str) -> PyResult<Self> {
        admit::Intake::new(rules).map(Self).ok_or_else(|| PyValueError::new_err("no rules of an intake"))
    }

    /// Admits a batch; see the stub.
    #[allow(clippy::needless_pass_by_value)] // extracted from Python's objects, so it is ours
    fn admit<'py>(
        &self,
        py: Python<'py>,
        sent: Vec<(Option<PyBackedBytes>, Option<i64>)>,
    ) -> PyResult<Bound<'py, PyList>> {
        let all = py.detach(|| {
            let one = |(value, at): &(Option<PyBackedBytes>, Option<i64>)| {
                let value = value.as_ref()?;
                guarded(|| Ok(self.0.admit(value, *at))).ok().flatten() // one that it stumbles over is not its to do
            };
            sent.iter().map(one).collect::<Vec<_>>()
        });
        let told = PyList::empty(py);
        for one in all {
            told.append(one.map(|(key, value)| (PyBytes::new(py, &key), PyBytes::new(py, &value))))?;
        }
        Ok(told)
    }
}
