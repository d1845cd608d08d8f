//! Many steps of one contact at once: the work of a batch, without bytes in between.

use crate::changes::Change;
use crate::contact::Contact;
use crate::dump::dump;
use crate::fold::{fold, tick};
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
    let mut out = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if let Err(why) = guarded(|| one(program, &mut contact, step, &mut out)) {
            done.stopped = Some(why.0);
            contact = guarded(|| again(program, state, &steps[..index]))?;
            break;
        }
        done.steps = index + 1;
        done.changes.extend(out.drain(..).map(|change| (index, form.tell(program, &change))));
    }
    guarded(|| {
        dump(program, &contact, &mut done.state);
        Ok(())
    })?;
    done.next_due = contact.next_due;
    Ok(done)
}

/// A step that failed may have changed something: what was before it is made anew.
fn again(program: &Program, state: &[u8], steps: &[Step]) -> Supported<Contact> {
    let (mut contact, mut out) = (load(program, state)?, Vec::new());
    for step in steps {
        one(program, &mut contact, step, &mut out)?;
    }
    Ok(contact)
}

fn one(program: &Program, contact: &mut Contact, step: &Step, out: &mut Vec<Change>) -> Supported<()> {
    match step {
        Step::Record(offset, bytes) => fold(program, contact, &program.decoder.event(bytes, *offset)?, out),
        Step::Clock(at) => tick(program, contact, *at, out),
    }
}
