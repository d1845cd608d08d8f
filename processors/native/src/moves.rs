//! Moves along a ladder: leave rules in file order, then enter rules from the top, until nothing moves.
//! See `processors/lifecycle/moves.py` and `arrivals.py`.

use crate::contact::{Contact, Floor, Place, NO_STAGE};
use crate::evidence::tell;
use crate::plan::Leave;
use crate::program::{Exit, Program};
use crate::turn::{Evidence, Hop, Turn};
use crate::words;

/// Moves to a fixpoint, at most as many hops as there are stages.
pub fn move_to_fixpoint(turn: &mut Turn, contact: &mut Contact, track: usize) -> Vec<Hop> {
    let mut hops = Vec::new();
    while hops.len() < turn.program.plan.stages.len() {
        let before = hops.len();
        hops.extend(leave(turn, contact, track));
        hops.extend(enter(turn, contact, track));
        if hops.len() == before {
            break;
        }
    }
    hops
}

/// Forgets what was spent and has been false since: it counts again once it becomes true.
pub fn refresh_spent(turn: &Turn, contact: &mut Contact) {
    for track in 0..contact.places.len() {
        for unit in contact.places[track].spent.clone() {
            if !turn.program.alternatives[unit].condition.check.holds(turn.view(contact)) {
                contact.places[track].unspend(unit);
            }
        }
    }
}

fn leave(turn: &mut Turn, contact: &mut Contact, track: usize) -> Option<Hop> {
    let (program, stage) = (turn.program, contact.places[track].stage);
    if stage == NO_STAGE {
        return None;
    }
    let way = program.exits[stage as usize].iter().find(|way| opens(turn, contact, way, track))?;
    let told = leave_evidence(turn, contact, way, track);
    go_back(turn, contact, track, way.rule.goto, Some(&way.rule));
    Some(Hop {
        path: vec![way.rule.goto],
        criterion: way.rule.path.clone(),
        reason: way.rule.reason.clone(),
        evidence: told,
    })
}

fn opens(turn: &Turn, contact: &Contact, way: &Exit, track: usize) -> bool {
    let after = way.rule.after_ms;
    if after.is_some_and(|after| turn.now < contact.places[track].since + after) {
        return false;
    }
    match &way.when {
        None => after.is_some(),
        Some(when) => when.check.deps & turn.dirty != 0 && when.check.holds(turn.view(contact)),
    }
}

fn leave_evidence(turn: &Turn, contact: &Contact, way: &Exit, track: usize) -> Vec<Evidence> {
    let mut told = Vec::new();
    if let Some(after) = way.rule.after_ms {
        let span = words::duration(after);
        told.push(Evidence {
            path: way.rule.path.clone(),
            fact: format!("in this stage for {span}"),
            value: format!("since {}", words::moment(contact.places[track].since)),
            threshold: span,
            met: true,
            events: Vec::new(),
        });
    }
    if let Some(when) = &way.when {
        tell(turn.view(contact), track, when, &mut told);
    }
    told
}

fn enter(turn: &mut Turn, contact: &mut Contact, track: usize) -> Option<Hop> {
    let program = turn.program;
    let rank = program.rank_of(contact.places[track].stage);
    for unit in &program.climbs[track] {
        let way = &program.alternatives[*unit];
        if way.rank <= rank {
            break;
        }
        if way.condition.check.deps & turn.dirty != 0 {
            if !way.condition.check.holds(turn.view(contact)) {
                contact.places[track].unspend(*unit);
            } else if !contact.places[track].is_spent(*unit) {
                return Some(climb(turn, contact, track, *unit));
            }
        }
    }
    None
}

/// Enters a stage and every one passed on the way that this cycle has not been to.
fn climb(turn: &mut Turn, contact: &mut Contact, track: usize, unit: usize) -> Hop {
    let program = turn.program;
    let way = &program.alternatives[unit];
    let mut told = Vec::new();
    tell(turn.view(contact), track, &way.condition, &mut told);
    let origin = contact.places[track].stage;
    let mut passed = program.rank_of(origin);
    if program.stage(origin).is_some_and(|stage| stage.detour) {
        passed = contact.places[track].furthest.min(way.rank - 1);
    }
    let between = |stage: &&i32| {
        let rank = program.rank_of(**stage);
        passed < rank && rank <= way.rank
    };
    let path: Vec<i32> = program.plan.tracks[track].stages.iter().filter(between).copied().collect();
    for stage in &path {
        arrive(turn, contact, track, *stage);
    }
    contact.places[track].came_from = origin;
    Hop { path, criterion: way.condition.path.clone(), reason: None, evidence: told }
}

/// Enters a stage. A hand-off answered for an earlier entry is not this one's.
fn arrive(turn: &mut Turn, contact: &mut Contact, track: usize, stage: i32) {
    be_at(turn, contact, track, stage);
    let Some(shape) = turn.program.stage(stage) else { return };
    let place = &mut contact.places[track];
    place.furthest = place.furthest.max(shape.rank);
    remember_entry(place, stage, turn.now);
    place.status = shape.statuses.first().cloned();
    if shape.handoff.is_some() {
        place.drop_answered();
    }
}

/// Notes the latest entry of a stage, and the first one.
pub fn remember_entry(place: &mut Place, stage: i32, now: i64) {
    let first = place.entries.get(stage as u32).map_or(now, |(first, _)| *first);
    place.entries.insert(stage as u32, (first, now));
}

/// Moves back or aside (`to` may be no stage): resets, perhaps recycles, marks what is spent.
fn go_back(turn: &mut Turn, contact: &mut Contact, track: usize, to: i32, rule: Option<&Leave>) {
    let program = turn.program;
    let rank = program.rank_of(to);
    if let Some(rule) = rule {
        reset(program, contact, turn.now, rule);
        if rule.reset_counts || !rule.reset_scores.is_empty() {
            let place = &mut contact.places[track];
            place.cycle += 1;
            place.cycle_since = turn.now;
            place.furthest = -1;
            place.drop_answered();
        }
    }
    if to == NO_STAGE {
        be_at(turn, contact, track, to);
        contact.places[track].status = None;
    } else {
        arrive(turn, contact, track, to);
    }
    for unit in &program.climbs[track] {
        let way = &program.alternatives[*unit];
        if way.rank > rank && way.condition.check.holds(turn.view(contact)) {
            contact.places[track].spend(*unit);
        }
    }
}

fn be_at(turn: &mut Turn, contact: &mut Contact, track: usize, stage: i32) {
    let place = &mut contact.places[track];
    place.came_from = place.stage;
    place.stage = stage;
    place.since = turn.now;
    place.entered_by = turn.event.map_or("", |event| event.event_id).into();
    place.in_doubt = false;
    turn.dirty = turn.program.inputs.everything();
    contact.forget_reading();
    contact.forget_fit();
}

fn reset(program: &Program, contact: &mut Contact, now: i64, rule: &Leave) {
    let floor = Floor { at: now, position: contact.position };
    if rule.reset_counts {
        contact.counts_floor = Some(floor);
        for counter in &program.counters {
            counter.clear(contact);
        }
    }
    for score in &rule.reset_scores {
        contact.score_floors.insert(*score, floor);
    }
    for (score, filter) in &program.filters {
        if rule.reset_scores.contains(&(*score as u32)) {
            filter.clear(contact);
        }
    }
}
