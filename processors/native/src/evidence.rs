//! What made a condition true (or keeps it false), see `processors/lifecycle/evidence.py`.

use crate::check::{score_name, Condition, Parts, View};
use crate::contact::{named, Scalar, NEVER_BEFORE, NO_STAGE};
use crate::counts::entries_of;
use crate::plan::{self, Name, Since};
use crate::turn::Evidence;
use crate::unsupported::give_up;
use crate::words;

/// Evidence for every leaf that matters.
pub fn tell(view: View, track: usize, condition: &Condition, told: &mut Vec<Evidence>) {
    match &condition.parts {
        Parts::All(parts) => {
            for part in parts {
                tell(view, track, part, told);
            }
        }
        Parts::Any(parts) => {
            let holding: Vec<_> = parts.iter().filter(|part| part.check.holds(view)).collect();
            let all = holding.is_empty();
            let parts = if all { parts.iter().collect() } else { holding };
            for part in parts {
                tell(view, track, part, told);
            }
        }
        Parts::Not(part) => {
            let start = told.len();
            tell(view, track, part, told);
            for one in &mut told[start..] {
                one.fact = format!("not: {}", one.fact);
                one.met = !one.met;
            }
        }
        Parts::Leaf(leaf) => told.push(evidence(leaf, fact(view, track, leaf), condition.check.holds(view))),
    }
}

/// Why a segment is in a band.
pub fn tell_band(view: View, segment: usize, band: Option<&Name>) -> Vec<Evidence> {
    let shape = &view.program.plan.segments[segment];
    let place = shape.bands.iter().position(|one| Some(&one.id) == band);
    let mut told = Vec::new();
    if let Some(when) = place.and_then(|place| view.program.segments[segment].when(place)) {
        tell(view, 0, when, &mut told);
        return told;
    }
    let Some(score) = shape.of else { return told };
    let lowest = shape.bands.iter().filter_map(|one| one.gte).min().unwrap_or(0);
    let floor = place.and_then(|place| shape.bands[place].gte);
    let (op, value) = floor.map_or(("lt", lowest), |gte| ("gte", gte));
    let path = place
        .map_or_else(|| format!("segments.{}", shape.id).into(), |place| shape.bands[place].path.clone());
    let leaf = plan::Condition::ScoreTest { score, op: op.to_owned(), value, path };
    let fact = fact(view, 0, &leaf);
    let at_least = view.program.board.score(view, score) >= value;
    told.push(evidence(&leaf, fact, at_least == (op == "gte")));
    told
}

type Fact = (String, String, String, Vec<Name>); // the condition in words, observed, asked for, event ids

fn evidence(leaf: &plan::Condition, (fact, value, threshold, events): Fact, met: bool) -> Evidence {
    Evidence { path: leaf.path().clone(), fact, value, threshold, met, events }
}

/// Events that a counter holds, newer than `after`, oldest first.
fn entries(view: View, counter: u32, after: i64) -> Vec<(i64, Name)> {
    let contact = view.contact;
    let mut kept: Vec<(i64, Name)> = if view.program.plan.counters[counter as usize].distinct.is_none() {
        let series = contact.newest.get(counter).map_or(&[][..], |series| &series[..]);
        series.iter().map(|entry| (entry.at, entry.event_id.clone())).collect()
    } else {
        contact.distinct.get(counter).map(entries_of).unwrap_or_default()
    };
    kept.retain(|(at, _)| *at > after);
    kept
}

fn behaviour(view: View<'_>, counter: u32) -> &Name {
    let plan = &view.program.plan;
    &plan.behaviours[plan.counters[counter as usize].behaviour].id
}

fn ids(entries: Vec<(i64, Name)>) -> Vec<Name> {
    entries.into_iter().map(|(_, id)| id).collect()
}

fn fact(view: View, track: usize, leaf: &plan::Condition) -> Fact {
    use plan::Condition as C;
    let View { program, contact, now } = view;
    match leaf {
        C::Did { counter, op, n, within_ms, since, .. } => {
            did(view, track, (*counter, op, *n), *within_ms, *since)
        }
        C::DidNot { counter, for_ms, .. } => {
            let mut entries = entries(view, *counter, NEVER_BEFORE);
            let newest = entries.split_off(entries.len().saturating_sub(1));
            let observed = newest
                .first()
                .map_or_else(|| "never".to_owned(), |(at, _)| format!("last {}", words::moment(*at)));
            let span = words::duration(*for_ms);
            (format!("no {} for {span}", behaviour(view, *counter)), observed, span, ids(newest))
        }
        C::Active { calendar, periods, of, .. } => {
            let shape = &program.plan.calendars[*calendar as usize];
            let newest = program.calendar.period(shape.unit, now);
            let seen = contact.periods.get(*calendar).map_or(&[][..], |seen| &seen[..]);
            let active = seen.iter().filter(|(period, _)| *period > newest - of).count();
            let what = &program.plan.behaviours[shape.behaviour].id;
            let unit = if shape.unit == plan::Unit::Week { "calendar week" } else { "calendar day" };
            let span = words::plural(*of, unit);
            let fact = format!("{what} in at least {periods} of the last {span}");
            (fact, active.to_string(), periods.to_string(), Vec::new())
        }
        C::ProfileTest { test, .. } => {
            let known = named(&contact.profile, &test.field).map_or(&Scalar::Null, |(_, value)| value);
            (words::test(test), words::scalar(known), words::wanted(&test.value), Vec::new())
        }
        C::LastTest { event, test, .. } => {
            let latest = named(&contact.last, event);
            let value = latest.and_then(|latest| named(&latest.values, &test.field));
            let fact = format!("of the last {event}, {}", words::test(test));
            let ids = latest.map(|latest| latest.event_id.clone()).into_iter().collect();
            (fact, words::scalar(value.unwrap_or(&Scalar::Null)), words::wanted(&test.value), ids)
        }
        C::ScoreTest { score, op, value, .. } => {
            let sign = match &**op {
                "eq" => "=",
                "ne" => "≠",
                "gte" => "≥",
                "gt" => ">",
                "lte" => "≤",
                "lt" => "<",
                _ => give_up("a comparison without a sign"),
            };
            let threshold = words::points(*value);
            let fact = format!("score {} {sign} {threshold}", score_name(program, *score));
            (fact, words::points(program.board.score(view, *score)), threshold, Vec::new())
        }
        C::Deal { is_, tests, .. } => {
            let deals: Vec<_> = contact.deals.iter().map(|(name, one)| words::deal(name, one)).collect();
            let tests = tests.iter().map(words::test).collect::<Vec<_>>().join(" and ");
            let fact = match &**is_ {
                "open" => "a deal is open".to_owned(),
                "won" => "a deal is won".to_owned(),
                "all_lost" => "every deal is lost".to_owned(),
                _ => format!("a deal is open whose {tests}"),
            };
            let observed = if deals.is_empty() { "no deal".to_owned() } else { deals.join("; ") };
            (fact, observed, if tests.is_empty() { is_.replace('_', " ") } else { tests }, Vec::new())
        }
        C::Reached { stage, .. } => {
            let shape = &program.plan.stages[*stage];
            let entered = contact.places[shape.track].entries.get(*stage as u32);
            let observed = entered
                .map_or_else(|| "never".to_owned(), |(first, _)| format!("first {}", words::moment(*first)));
            (format!("has been {}", shape.id), observed, shape.id.to_string(), Vec::new())
        }
        C::InBand { segment, band, .. } => {
            let observed = program.segments[*segment].at(view);
            let observed =
                observed.filter(|band| !band.is_empty()).map_or("no band".into(), |band| band.to_string());
            let fact = format!("{} is {band}", program.plan.segments[*segment].id);
            (fact, observed, band.to_string(), Vec::new())
        }
        C::InStageFor { ms, .. } => {
            let place = &contact.places[track];
            let observed = if place.stage == NO_STAGE {
                "no stage".to_owned()
            } else {
                format!("since {}", words::moment(place.since))
            };
            let span = words::duration(*ms);
            (format!("in this stage for {span}"), observed, span, Vec::new())
        }
        C::HandoffIs { status, .. } => {
            let handoff = contact.places[track].handoff.as_ref();
            let observed = handoff.map_or("no hand-off", |handoff| &handoff.status);
            (format!("hand-off {status}"), observed.to_owned(), status.to_string(), Vec::new())
        }
        C::All { .. } | C::AnyOf { .. } | C::Not { .. } => give_up("a condition with parts is no fact"),
    }
}

fn did(
    view: View,
    track: usize,
    (counter, op, n): (u32, &str, i64),
    within: Option<i64>,
    since: Since,
) -> Fact {
    let place = &view.contact.places[track];
    let after = within.map_or(NEVER_BEFORE, |within| view.now - within);
    let (from, since_words) = match since {
        Since::Ever => (NEVER_BEFORE, ""),
        Since::StageEntry => (place.since, " since stage entry"),
        Since::Recycled => (place.cycle_since, " since recycled"),
    };
    let entries = entries(view, counter, after.max(from));
    let shape = &view.program.plan.counters[counter as usize];
    let unit = match &shape.distinct {
        None if n == 1 => "time".to_owned(),
        None => "times".to_owned(),
        Some(field) => format!("different {field}"),
    };
    let mut fact = format!("{} {} {n} {unit}", behaviour(view, counter), op.replace('_', " "));
    if let Some(within) = within {
        fact.push_str(" within ");
        fact.push_str(&words::duration(within));
    }
    fact.push_str(since_words);
    let more = if entries.len() == shape.keep { " or more" } else { "" };
    (fact, format!("{}{more}", entries.len()), n.to_string(), ids(entries))
}
