//! What Python sees: `stageline_native`.

use crate::archive::find;
use crate::changes::Change;
use crate::contact::Contact;
use crate::course::{run, Done, Step};
use crate::dump::dump;
use crate::fold::{fold, tick};
use crate::load::load;
use crate::program::Program;
use crate::python_batches::{record_batches, route, EncodedBatch};
use crate::python_event::HeldEvent;
use crate::python_intake::Intake;
use crate::python_reader::Reader;
use crate::replay::{replay, Asked};
use crate::switch::{switch, Barrier};
use crate::unsupported::{guarded, Supported, Unsupported};
use crate::write::{Form, Told};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use std::sync::Arc;

create_exception!(stageline_native, NeedsReference, PyException, "The reference has to do it: why.");

impl From<Unsupported> for PyErr {
    fn from(why: Unsupported) -> Self {
        NeedsReference::new_err(why.0)
    }
}

/// A record's offset and value.
type Found<'py> = (i64, Bound<'py, PyBytes>);

/// Finds the records of a key in a block of a segment; see the stub.
#[pyfunction]
fn records_of<'py>(
    py: Python<'py>,
    packed: &[u8],
    most: usize,
    count: u64,
    key: &[u8],
) -> Option<(Vec<Found<'py>>, bool)> {
    let (found, beyond) = py.detach(|| find(packed, most, count, key)).ok()?;
    Some((found.iter().map(|(offset, value)| (*offset, PyBytes::new(py, value))).collect(), beyond))
}

/// A compiled plan, and the form it tells changes in; see the stub.
#[pyclass(frozen)]
pub struct Plan {
    pub program: Arc<Program>,
    form: Form,
}

type Stepped<'py> = (Bound<'py, PyBytes>, Vec<Bound<'py, PyAny>>);
/// A state, what the former definition told, and what this one tells.
type Gone<'py> = (Bound<'py, PyBytes>, Vec<Bound<'py, PyAny>>, Vec<Bound<'py, PyAny>>);

#[pymethods]
impl Plan {
    #[new]
    fn new(py: Python<'_>, plan_json: &str, surroundings: &str, form: &str) -> PyResult<Self> {
        let form = match form {
            "packed" => Form::Packed,
            "lines" => Form::Lines,
            "outputs" => Form::Outputs,
            "lived" => Form::Lived,
            _ => return Err(PyValueError::new_err(format!("{form}: changes have no such form"))),
        };
        let program = py.detach(|| guarded(|| Program::new(plan_json, surroundings)))?;
        Ok(Self { program: Arc::new(program), form })
    }

    /// Id and version of the definition.
    #[getter]
    fn lifecycle(&self) -> &str {
        &self.program.lifecycle
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

    /// Does steps of many contacts; see the stub.
    #[allow(clippy::needless_pass_by_value)] // extracted from Python's objects, so it is ours
    fn run<'py>(&self, py: Python<'py>, contacts: Vec<Given>) -> PyResult<Bound<'py, PyList>> {
        let (program, form) = (&*self.program, self.form);
        let all = py.detach(|| contacts.iter().map(|one| course(program, one, form)).collect::<Vec<_>>());
        let done = PyList::empty(py);
        for one in all {
            let changes = PyList::empty(py);
            for (step, change) in &one.changes {
                changes.append((step, told(py, change)?))?;
            }
            done.append((one.steps, one.stopped, PyBytes::new(py, &one.state), one.next_due, changes))?;
        }
        Ok(done)
    }

    /// Replays a partition of an archive; see the stub.
    #[allow(clippy::needless_pass_by_value)] // as above
    fn replay<'py>(
        &self,
        py: Python<'py>,
        asked: Asked,
        step: Py<PyAny>,
        seen: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let tally = py.detach(|| replay(&self.program, asked, &step, &seen))?;
        let told = PyDict::new(py);
        told.set_item("events", tally.events)?;
        told.set_item("contacts", tally.contacts)?;
        told.set_item("not_applied", tally.refused)?;
        told.set_item("last_time", tally.last_time)?;
        told.set_item("digest", PyBytes::new(py, &tally.digest))?;
        told.set_item("records", tally.records)?;
        let moves = tally.moves.iter().map(|((track, from, to), count)| {
            (track.to_string(), from.as_deref().map(str::to_owned), to.as_deref().map(str::to_owned), *count)
        });
        told.set_item("moves", moves.collect::<Vec<_>>())?;
        let counts = tally.companies.iter().map(|((company, rank, stage), count)| {
            (company.to_string(), *rank, stage.as_deref().map(str::to_owned), *count)
        });
        told.set_item("companies", counts.collect::<Vec<_>>())?;
        let left = tally.left.iter().map(|key| PyBytes::new(py, key));
        told.set_item("left", left.collect::<Vec<_>>())?;
        Ok(told)
    }

    /// Takes contacts over from another plan; see the stub.
    #[allow(clippy::needless_pass_by_value)] // as above
    fn switch<'py>(
        &self,
        py: Python<'py>,
        old: PyRef<'py, Self>,
        contacts: Vec<(PyBackedBytes, PyBackedBytes)>,
        barrier: (i64, i64, bool),
    ) -> PyResult<Vec<Option<Gone<'py>>>> {
        let (old, new, form) = (&*old.program, &*self.program, self.form);
        let barrier = Barrier { position: barrier.0, at: barrier.1, in_place: barrier.2 };
        let one = |(said, lived): &(PyBackedBytes, PyBackedBytes)| {
            let done = switch((old, load(old, said)?), (new, load(new, lived)?), barrier)?;
            let mut state = Vec::new();
            dump(new, &done.contact, &mut state);
            Ok((state, form.tell_all(old, &done.due), form.tell_all(new, &done.told)))
        };
        let done = py.detach(|| contacts.iter().map(|each| guarded(|| one(each)).ok()).collect::<Vec<_>>());
        let gone = |(state, due, told): (Vec<u8>, Vec<Told>, Vec<Told>)| {
            Ok((PyBytes::new(py, &state), all_told(py, &due)?, all_told(py, &told)?))
        };
        done.into_iter().map(|one| one.map(gone).transpose()).collect()
    }

    /// Advances a state's clock; gives the next state, and each change as bytes.
    fn advance<'py>(&self, py: Python<'py>, state: &[u8], clock: i64) -> PyResult<Stepped<'py>> {
        self.step(py, state, |program, contact, out| tick(program, contact, clock, out))
    }
}

/// A state, and its steps: offset and bytes of a record, or the clock's time and none.
type Given = (PyBackedBytes, Vec<(i64, Option<PyBackedBytes>)>);

/// One contact's steps. A state that cannot be read stays as it is, with no step done.
fn course(program: &Program, (state, steps): &Given, form: Form) -> Done {
    let steps: Vec<Step> = steps
        .iter()
        .map(|(at, record)| record.as_ref().map_or(Step::Clock(*at), |bytes| Step::Record(*at, bytes)))
        .collect();
    run(program, state, &steps, form).unwrap_or_else(|why| Done {
        stopped: Some(why.0),
        state: state.to_vec(),
        ..Done::default()
    })
}

impl Plan {
    fn step<'py>(
        &self,
        py: Python<'py>,
        state: &[u8],
        step: impl Fn(&Program, &mut Contact, &mut Vec<Change>) -> Supported<()> + Send + Sync,
    ) -> PyResult<Stepped<'py>> {
        let (program, form) = (&*self.program, self.form);
        let (state, changes) = py.detach(|| {
            guarded(|| {
                let (mut contact, mut out) = (load(program, state)?, Vec::new());
                step(program, &mut contact, &mut out)?;
                let mut next = Vec::new();
                dump(program, &contact, &mut next);
                Ok((next, form.tell_all(program, &out)))
            })
        })?;
        Ok((PyBytes::new(py, &state), all_told(py, &changes)?))
    }
}

fn all_told<'py>(py: Python<'py>, changes: &[Told]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    changes.iter().map(|change| told(py, change)).collect()
}

/// A change as Python gets it: bytes, or the parts of an output.
fn told<'py>(py: Python<'py>, change: &Told) -> PyResult<Bound<'py, PyAny>> {
    match change {
        Told::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
        Told::Output(one) => {
            let bytes = |part: &[u8]| PyBytes::new(py, part);
            let (key, id, time) = (one.key.as_bytes(), one.id.as_bytes(), one.time.as_bytes());
            let parts =
                (PyString::intern(py, one.record), bytes(key), bytes(&one.value), bytes(id), bytes(time));
            Ok(parts.into_pyobject(py)?.into_any())
        }
        Told::Forwarded(one) => {
            let parts = (PyBytes::new(py, one.key.as_bytes()), PyBytes::new(py, &one.value));
            Ok(parts.into_pyobject(py)?.into_any())
        }
    }
}

fn as_unsupported(error: &PyErr) -> PyErr {
    NeedsReference::new_err(error.to_string())
}

#[pymodule]
fn stageline_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("NeedsReference", module.py().get_type::<NeedsReference>())?;
    module.add_class::<EncodedBatch>()?;
    module.add_class::<Intake>()?;
    module.add_class::<Reader>()?;
    module.add_function(wrap_pyfunction!(record_batches, module)?)?;
    module.add_function(wrap_pyfunction!(records_of, module)?)?;
    module.add_function(wrap_pyfunction!(route, module)?)?;
    module.add_class::<Plan>()
}
