//! A visitor who turns out to be somebody: the history goes to another contact. See `identify` in
//! `processors/lifecycle/transfers.py` and `processors/lifecycle/vanishing.py`.

use crate::changes::{next_deadline, segment_changed, stage_changed, Change};
use crate::contact::{Contact, NO_STAGE};
use crate::event::{Event, Value};
use crate::handoffs::withdraw;
use crate::plan::Name;
use crate::shown::text;
use crate::turn::{Hop, Shift, Turn};
use crate::unsupported::give_up;

pub const IDENTIFIED: &str = "contact_identified";

/// Folds `contact_identified`, but for the record that carries the history over.
pub fn identify(turn: &mut Turn, contact: &mut Contact, event: &Event) {
    if !contact.provisional() {
        let reason = "two identified contacts are never merged by themselves: publish contacts_merged";
        return turn.refuse(contact, reason.to_owned());
    }
    let into = text(event, "into").unwrap_or_else(|| give_up("an identification as nobody"));
    forget(contact);
    vanish(turn, contact, &format!("identified as {into}"));
    contact.forward_to = Some(into.into());
}

/// Lets a contact that is part of another one go to somebody else from now on, as of a shared device. False where
/// the event says something else.
pub fn identify_again(contact: &mut Contact, event: &Event) -> bool {
    let passes_on = contact.forward_to.is_some() && !contact.erased && event.contact_id.is_some();
    match event.field("into") {
        Some(Value::Str(into)) if passes_on && event.kind == IDENTIFIED => {
            if event.position > contact.position {
                contact.forward_to = Some((*into).into());
            }
            true
        }
        _ => false,
    }
}

/// Drops everything but where the contact stands in the log and what was said about it.
fn forget(contact: &mut Contact) {
    let known = std::mem::take(contact);
    *contact = Contact {
        id: known.id,
        position: known.position,
        clock: known.clock,
        first_seen: known.first_seen,
        last_counted: known.last_counted,
        places: known.places,
        bands: known.bands,
        stage_changes: known.stage_changes,
        segment_changes: known.segment_changes,
        handoff_changes: known.handoff_changes,
        refused: known.refused,
        clamped: known.clamped,
        company: known.company.without_employer(),
        ..Contact::default()
    };
}

/// Tells the world that the contact has no stage and no segment any more; withdraws its hand-offs.
fn vanish(turn: &mut Turn, contact: &mut Contact, reason: &str) {
    for track in 0..contact.places.len() {
        leave_track(turn, contact, track, reason, &IDENTIFIED.into());
    }
    for segment in 0..contact.bands.len() {
        leave_segment(turn, contact, segment);
    }
}

/// Tells the world that the contact has no stage on a track any more; withdraws its hand-off.
pub fn leave_track(turn: &mut Turn, contact: &mut Contact, track: usize, reason: &str, criterion: &Name) {
    let open = contact.places[track].handoff.as_ref().is_some_and(|one| &*one.status == "open");
    if open {
        withdraw(turn, contact, track, reason, criterion);
    }
    if contact.places[track].shown != NO_STAGE {
        leave(turn, contact, track, reason, criterion);
    }
}

/// Tells the world that the contact is in no band of a segment any more.
pub fn leave_segment(turn: &mut Turn, contact: &mut Contact, segment: usize) {
    if let Some(band) = contact.bands[segment].take() {
        let change = segment_changed(turn, contact, segment, (Some(band), None), Vec::new());
        turn.out.push(change);
    }
}

fn leave(turn: &mut Turn, contact: &mut Contact, track: usize, reason: &str, criterion: &Name) {
    let place = &mut contact.places[track];
    let hop = Hop {
        path: Vec::new(),
        criterion: criterion.clone(),
        reason: Some(Name::from(reason)),
        evidence: Vec::new(),
    };
    let shift = Shift {
        track,
        start: turn.program.stage_id(place.shown).cloned(),
        since: place.shown_since,
        hops: vec![hop],
    };
    place.shown = NO_STAGE;
    place.shown_since = turn.now;
    let mut change = stage_changed(turn, contact, &shift);
    if let Change::Stage(one) = &mut change {
        one.next_deadline = next_deadline(turn.program, &contact.places[track]);
    }
    turn.out.push(change);
}
