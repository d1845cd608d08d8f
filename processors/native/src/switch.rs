//! Contacts that go over to another definition and are told nothing of it, as most are: see
//! `processors/lifecycle/switch.py`. Whoever is to be told something is left to the reference.

use crate::changes::Change;
use crate::contact::{Contact, Handoff, Place};
use crate::dump::dump;
use crate::handoffs;
use crate::load::load;
use crate::moves::refresh_spent;
use crate::program::Program;
use crate::settle::{advance, next_due, settle};
use crate::turn::Turn;
use crate::unsupported::{Supported, Unsupported};

/// The record at which the criteria change; times are ms UTC.
#[derive(Clone, Copy)]
pub struct Barrier {
    pub position: i64,
    pub at: i64,
    pub in_place: bool,
}

/// A contact as it lived under one definition.
pub type Lived<'a> = (&'a Program, &'a [u8]);

/// Lets `new` go on in the place of `old`; gives its state, none where that is the reference's.
pub fn switch(old: Lived, new: Lived, barrier: Barrier) -> Supported<Option<Vec<u8>>> {
    let (said, mut lived) = (load(old.0, old.1)?, load(new.0, new.1)?);
    let is_due = said.next_due.is_some_and(|due| due <= barrier.at);
    if said.id.is_empty() || lived.id.is_empty() || (barrier.in_place && is_due) {
        return Ok(None);
    }
    let now = said.clock.max(lived.clock).max(barrier.at);
    if now > new.0.calendar.last() {
        return Err(Unsupported("a time that no calendar here knows".to_owned()));
    }
    if !barrier.in_place && !lived.erased {
        advance(new.0, &mut lived, now, &mut Vec::new());
    }
    lived.clock = now;
    lived.position = barrier.position;
    lived.forget_reading();
    lived.forget_fit();
    if !agree((old.0, &said), (new.0, &lived)) {
        return Ok(None);
    }
    let Some(is_news) = keep_handoffs((old.0, &said), (new.0, &mut lived), now) else { return Ok(None) };
    take_over(said, &mut lived);
    let mut told = Vec::new();
    go_on(new.0, &mut lived, now, barrier.in_place || is_news, &mut told);
    if !told.is_empty() {
        return Ok(None);
    }
    let mut state = Vec::new();
    dump(new.0, &lived, &mut state);
    Ok(Some(state))
}

/// Whether the world has been told of the one what holds of the other.
fn agree((old, said): (&Program, &Contact), (new, lived): (&Program, &Contact)) -> bool {
    let shown = |(before, after): (&Program, &Program)| {
        let mut places = said.places.iter().zip(&lived.places);
        places.all(|(one, other)| before.stage_id(one.shown) == after.stage_id(other.shown))
    };
    let tracks =
        old.plan.tracks.iter().map(|track| &track.id).eq(new.plan.tracks.iter().map(|track| &track.id));
    let segments =
        old.plan.segments.iter().map(|one| &one.id).eq(new.plan.segments.iter().map(|one| &one.id));
    let companies = old.memberships.is_none() || new.memberships.is_some();
    tracks && segments && companies && said.bands == lived.bands && shown((old, new))
}

/// Keeps the hand-offs that were sent; tells whether the new criteria did not know how one stands, and none where
/// one is withdrawn or offered.
fn keep_handoffs(
    (old, said): (&Program, &Contact),
    (new, lived): (&Program, &mut Contact),
    now: i64,
) -> Option<bool> {
    let mut is_news = false;
    for (said, place) in said.places.iter().zip(&mut lived.places) {
        if place.handoff.as_ref().is_some_and(|one| asks_nobody(new, one.stage)) {
            place.handoff = None; // in place
        }
        let sent = said.handoff.as_ref().filter(|one| one.sent);
        match (sent, &mut place.handoff) {
            (Some(sent), Some(wanted)) if stays((old, said, sent), (new, wanted)) => {
                is_news |= sent.status != wanted.status;
                *wanted = Handoff { stage: wanted.stage, ..sent.clone() };
                handoffs::take_over(new, wanted, now);
            }
            (sent, wanted) => {
                if [sent, wanted.as_ref()].into_iter().flatten().any(is_open) {
                    return None;
                }
            }
        }
    }
    Some(is_news)
}

fn asks_nobody(program: &Program, stage: i32) -> bool {
    program.stage(stage).is_none_or(|stage| stage.handoff.is_none())
}

/// Whether the hand-off that was sent is the one that the new criteria ask for.
fn stays((old, said, sent): (&Program, &Place, &Handoff), (new, wanted): (&Program, &Handoff)) -> bool {
    if old.stage_id(sent.stage) != new.stage_id(wanted.stage) {
        return false;
    }
    if is_open(wanted) {
        is_open(sent) || said.shown == sent.stage
    } else {
        !is_open(sent)
    }
}

fn is_open(handoff: &Handoff) -> bool {
    &*handoff.status == "open"
}

/// What was told stays what was told.
fn take_over(said: Contact, lived: &mut Contact) {
    for (place, before) in lived.places.iter_mut().zip(&said.places) {
        place.shown_since = before.shown_since;
    }
    lived.stage_changes = said.stage_changes;
    lived.segment_changes = said.segment_changes;
    lived.handoff_changes = said.handoff_changes;
    lived.company.take_over(said.company);
    lived.refused = said.refused;
    lived.clamped = said.clamped;
}

/// Lets the new criteria decide from there; `is_news`: there is something that they have not decided on yet.
fn go_on(program: &Program, contact: &mut Contact, now: i64, is_news: bool, told: &mut Vec<Change>) {
    let mut turn = Turn::new(program, now, None, program.inputs.everything(), told);
    if !contact.erased && contact.forward_to.is_none() {
        if is_news {
            refresh_spent(&turn, contact);
            settle(&mut turn, contact);
        }
        contact.next_due = next_due(&turn, contact);
    }
    if let Some(memberships) = &program.memberships {
        memberships.tell(&mut turn, contact);
    }
}
