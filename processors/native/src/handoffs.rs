//! Hand-offs: offered on entering a stage, answered, reminded of, escalated, expired, withdrawn.

use crate::changes::{handoff_changed, Said};
use crate::contact::{Contact, Handoff};
use crate::event::Event;
use crate::matching::Bits;
use crate::outputs::hex;
use crate::plan::{self, Name};
use crate::program::Program;
use crate::shown::text;
use crate::turn::{Shift, Turn};
use crate::unsupported::give_up;
use sha2::{Digest, Sha256};

/// Withdraws what the contact has moved away from, prepares what the new stage asks for.
pub fn follow(turn: &mut Turn, contact: &mut Contact, shift: &Shift) {
    let (program, track) = (turn.program, shift.track);
    let Some(last) = shift.hops.last() else { return };
    let sent = |handoff: &Handoff| (&*handoff.status == "open").then_some(handoff.sent);
    match contact.places[track].handoff.as_ref().and_then(sent) {
        Some(true) => {
            let shown = program.stage_id(contact.places[track].shown).map_or("no stage", |id| id);
            let reason = format!("moved on to {shown}");
            withdraw(turn, contact, track, &reason, &last.criterion);
        }
        Some(false) => contact.places[track].handoff = None,
        None => {}
    }
    let place = &contact.places[track];
    let rule = program.stage(place.shown).and_then(|stage| stage.handoff.as_ref());
    let answered = place.handoff.as_ref().is_some_and(|handoff| handoff.stage == place.shown);
    if rule.is_some() && !answered {
        let handoff = prepared(id(program, contact, track), place.shown, place.cycle, turn.now);
        contact.places[track].handoff = Some(handoff);
        turn.offered_for.clone_from(&last.evidence);
    }
}

/// Sends a hand-off that is prepared; one of a contact not yet identified waits.
pub fn offer(turn: &mut Turn, contact: &mut Contact, track: usize) {
    let (program, now, anonymous) = (turn.program, turn.now, contact.anonymous());
    let Some(handoff) = &mut contact.places[track].handoff else { return };
    if handoff.sent || &*handoff.status != "open" || anonymous {
        return;
    }
    let rule = rule_of(program, handoff.stage);
    handoff.sent = true;
    handoff.offered_at = now;
    handoff.accept_by = deadline(program, rule, now, rule.accept_within_ms);
    plan_next_step(program, handoff);
    tell(turn, contact, track, "offered", (rule.path.clone(), None, None));
}

/// Does the reminders and breaches that are due.
pub fn fire(turn: &mut Turn, contact: &mut Contact, track: usize) {
    let program = turn.program;
    loop {
        let Some(handoff) = &mut contact.places[track].handoff else { return };
        if handoff.step_due.is_none_or(|due| due > turn.now) {
            return;
        }
        let steps = steps(rule_of(program, handoff.stage));
        let Some((_, action, path)) = steps.get(handoff.steps) else {
            give_up("a hand-off is past its last step")
        };
        handoff.steps += 1;
        plan_next_step(program, handoff);
        if *action == "expired" {
            close(handoff, "expired");
            turn.dirty |= program.inputs.handoff();
        }
        tell(turn, contact, track, action, (path.clone(), None, None));
    }
}

/// Folds `handoff_accepted` and `handoff_rejected`. Returns the dirty bits.
pub fn answer(turn: &mut Turn, contact: &mut Contact, event: &Event) -> Bits {
    let status = if event.kind == "handoff_accepted" { "accepted" } else { "rejected" };
    let id = text(event, "handoff").filter(|id| !id.is_empty());
    let asked = |handoff: &Handoff| match id {
        Some(id) => &*handoff.id == id,
        None => &*handoff.status == "open",
    };
    let sent = |handoff: &&Handoff| handoff.sent;
    let track =
        contact.places.iter().position(|place| place.handoff.as_ref().filter(sent).is_some_and(asked));
    let Some(track) = track else {
        let of_that_id = if id.is_some() { " of that id" } else { "" };
        turn.refuse(contact, format!("no hand-off{of_that_id} is open"));
        return 0;
    };
    let Some(handoff) = &mut contact.places[track].handoff else { return 0 };
    if &*handoff.status != "open" {
        let reason = format!("the hand-off is {} already", handoff.status);
        turn.refuse(contact, reason);
        return 0;
    }
    close(handoff, status);
    let path = rule_of(turn.program, handoff.stage).path.clone();
    let said = (path, text(event, "reason").map(Name::from), text(event, "actor").map(Name::from));
    tell(turn, contact, track, status, said);
    turn.program.inputs.handoff()
}

/// Takes back a hand-off that was sent.
pub fn withdraw(turn: &mut Turn, contact: &mut Contact, track: usize, reason: &str, criterion: &Name) {
    if let Some(handoff) = contact.places[track].handoff.as_mut().filter(|handoff| handoff.sent) {
        close(handoff, "withdrawn");
        tell(turn, contact, track, "withdrawn", (criterion.clone(), Some(reason.into()), None));
        turn.dirty |= turn.program.inputs.handoff();
    }
}

/// Keeps a hand-off that was sent under other criteria: its deadline stands, reminders follow these.
pub fn take_over(program: &Program, sent: &mut Handoff, now: i64) {
    let rule = rule_of(program, sent.stage);
    let dues =
        steps(rule).into_iter().map(|(after, ..)| deadline(program, rule, sent.offered_at, Some(after)));
    sent.steps = dues.filter(|due| due.is_some_and(|due| due <= now)).count();
    if &*sent.status == "open" {
        plan_next_step(program, sent);
    }
}

/// Makes a hand-off one that was never sent, under an id that none had before it.
pub fn prepare_anew(turn: &Turn, contact: &mut Contact, track: usize) {
    let place = &contact.places[track];
    let Some(handoff) = &place.handoff else { return };
    let stage = turn.program.stage_id(handoff.stage).map_or("", |id| id);
    let said = format!("{}\n{}", contact.stage_changes, contact.handoff_changes);
    let id = hash(&format!("{}\n{stage}\n{}\n{said}", contact.id, place.cycle));
    contact.places[track].handoff = Some(prepared(id, handoff.stage, place.cycle, turn.now));
}

fn prepared(id: Name, stage: i32, cycle: i64, now: i64) -> Handoff {
    Handoff {
        id,
        stage,
        cycle,
        offered_at: now,
        accept_by: None,
        status: "open".into(),
        sent: false,
        steps: 0,
        step_due: None,
    }
}

fn tell(turn: &mut Turn, contact: &mut Contact, track: usize, action: &str, said: Said) {
    let change = handoff_changed(turn, contact, track, action, said);
    turn.out.push(change);
}

fn close(handoff: &mut Handoff, status: &str) {
    handoff.status = status.into();
    handoff.step_due = None;
}

fn rule_of(program: &Program, stage: i32) -> &plan::Handoff {
    let rule = program.stage(stage).and_then(|stage| stage.handoff.as_ref());
    rule.unwrap_or_else(|| give_up("a hand-off of a stage that offers none"))
}

fn deadline(program: &Program, rule: &plan::Handoff, start: i64, after: Option<i64>) -> Option<i64> {
    let after = after?;
    if rule.clock == "wall" {
        return Some(start + after);
    }
    Some(program.calendar.add_business_time(&program.plan.business_hours, start, after))
}

/// Reminder and breaches in the order they fall due: after, action, path in the file.
fn steps(rule: &plan::Handoff) -> Vec<(i64, &'static str, Name)> {
    let reminder = rule.remind_ms.map(|after| (after, "reminded", format!("{}.remind", rule.path).into()));
    let breaches = rule.on_breach.iter().enumerate().map(|(index, breach)| {
        let action = match &*breach.action {
            "escalate" => "escalated",
            "reassign" => "reassigned",
            "alert" => "alerted",
            "expire" => "expired",
            _ => give_up("a breach with an unknown action"),
        };
        (breach.after_ms, action, format!("{}.on_breach[{index}]", rule.path).into())
    });
    let mut steps: Vec<_> = reminder.into_iter().chain(breaches).collect();
    steps.sort_by_key(|(after, ..)| *after);
    steps
}

fn plan_next_step(program: &Program, handoff: &mut Handoff) {
    let rule = rule_of(program, handoff.stage);
    let after = steps(rule).get(handoff.steps).map(|(after, ..)| *after);
    handoff.step_due = deadline(program, rule, handoff.offered_at, after);
}

/// 24 hex digits: hash of contact, stage, cycle and which move of the contact it was.
fn id(program: &Program, contact: &Contact, track: usize) -> Name {
    let place = &contact.places[track];
    let stage = program.stage_id(place.shown).map_or("", |id| id);
    hash(&format!("{}\n{stage}\n{}\n{}", contact.id, place.cycle, contact.stage_changes))
}

fn hash(entry: &str) -> Name {
    hex(&Sha256::digest(entry.as_bytes())[..12]).into()
}
