//! Many steps of one contact at once: the work of a batch, without bytes in between.

use crate::contact::Contact;
use crate::dump::dump;
use crate::fold::{fold, tick};
use crate::forward::pass_on;
use crate::lived::{answer_what_is_open, was_passed_on};
use crate::load::load;
use crate::program::Program;
use crate::unsupported::{guarded, Supported};
use crate::write::{Form, Told};

/// One step: a record of contact-events at an offset, or the clock at a time (ms).
pub enum Step<'a> {
    Record(i64, &'a [u8]),
    Clock(i64),
}

/// What came of it: how many steps were done (what stopped the next one), the state, changes by step.
#[derive(Default)]
pub struct Done {
    pub steps: usize,
    pub stopped: Option<String>,
    pub state: Vec<u8>,
    pub next_due: Option<i64>,
    pub changes: Vec<(usize, Told)>,
}

/// Does steps up to the first that the reference has to do. Fails where it has to read the state already.
pub fn run(program: &Program, state: &[u8], steps: &[Step], form: Form) -> Supported<Done> {
    let mut done = Done::default();
    let mut contact = guarded(|| load(program, state))?;
    for (index, step) in steps.iter().enumerate() {
        match guarded(|| one(program, &mut contact, step, form)) {
            Ok(told) => done.changes.extend(told.into_iter().map(|change| (index, change))),
            Err(why) => {
                done.stopped = Some(why.0);
                contact = guarded(|| again(program, state, &steps[..index], form))?;
                break;
            }
        }
        done.steps = index + 1;
    }
    done.state.reserve(state.len() + 512); // most often enough
    guarded(|| {
        dump(program, &contact, &mut done.state);
        Ok(())
    })?;
    done.next_due = contact.next_due;
    Ok(done)
}

/// A step that failed may have changed something: what was before it is made anew.
fn again(program: &Program, state: &[u8], steps: &[Step], form: Form) -> Supported<Contact> {
    let mut contact = load(program, state)?;
    for step in steps {
        one(program, &mut contact, step, form)?;
    }
    Ok(contact)
}

fn one(program: &Program, contact: &mut Contact, step: &Step, form: Form) -> Supported<Vec<Told>> {
    let mut out = Vec::new();
    match step {
        Step::Record(offset, bytes) => {
            let mut event = program.decoder.event(bytes, *offset)?;
            match form {
                Form::Outputs => {
                    if let Some(event) = pass_on(program, contact, &event, bytes)? {
                        return Ok(vec![Told::Forwarded(event)]);
                    }
                }
                Form::Lived if was_passed_on(contact, &event) => return Ok(Vec::new()),
                Form::Lived => answer_what_is_open(&mut event),
                Form::Packed | Form::Lines => {}
            }
            fold(program, contact, &event, &mut out)?;
        }
        Step::Clock(at) => tick(program, contact, *at, &mut out)?,
    }
    Ok(form.tell_all(program, &out))
}
