//! What the world sees of a track: the machine's own stage, unless somebody holds another by hand.

use crate::contact::{Contact, Override, NO_STAGE};
use crate::event::{Event, Value};
use crate::matching::Bits;
use crate::moves::remember_entry;
use crate::program::Program;
use crate::turn::{Hop, Shift, Turn};
use crate::unsupported::give_up;

const LIFTED: &str = "lifted";

/// Brings what is shown in line with what has moved; none when nothing of it is seen.
pub fn show(turn: &mut Turn, contact: &mut Contact, track: usize, mut hops: Vec<Hop>) -> Option<Shift> {
    let place = &contact.places[track];
    let (since, shown) = (place.shown_since, shown(turn, contact, track));
    let by_hand = shown != place.stage || hops.is_empty();
    if by_hand && shown == place.shown {
        return None;
    }
    let start = turn.program.stage_id(place.shown).cloned();
    if by_hand {
        hops = vec![by_hand_to(turn, contact, track, shown)];
    }
    let place = &mut contact.places[track];
    place.shown = shown;
    place.shown_since = turn.now;
    Some(Shift { track, start, since, hops })
}

/// Whether an override holds a stage now.
pub fn in_force(held: &Override, now: i64) -> bool {
    &*held.kind != LIFTED && held.until.is_none_or(|until| until > now)
}

/// Folds `stage_overridden`: the newest by time is in force. Returns the dirty bits.
pub fn hold(turn: &mut Turn, contact: &mut Contact, event: &Event) -> Bits {
    let program = turn.program;
    let track_name = text(event, "track").unwrap_or_else(|| give_up("an override without a track"));
    let Some(track) = program.plan.tracks.iter().position(|one| &*one.id == track_name) else {
        turn.refuse(contact, format!("no track is called {track_name}"));
        return 0;
    };
    let name = text(event, "stage");
    let stage = name.map_or(Some(NO_STAGE), |name| program.stage_index.get(name).copied());
    let of_track = |stage: i32| program.stage(stage).is_none_or(|one| one.track == track);
    let Some(stage) = stage.filter(|stage| of_track(*stage)) else {
        turn.refuse(contact, format!("track {track_name} has no stage {}", name.unwrap_or("None")));
        return 0;
    };
    let place = &mut contact.places[track];
    let at = event.occurred_at.min(turn.now);
    if place.held.as_ref().is_none_or(|held| held.at <= at) {
        let needed = |name| text(event, name).unwrap_or_else(|| give_up("an override that lacks a field"));
        let until = match event.field("until") {
            None | Some(Value::Null) => None,
            Some(Value::Int(until)) => Some(*until),
            Some(_) => give_up("an override until something else than a time"),
        };
        let kind = if stage == NO_STAGE { LIFTED } else { needed("kind") };
        let (actor, reason) = (needed("actor").into(), needed("reason").into());
        place.held = Some(Override { at, kind: kind.into(), stage, until, actor, reason });
    }
    program.inputs.stage()
}

/// A text field; none when it is absent or null.
pub fn text<'e>(event: &Event<'e>, name: &str) -> Option<&'e str> {
    match event.field(name) {
        None | Some(Value::Null) => None,
        Some(Value::Str(one)) => Some(one),
        Some(_) => give_up("a text field holds something else"),
    }
}

fn shown(turn: &Turn, contact: &Contact, track: usize) -> i32 {
    let place = &contact.places[track];
    match &place.held {
        Some(held) if in_force(held, turn.now) => overridden(turn.program, place.stage, held),
        _ => place.stage,
    }
}

/// Applies an override to the machine's own stage. No stage and a detour lie below every floor.
fn overridden(program: &Program, stage: i32, held: &Override) -> i32 {
    let (rank, limit) = (program.rank_of(stage), program.rank_of(held.stage));
    match &*held.kind {
        "pin" => held.stage,
        "floor" => within(rank >= limit, stage, held.stage),
        _ => within(rank <= limit, stage, held.stage),
    }
}

fn within(fits: bool, stage: i32, limit: i32) -> i32 {
    if fits {
        stage
    } else {
        limit
    }
}

fn by_hand_to(turn: &mut Turn, contact: &mut Contact, track: usize, shown: i32) -> Hop {
    let place = &mut contact.places[track];
    if shown != NO_STAGE && shown != place.stage {
        if place.entries.get(shown as u32).is_none() {
            turn.again |= turn.program.inputs.stage();
        }
        remember_entry(place, shown, turn.now);
        if place.drop_answered() {
            turn.again |= turn.program.inputs.handoff();
        }
    }
    let (criterion, reason) = match &place.held {
        Some(held) if in_force(held, turn.now) => {
            (format!("override.{}", held.kind), format!("{} ({})", held.reason, held.actor))
        }
        _ => ("override.ended".to_owned(), "the override ended".to_owned()),
    };
    Hop {
        path: if shown == NO_STAGE { Vec::new() } else { vec![shown] },
        criterion: criterion.into(),
        reason: Some(reason.into()),
        evidence: Vec::new(),
    }
}
