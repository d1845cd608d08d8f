//! A partition of an archive replayed, see `processors/replay`: what each contact was told, added up.
//!
//! Where the log changes its criteria, contacts go over as they did in the live run. What they would have come to
//! under criteria that take over from history is folded beside, from their first event to that barrier.

use crate::archive::Partition;
use crate::changes::Change;
use crate::clocks::Clocks;
use crate::contact::Contact;
use crate::dump::dump;
use crate::fold::{fold_in_replay, is_rare_in_replay, tick};
use crate::lived::{answer_what_is_open, was_passed_on};
use crate::load::load;
use crate::out_file::Out;
use crate::plan::Name;
use crate::program::Program;
use crate::python::Plan;
use crate::switch::{as_read_by, switch, Barrier};
use crate::tally::{Share, Tally};
use crate::unsupported::{guarded, Supported, Unsupported};
use crate::write;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::collections::VecDeque;
use std::io::Error;
use std::sync::Arc;

const BETWEEN_NOTICES: u64 = 1 << 16; // records: some tenths of a second

/// What is asked for; see the stub.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    paths: Vec<String>,
    header: PyBackedBytes,
    block_bytes: usize,
    clock_offsets: Vec<i64>,
    clock_times: Vec<i64>,
    as_of: Option<i64>,
    anew: bool,
    changes: Option<String>,
    states: Option<String>,
    barriers: Vec<(i64, i64, bool, Py<Plan>)>, // position, time, in place, and what takes over there
}

/// Criteria that decide from a barrier on, or from the start.
struct Generation {
    program: Arc<Program>,
    barrier: Option<Barrier>,
}

/// Why a contact, or all of it, ends early.
enum End {
    Contact,
    All(PyErr),
}

impl From<Unsupported> for End {
    fn from(_: Unsupported) -> Self {
        Self::Contact
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::All(if error.kind() == std::io::ErrorKind::InvalidData {
            PyValueError::new_err(error.to_string())
        } else {
            PyOSError::new_err(error.to_string())
        })
    }
}

impl From<PyErr> for End {
    fn from(error: PyErr) -> Self {
        Self::All(error)
    }
}

struct Replay<'a> {
    generations: &'a [Generation],
    clocks: Clocks,
    as_of: Option<i64>,
    anew: bool,
    changes: Option<Out>,
    states: Option<Out>,
    step: &'a Py<PyAny>,
    tally: Tally,
    line: Vec<u8>, // of the change that is told
}

/// Replays; `step` does what is rare, `seen` hears how many records were read.
pub fn replay(program: &Arc<Program>, asked: Asked, step: &Py<PyAny>, seen: &Py<PyAny>) -> PyResult<Tally> {
    let all = |end| match end {
        End::All(error) => error,
        End::Contact => PyRuntimeError::new_err("a contact ended where none was"),
    };
    let opened = |asked: &Asked| -> Result<_, End> {
        let partition = Partition::open(&asked.paths, &asked.header, asked.block_bytes)?;
        Ok((partition, Out::open(asked.changes.as_ref())?, Out::open(asked.states.as_ref())?))
    };
    let (mut partition, changes, states) = opened(&asked).map_err(all)?;
    let mut generations = vec![Generation { program: program.clone(), barrier: None }];
    generations.extend(asked.barriers.iter().map(|(position, at, in_place, plan)| Generation {
        program: plan.get().program.clone(),
        barrier: Some(Barrier { position: *position, at: *at, in_place: *in_place }),
    }));
    let mut replay = Replay {
        generations: &generations,
        clocks: Clocks::new(asked.clock_offsets, asked.clock_times),
        as_of: asked.as_of,
        anew: asked.anew,
        changes,
        states,
        step,
        tally: Tally::default(),
        line: Vec::new(),
    };
    let (mut told, mut read) = (0, 0);
    while let Some(key) = partition.next_key() {
        read += replay.contact(&key, &mut partition).map_err(all)?;
        if read - told >= BETWEEN_NOTICES {
            told = read;
            Python::attach(|py| py.check_signals().and_then(|()| seen.call1(py, (read,))))?;
        }
    }
    for out in [&mut replay.changes, &mut replay.states].into_iter().flatten() {
        out.flush()?;
    }
    Ok(replay.tally)
}

impl<'a> Replay<'a> {
    /// Replays the contact that comes next; gives how many records it has.
    fn contact(&mut self, key: &[u8], partition: &mut Partition) -> Result<u64, End> {
        let (mut lives, mut records) = (Lives::new(self.generations), 0);
        let start = self.changes.as_ref().map(Out::place);
        let mut ended = key.is_empty(); // records of no contact
        partition.each(key, |offset, value| {
            records += 1;
            if !ended {
                match self.record(&mut lives, key, offset, value) {
                    Err(End::Contact) => ended = true,
                    other => other?,
                }
            }
            Ok::<(), End>(())
        })?;
        if key.is_empty() {
            return Ok(records);
        }
        if !ended {
            match self.finish(&mut lives) {
                Err(End::Contact) => ended = true,
                other => other?,
            }
        }
        if ended {
            self.tally.left.push(key.to_vec());
            if let (Some(out), Some(start)) = (self.changes.as_mut(), start) {
                out.back_to(start)?;
            }
            return Ok(records);
        }
        self.tally.events += records;
        self.keep(key, lives.told)?;
        Ok(records)
    }

    fn record(&mut self, lives: &mut Lives, key: &[u8], offset: i64, value: &[u8]) -> Result<(), End> {
        self.cross_before(offset, lives)?;
        for course in &mut lives.to_come {
            self.apply(course, key, offset, value)?;
        }
        self.apply(&mut lives.told, key, offset, value)
    }

    fn finish(&mut self, lives: &mut Lives) -> Result<(), End> {
        self.cross_before(i64::MAX, lives)?;
        let course = &mut lives.told;
        self.tick(course, self.clocks.times.len())?;
        if let Some(as_of) = self.as_of {
            guarded(|| tick(self.program_of(course), &mut course.contact, as_of, &mut course.out))?;
            self.tell(course)?;
        }
        Ok(())
    }

    /// Passes the barriers that stand before an offset.
    fn cross_before(&mut self, offset: i64, lives: &mut Lives) -> Result<(), End> {
        while let Some(barrier) =
            self.barrier_of(lives.told.generation + 1).filter(|one| one.position < offset)
        {
            let as_lived = if barrier.in_place { None } else { lives.to_come.pop_front() };
            self.cross(&mut lives.told, as_lived, barrier)?;
        }
        Ok(())
    }

    /// Goes over to the next generation; `lived`: as that would have had the contact, unless it is in place.
    fn cross(&mut self, course: &mut Course, lived: Option<Course>, barrier: Barrier) -> Result<(), End> {
        let next = self.clocks.after(barrier.position);
        self.tick(course, next)?;
        course.clock = course.clock.max(next);
        let (old, number) = (self.program_of(course), course.generation + 1);
        let new = &*self.generations[number].program;
        if course.contact.id.is_empty() {
            course.generation = number;
            return Ok(());
        }
        let lived = match lived {
            Some(mut lived) => {
                self.tick(&mut lived, next)?;
                lived.contact
            }
            None => guarded(|| as_read_by(new, (old, &course.contact)))?,
        };
        let said = std::mem::take(&mut course.contact);
        let done = guarded(|| switch((old, said), (new, lived), barrier))?;
        course.contact = done.contact;
        course.out = done.due;
        self.tell(course)?;
        course.generation = number;
        course.out = done.told;
        self.tell(course)
    }

    fn apply(&mut self, course: &mut Course, key: &[u8], offset: i64, value: &[u8]) -> Result<(), End> {
        let program = self.program_of(course);
        let mut event = program.decoder.event(value, offset)?;
        course.share.last_time = course.share.last_time.max(event.occurred_at);
        let next = self.clocks.after(offset);
        self.tick(course, next)?;
        course.clock = course.clock.max(next);
        let contact = &mut course.contact;
        if was_passed_on(contact, &event) {
            return Ok(());
        }
        if contact.forward_to.is_some() || contact.erased || is_rare_in_replay(&event) {
            return self.rare(course, key, offset, value);
        }
        if self.anew || course.silent {
            answer_what_is_open(&mut event);
        }
        guarded(|| fold_in_replay(program, contact, &event, &mut course.out))?;
        self.tell(course)
    }

    fn tick(&mut self, course: &mut Course, end: usize) -> Result<(), End> {
        let program = self.program_of(course);
        while let Some(due) = course.contact.next_due {
            let number = self.clocks.first_due(due, course.clock);
            if number >= end {
                return Ok(());
            }
            let at = self.clocks.times[number];
            guarded(|| tick(program, &mut course.contact, at, &mut course.out))?;
            self.tell(course)?;
            course.clock = number + 1;
        }
        Ok(())
    }

    /// Lets the reference apply one event.
    fn rare(&mut self, course: &mut Course, key: &[u8], offset: i64, value: &[u8]) -> Result<(), End> {
        let program = self.program_of(course);
        let state = state(program, &course.contact)?;
        let given = (course.generation, course.silent, key, &state[..], offset, value);
        let (state, refused, told): Stepped = Python::attach(|py| self.step.call1(py, given)?.extract(py))?;
        course.contact = guarded(|| load(program, &state))?;
        if course.silent {
            return Ok(());
        }
        course.share.refused += refused;
        for (kind, line, moved) in told {
            course.share.line(kind, &line);
            course.share.moves.extend(
                moved.map(|(track, from, to)| (track.into(), from.map(Name::from), to.map(Name::from))),
            );
            if let Some(out) = &mut self.changes {
                out.write(&line)?;
            }
        }
        Ok(())
    }

    fn barrier_of(&self, generation: usize) -> Option<Barrier> {
        self.generations.get(generation)?.barrier
    }

    fn program_of(&self, course: &Course) -> &'a Program {
        &self.generations[course.generation].program
    }

    fn tell(&mut self, course: &mut Course) -> Result<(), End> {
        if course.silent {
            course.out.clear();
            return Ok(());
        }
        let program = self.program_of(course);
        for change in course.out.drain(..) {
            let line = &mut self.line;
            let kind = match &change {
                Change::Stage(_) => 0,
                Change::Segment(_) => 1,
                Change::Handoff(_) => 2,
                Change::Membership(_) => 3,
                Change::Refused { .. } => {
                    course.share.refused += 1;
                    continue;
                }
            };
            line.clear();
            write::line(program, &change, line);
            course.share.line(kind, line);
            if let Change::Stage(one) = &change {
                course.share.moves.push((one.track.clone(), one.from.clone(), one.to.clone()));
            }
            if let Some(out) = &mut self.changes {
                out.write(line)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, key: &[u8], course: Course) -> Result<(), End> {
        let contact = &course.contact;
        let known = !contact.id.is_empty();
        self.tally.contacts += u64::from(known && contact.forward_to.is_none() && !contact.erased);
        if known && self.states.is_some() {
            let state = state(self.program_of(&course), contact)?;
            for part in [key, &state[..]] {
                if let Some(out) = &mut self.states {
                    out.write(&(part.len() as u32).to_be_bytes())?;
                    out.write(part)?;
                }
            }
        }
        course.share.add_to(&mut self.tally, contact);
        Ok(())
    }
}

/// Track, from, to.
type Told = (String, Option<String>, Option<String>);
/// The state, how many events were refused, and each output: its kind, its line, its move.
type Stepped = (PyBackedBytes, u64, Vec<(usize, PyBackedBytes, Option<Told>)>);

/// One contact on its way. `silent`: as another definition would have had it, which nobody is told.
#[derive(Default)]
struct Course {
    generation: usize, // whose criteria decide
    silent: bool,
    contact: Contact,
    clock: usize,
    out: Vec<Change>,
    share: Share,
}

/// A contact as it was told of, and as those generations would have had it that are to take over from history.
struct Lives {
    told: Course,
    to_come: VecDeque<Course>,
}

impl Lives {
    fn new(generations: &[Generation]) -> Self {
        let from_history = |one: &Generation| one.barrier.is_some_and(|barrier| !barrier.in_place);
        let numbers = generations.iter().enumerate().filter(|(_, one)| from_history(one));
        let silent = |(generation, _)| Course { generation, silent: true, ..Course::default() };
        Self { told: Course::default(), to_come: numbers.map(silent).collect() }
    }
}

fn state(program: &Program, contact: &Contact) -> Supported<Vec<u8>> {
    let mut state = Vec::new();
    guarded(|| {
        dump(program, contact, &mut state);
        Ok(())
    })?;
    Ok(state)
}
