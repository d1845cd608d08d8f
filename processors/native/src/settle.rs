//! Steps 4 to 8 of the order of one event, and the timers between two events.

use crate::changes::{self, Change};
use crate::check::{Check, View};
use crate::contact::{Contact, Place, NO_STAGE};
use crate::evidence::tell_band;
use crate::handoffs;
use crate::moves::move_to_fixpoint;
use crate::program::{Exit, Program};
use crate::rules::NEVER;
use crate::shown::{in_force, show};
use crate::turn::Turn;

/// Does what follows from what has changed: moves, segments, hand-offs, the next timer.
///
/// A stage entered by hand may open a way (`reached`): that is told after it, as a change of its own.
pub fn settle(turn: &mut Turn, contact: &mut Contact) {
    settle_once(turn, contact);
    while turn.again != 0 {
        turn.dirty = std::mem::take(&mut turn.again);
        settle_once(turn, contact);
    }
    turn.dirty = 0;
    if let Some(memberships) = &turn.program.memberships {
        memberships.tell(turn, contact);
    }
}

fn settle_once(turn: &mut Turn, contact: &mut Contact) {
    contact.forget_reading();
    if turn.dirty & turn.program.board.fit_deps != 0 {
        contact.forget_fit();
    }
    for track in 0..contact.places.len() {
        handoffs::fire(turn, contact, track);
    }
    move_all(turn, contact);
    let mut told = Vec::new();
    for track in 0..contact.places.len() {
        let hops = turn.hops.get_mut(track).map(std::mem::take).unwrap_or_default();
        if let Some(shift) = show(turn, contact, track, hops) {
            let change = changes::stage_changed(turn, contact, &shift);
            told.push((track, turn.out.len()));
            turn.out.push(change);
            handoffs::follow(turn, contact, &shift);
        }
    }
    sort_into_bands(turn, contact);
    if turn.offers {
        for track in 0..contact.places.len() {
            handoffs::offer(turn, contact, track);
        }
    }
    for (track, index) in told {
        let deadline = changes::next_deadline(turn.program, &contact.places[track]);
        if let Change::Stage(change) = &mut turn.out[index] {
            change.next_deadline = deadline;
        }
    }
    contact.next_due = next_due(turn, contact);
}

/// Fires every timer due up to `clock`, each at its own time; returns when the contact was last settled.
pub fn advance(program: &Program, contact: &mut Contact, clock: i64, out: &mut Vec<Change>) -> i64 {
    let mut settled = contact.clock;
    while let Some(due) = contact.next_due.filter(|due| *due <= clock) {
        settled = due;
        contact.clock = due;
        settle(&mut Turn::new(program, due, None, program.inputs.everything(), out), contact);
    }
    contact.clock = clock;
    settled
}

/// Every track to its fixpoint, and again while one track's move may have opened a way on another.
fn move_all(turn: &mut Turn, contact: &mut Contact) {
    for _ in 0..turn.program.plan.stages.len() {
        let mut moved = false;
        for track in 0..contact.places.len() {
            let hops = move_to_fixpoint(turn, contact, track);
            if !hops.is_empty() {
                turn.hops_of(track).extend(hops);
                moved = true;
            }
        }
        if !moved || contact.places.len() == 1 {
            return;
        }
    }
}

fn sort_into_bands(turn: &mut Turn, contact: &mut Contact) {
    let program = turn.program;
    for (index, bands) in program.segments.iter().enumerate() {
        if bands.deps & turn.dirty == 0 && contact.bands[index].is_some() {
            continue;
        }
        let band = bands.at(turn.view(contact));
        if band != contact.bands[index] {
            let before = std::mem::replace(&mut contact.bands[index], band.clone());
            let told = tell_band(turn.view(contact), index, band.as_ref());
            let change = changes::segment_changed(turn, contact, index, (before, band), told);
            turn.out.push(change);
        }
    }
}

/// Earliest time after `now` at which something may change by itself.
pub fn next_due(turn: &Turn, contact: &Contact) -> Option<i64> {
    let (program, view) = (turn.program, turn.view(contact));
    let mut due = NEVER;
    for (track, place) in contact.places.iter().enumerate() {
        if place.stage != NO_STAGE {
            for way in &program.exits[place.stage as usize] {
                due = due.min(exit_at(turn, way, place, contact));
            }
        }
        let rank = program.rank_of(place.stage);
        for unit in &program.timed_climbs[track] {
            let way = &program.alternatives[*unit];
            if way.rank <= rank {
                break;
            }
            let check = &way.condition.check;
            due = due.min(if place.is_spent(*unit) {
                check.ahead(view, false).unwrap_or(NEVER)
            } else {
                opens_at(check, view)
            });
        }
        if let Some(held) = place.held.as_ref().filter(|held| in_force(held, turn.now)) {
            due = due.min(held.until.unwrap_or(NEVER));
        }
        let step_due = place.handoff.as_ref().and_then(|handoff| handoff.step_due);
        due = due.min(step_due.unwrap_or(NEVER));
    }
    for bands in &program.segments {
        if bands.changes {
            due = due.min(bands.change(view));
        }
    }
    (due != NEVER).then(|| due.max(turn.now + 1))
}

/// When a leave rule may open.
fn exit_at(turn: &Turn, way: &Exit, place: &Place, contact: &Contact) -> i64 {
    let (now, view) = (turn.now, turn.view(contact));
    let opens = way.rule.after_ms.map_or(now, |after| place.since + after);
    let Some(when) = &way.when else {
        return if way.rule.after_ms.is_some() { opens } else { NEVER };
    };
    if opens > now && when.check.holds(view) {
        return opens;
    }
    opens.max(opens_at(&when.check, view))
}

/// When a condition may become true; never, where it holds though everything is settled.
fn opens_at(check: &Check, view: View) -> i64 {
    let due = check.ahead(view, true).unwrap_or(NEVER);
    if due > view.now + 1 || !check.holds(view) {
        due
    } else {
        NEVER
    }
}
