//! The order of one event: skip what was seen, advance the clock, fold, then settle what follows.
//! See `processors/lifecycle/fold.py`, `gather.py` and `heard.py`.

use crate::changes::Change;
use crate::contact::{named, set_named, Contact, DealIs, Entry, Latest, Place, Scalar, Touch, NEVER_BEFORE};
use crate::event::{Event, Value};
use crate::handoffs;
use crate::identified::{identify, IDENTIFIED};
use crate::matching::Bits;
use crate::membership::Memberships;
use crate::moves::refresh_spent;
use crate::program::Program;
use crate::ring::{key_of, Key, MOST_TIME};
use crate::settle::{advance, settle};
use crate::shown::{hold, text};
use crate::subject::Subject;
use crate::turn::{Evidence, Turn};
use crate::unsupported::{Supported, Unsupported};
use crate::words;

const STATUS: &str = "lead_status";
/// What moves history between contacts or takes it back: the reference does it.
const RARE: [&str; 6] = [
    "engagement_voided",
    "contact_erased",
    IDENTIFIED,
    "contacts_merged",
    "merge_undone",
    "history_transferred",
];

/// Applies one event to a loaded contact. Fails before anything is changed where the reference has to do it.
pub fn fold(program: &Program, contact: &mut Contact, event: &Event, out: &mut Vec<Change>) -> Supported<()> {
    if is_new(contact, event) && RARE.contains(&event.kind) {
        return Err(Unsupported(format!("{} of a contact", event.kind)));
    }
    fold_in_replay(program, contact, event, out)
}

/// The same, and an identification as well: a replay does without the record that carries the history over.
pub fn fold_in_replay(
    program: &Program,
    contact: &mut Contact,
    event: &Event,
    out: &mut Vec<Change>,
) -> Supported<()> {
    let Some(contact_id) = event.contact_id else { return Ok(()) };
    if !is_new(contact, event) {
        return Ok(());
    }
    if contact.erased || contact.forward_to.is_some() || is_rare_in_replay(event) {
        return Err(Unsupported(format!("{} of such a contact", event.kind)));
    }
    let times = [event.occurred_at, event.received_at.unwrap_or(0)];
    if !times.iter().all(|at| (0..=program.calendar.last().min(MOST_TIME)).contains(at)) {
        return Err(Unsupported("a time that no calendar here knows".to_owned()));
    }
    if contact.id.is_empty() {
        begin(program, contact, contact_id);
    }
    let key = key_of(event.source, event.event_id);
    if program.ring.has(&contact.seen, &key) {
        return Ok(());
    }
    let subject = Subject::new(event, |name| program.standard.contains(name));
    let mask = program.matcher.of(&subject, &program.folding);
    apply(program, contact, event, &key, (&subject, mask), out);
    Ok(())
}

/// Whether an event is a contact's, and behind what it has applied.
fn is_new(contact: &Contact, event: &Event) -> bool {
    event.contact_id.is_some() && event.position > contact.position
}

/// Whether even a replay leaves an event to the reference.
pub fn is_rare_in_replay(event: &Event) -> bool {
    RARE.contains(&event.kind) && event.kind != IDENTIFIED
}

/// Advances a loaded contact's clock, firing every timer due up to then, each at its own time.
pub fn tick(program: &Program, contact: &mut Contact, clock: i64, out: &mut Vec<Change>) -> Supported<()> {
    if !contact.id.is_empty() && clock > contact.clock && !contact.erased {
        if clock > program.calendar.last() {
            return Err(Unsupported("a clock that no calendar here knows".to_owned()));
        }
        advance(program, contact, clock, out);
    }
    Ok(())
}

/// Makes a contact that was never seen one that is known.
pub fn begin(program: &Program, contact: &mut Contact, contact_id: &str) {
    contact.id = contact_id.into();
    contact.places = program.plan.tracks.iter().map(|_| Place::default()).collect();
    contact.bands = vec![None; program.segments.len()];
}

fn apply(
    program: &Program,
    contact: &mut Contact,
    event: &Event,
    key: &Key,
    (subject, mask): (&Subject, Bits),
    out: &mut Vec<Change>,
) {
    let mut turn = Turn::new(program, contact.clock, Some(event), 0, out);
    let at = time_of(&mut turn, contact, event);
    turn.at = at;
    turn.settled = contact.clock;
    turn.late = at < contact.clock;
    if !turn.late {
        turn.settled = advance(program, contact, at, turn.out);
    }
    contact.position = event.position;
    turn.now = contact.clock;
    refresh_spent(&turn, contact);
    if contact.first_seen == NEVER_BEFORE || at < contact.first_seen {
        contact.first_seen = at;
        turn.dirty = program.inputs.everything();
    }
    gather(&mut turn, contact, event, key, subject, mask);
    turn.dirty |= match event.kind {
        "contact_updated" => update_profile(&turn, contact, event),
        "deal_changed" => change_deal(&turn, contact, event),
        "handoff_accepted" | "handoff_rejected" => handoffs::answer(&mut turn, contact, event),
        "stage_overridden" => hold(&mut turn, contact, event),
        IDENTIFIED => {
            identify(&mut turn, contact, event);
            0
        }
        _ => 0,
    };
    if turn.dirty != 0 && contact.forward_to.is_none() {
        settle(&mut turn, contact);
    } else if let Some(memberships) = &program.memberships {
        memberships.tell(&mut turn, contact);
    }
}

/// When it happened. What claims the future happened when it was received, and is flagged.
fn time_of(turn: &mut Turn, contact: &mut Contact, event: &Event) -> i64 {
    let at = event.occurred_at;
    let skew = turn.program.plan.limits.future_skew_ms;
    let Some(received) = event.received_at.filter(|received| at > received + skew) else { return at };
    contact.clamped += 1;
    turn.notes.push(Evidence {
        path: "limits.future_skew".into(),
        fact: "the event claims a time that was still to come when it was received".to_owned(),
        value: words::moment(at),
        threshold: words::moment(received),
        met: false,
        events: vec![event.event_id.into()],
    });
    received
}

/// Remembers an event as seen, and adds it to every accumulator of the behaviours that it is.
fn gather(turn: &mut Turn, contact: &mut Contact, event: &Event, key: &Key, subject: &Subject, mask: Bits) {
    let (program, at) = (turn.program, turn.at);
    program.ring.add(&mut contact.seen, key, at, mask);
    if mask != 0 {
        contact.last_counted = contact.last_counted.max(at);
        let entry = Entry { at, event_id: event.event_id.into() };
        turn.dirty |= count(program, contact, mask, &entry, subject);
    }
    if let Some(fields) = program.kept_fields.get(subject.name) {
        if named(&contact.last, subject.name).is_none_or(|known| known.at <= at) {
            let values = fields.iter().map(|(name, field)| (name.clone(), Scalar::kept(&subject.get(field))));
            let latest = Latest { at, event_id: event.event_id.into(), values: values.collect() };
            set_named(&mut contact.last, subject.name, latest);
            turn.dirty |= program.inputs.last();
        }
    }
    if program.memberships.is_some() {
        Memberships::note(contact, event, at);
    }
    if is_touch(event.kind) {
        turn.touched = true;
        note_touch(contact, event, at);
    }
}

/// Adds to counters, calendars and rules; what is older than a reset does not count. Returns dirty bits.
fn count(program: &Program, contact: &mut Contact, mask: Bits, entry: &Entry, subject: &Subject) -> Bits {
    let (mut left, mut dirty, position) = (mask, 0, contact.position);
    let counts = contact.counts_floor.is_none_or(|floor| entry.at >= floor.at && position > floor.position);
    while left != 0 {
        let touched = &program.touched[left.trailing_zeros() as usize];
        left &= left - 1;
        dirty |= touched.dirty;
        if counts {
            for counter in &touched.counters {
                program.counters[*counter].add(&program.calendar, contact, entry, subject);
            }
        }
        for filter in &touched.filters {
            let (score, rule) = &program.filters[*filter];
            let reset = contact.score_floors.get(*score as u32);
            if reset.is_none_or(|floor| entry.at >= floor.at && position > floor.position) {
                rule.add(&program.calendar, contact, entry, subject);
            }
        }
    }
    dirty
}

/// What a contact does itself; what sales or an administrator does is no touch.
fn is_touch(kind: &str) -> bool {
    matches!(
        kind,
        "page_view"
            | "asset_download"
            | "content_view"
            | "webinar_registered"
            | "webinar_attended"
            | "email_opened"
            | "email_clicked"
            | "form_submitted"
            | "newsletter_signup"
            | "demo_requested"
            | "demo_attended"
            | "trial_signup"
            | "product_used"
            | "meeting_scheduled"
            | "meeting_held"
            | "outreach_replied"
            | "referral_made"
            | "custom_event"
    )
}

/// Keeps the first and the last touch, by time and then by id.
fn note_touch(contact: &mut Contact, event: &Event, at: i64) {
    let when = (at, event.event_id);
    if contact.first_touch.as_ref().is_none_or(|first| when < first.when()) {
        contact.first_touch = Some(Touch::new(event, at));
    }
    if contact.last_touch.as_ref().is_none_or(|last| when > last.when()) {
        contact.last_touch = Some(Touch::new(event, at));
    }
}

/// Folds `contact_updated`: only fields that some condition reads are kept. Returns the dirty bits.
fn update_profile(turn: &Turn, contact: &mut Contact, event: &Event) -> Bits {
    let Some(Value::Map(told)) = event.field("profile") else {
        crate::unsupported::give_up("a profile that is no map")
    };
    contact.last_counted = contact.last_counted.max(turn.at);
    let find = |field: &str| told.iter().find(|(name, _)| *name == field).map(|(_, value)| value);
    for field in &turn.program.plan.profile_fields {
        if let Some(value) = find(field) {
            if named(&contact.profile, field).is_none_or(|(at, _)| *at <= turn.at) {
                set_named(&mut contact.profile, field, (turn.at, Scalar::kept(value)));
            }
        }
    }
    let Some(Value::Str(status)) = find(STATUS) else { return turn.program.inputs.profile() };
    for place in &mut contact.places {
        let statuses = turn.program.stage(place.stage).map_or(&[][..], |stage| &stage.statuses[..]);
        if let Some(known) = statuses.iter().find(|one| &***one == *status && !turn.late) {
            place.status = Some(known.clone());
        }
    }
    turn.program.inputs.profile()
}

/// Folds `deal_changed`. Returns the dirty bits.
fn change_deal(turn: &Turn, contact: &mut Contact, event: &Event) -> Bits {
    let needed =
        |name| text(event, name).unwrap_or_else(|| crate::unsupported::give_up("a deal that lacks a field"));
    let deal = needed("deal");
    if named(&contact.deals, deal).is_some_and(|known| known.at > turn.at) {
        return 0;
    }
    contact.last_counted = contact.last_counted.max(turn.at);
    let is = DealIs {
        at: turn.at,
        stage: needed("stage").into(),
        amount: event.field("amount").map_or(Scalar::Null, Scalar::kept),
        currency: text(event, "currency").map(Into::into),
    };
    set_named(&mut contact.deals, deal, is);
    turn.program.inputs.deals()
}
