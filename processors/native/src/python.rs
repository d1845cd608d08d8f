//! What Python sees: `stageline_native`.

use crate::changes::Change;
use crate::contact::Contact;
use crate::fold::{fold, tick};
use crate::pack::Packer;
use crate::program::Program;
use crate::python_event::HeldEvent;
use crate::state::{dump, load};
use crate::unsupported::{guarded, Supported, Unsupported};
use crate::write::{self, JsonLine};
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::Arc;

create_exception!(stageline_native, NeedsReference, PyException, "The reference has to do it: why.");

impl From<Unsupported> for PyErr {
    fn from(why: Unsupported) -> Self {
        NeedsReference::new_err(why.0)
    }
}

/// A compiled plan. It tells changes as `MessagePack`, or with `lines` as lines of JSON.
#[pyclass(frozen)]
pub struct Plan {
    program: Arc<Program>,
    lines: bool,
}

type Stepped<'py> = (Bound<'py, PyBytes>, Vec<Bound<'py, PyBytes>>);

#[pymethods]
impl Plan {
    #[new]
    #[pyo3(signature = (plan_json, surroundings, *, lines = false))]
    fn new(py: Python<'_>, plan_json: &str, surroundings: &str, lines: bool) -> PyResult<Self> {
        let program = py.detach(|| guarded(|| Program::new(plan_json, surroundings)))?;
        Ok(Self { program: Arc::new(program), lines })
    }

    /// Applies one event to a state; gives the next state, and each change as bytes.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        state: &[u8],
        event: &Bound<'py, PyDict>,
    ) -> PyResult<Stepped<'py>> {
        let held = HeldEvent::new(event).map_err(|error| as_unsupported(&error))?;
        let event = held.event().map_err(|error| as_unsupported(&error))?;
        self.step(py, state, |program, contact, out| fold(program, contact, &event, out))
    }

    /// Advances a state's clock; gives the next state, and each change as bytes.
    fn advance<'py>(&self, py: Python<'py>, state: &[u8], clock: i64) -> PyResult<Stepped<'py>> {
        self.step(py, state, |program, contact, out| tick(program, contact, clock, out))
    }
}

impl Plan {
    fn step<'py>(
        &self,
        py: Python<'py>,
        state: &[u8],
        step: impl Fn(&Program, &mut Contact, &mut Vec<Change>) -> Supported<()> + Send + Sync,
    ) -> PyResult<Stepped<'py>> {
        let (program, lines) = (&*self.program, self.lines);
        let (state, changes) = py.detach(|| {
            guarded(|| {
                let (mut contact, mut out) = (load(program, state)?, Vec::new());
                step(program, &mut contact, &mut out)?;
                let mut next = Vec::new();
                dump(program, &contact, &mut next);
                Ok((next, out.iter().map(|change| packed(program, change, lines)).collect::<Vec<_>>()))
            })
        })?;
        let changes = changes.iter().map(|change| PyBytes::new(py, change)).collect();
        Ok((PyBytes::new(py, &state), changes))
    }
}

fn packed(program: &Program, change: &Change, lines: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    if lines {
        write::change(program, change, &mut JsonLine(&mut bytes));
        bytes.push(b'\n');
    } else {
        write::change(program, change, &mut Packer(&mut bytes));
    }
    bytes
}

fn as_unsupported(error: &PyErr) -> PyErr {
    NeedsReference::new_err(error.to_string())
}

#[pymodule]
fn stageline_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("NeedsReference", module.py().get_type::<NeedsReference>())?;
    module.add_class::<Plan>()
}
