//! Compiled conditions: whether they hold, and when time alone could change that.
//! See `processors/lifecycle/checks.py` and `conditions.py`.

use crate::contact::{named, Contact, DealIs, Scalar, NEVER_BEFORE, NO_STAGE};
use crate::crossings;
use crate::event::Value;
use crate::matching::{Bits, Predicate};
use crate::plan::{Name, Since, Unit, TOTAL};
use crate::program::Program;
use crate::rules::NEVER;

/// A contact at a moment, and the program it is looked at with.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub program: &'a Program,
    pub contact: &'a Contact,
    pub now: i64,
}

/// `deps` has a bit for everything it reads; `rises` and `falls` say whether time alone can change it.
pub struct Check {
    pub kind: Kind,
    pub deps: Bits,
    pub rises: bool,
    pub falls: bool,
}

/// The n-th newest event of a counter, or of its values.
pub struct Nth {
    pub counter: u32,
    pub n: usize,
    pub distinct: bool,
}

pub enum DealState {
    Open,
    Won,
    AllLost,
    Matching(Vec<(DealField, Predicate)>),
}

pub enum DealField {
    At,
    Stage,
    Amount,
    Currency,
}

pub enum Kind {
    Always,
    All(Vec<Check>),
    Any(Vec<Check>),
    Not(Box<Check>),
    AtLeast { nth: Nth, within: Option<i64>, since: Since, track: usize },
    Quiet { nth: Nth, span: i64 },
    Active { calendar: u32, unit: Unit, of: i64, enough: usize },
    Profile { field: Name, passes: Predicate },
    Last { event: Name, field: Name, passes: Predicate },
    Score { score: i32, value: i64 },
    Deal(DealState),
    Reached { stage: u32, track: usize },
    InBand { segment: usize, band: Name },
    InStageFor { track: usize, span: i64 },
    Handoff { track: usize, status: Name },
}

impl Check {
    pub fn always() -> Self {
        Self { kind: Kind::Always, deps: 0, rises: false, falls: false }
    }

    pub fn negate(self) -> Self {
        let (deps, rises, falls) = (self.deps, self.falls, self.rises);
        Self { kind: Kind::Not(Box::new(self)), deps, rises, falls }
    }

    pub fn all_of(checks: Vec<Self>) -> Self {
        Self::joined(checks, Kind::All)
    }

    pub fn any_of(checks: Vec<Self>) -> Self {
        Self::joined(checks, Kind::Any)
    }

    fn joined(checks: Vec<Self>, kind: fn(Vec<Self>) -> Kind) -> Self {
        let deps = checks.iter().fold(0, |deps, check| deps | check.deps);
        let rises = checks.iter().any(|check| check.rises);
        let falls = checks.iter().any(|check| check.falls);
        Self { kind: kind(checks), deps, rises, falls }
    }

    pub fn holds(&self, view: View) -> bool {
        let View { program, contact, now } = view;
        match &self.kind {
            Kind::Always => true,
            Kind::All(checks) => checks.iter().all(|check| check.holds(view)),
            Kind::Any(checks) => checks.iter().any(|check| check.holds(view)),
            Kind::Not(check) => !check.holds(view),
            Kind::AtLeast { nth, within, since, track } => {
                let at = nth.at(contact);
                if at == NEVER_BEFORE || within.is_some_and(|window| at <= now - window) {
                    return false;
                }
                match since {
                    Since::Ever => true,
                    Since::StageEntry => at > contact.places[*track].since,
                    Since::Recycled => at > contact.places[*track].cycle_since,
                }
            }
            Kind::Quiet { nth, span } => quiet_since(nth, contact) <= now - span,
            Kind::Active { calendar, unit, of, enough } => {
                let Some(seen) = contact.periods.get(*calendar) else { return false };
                if seen.len() < *enough {
                    return false;
                }
                let oldest = program.calendar.period(*unit, now) - of;
                seen.iter().filter(|(period, _)| *period > oldest).count() >= *enough
            }
            Kind::Profile { field, passes } => {
                let known = named(&contact.profile, field).map_or(Value::Null, |(_, value)| value.as_value());
                passes.passes(&known, &program.folding)
            }
            Kind::Last { event, field, passes } => {
                let latest = named(&contact.last, event);
                let value = latest.and_then(|latest| named(&latest.values, field));
                passes.passes(&value.map_or(Value::Null, Scalar::as_value), &program.folding)
            }
            Kind::Score { score, value } => program.board.score(view, *score) >= *value,
            Kind::Deal(state) => state.holds(view),
            Kind::Reached { stage, track } => contact.places[*track].entries.get(*stage).is_some(),
            Kind::InBand { segment, band } => program.segments[*segment].at(view).as_deref() == Some(&**band),
            Kind::InStageFor { track, span } => {
                let place = &contact.places[*track];
                place.stage != NO_STAGE && place.since <= now - span
            }
            Kind::Handoff { track, status } => {
                contact.places[*track].handoff.as_ref().is_some_and(|handoff| handoff.status == *status)
            }
        }
    }

    /// Earliest time at which it may become true (`rising`, asked while it is false) or false. `None`: never.
    pub fn ahead(&self, view: View, rising: bool) -> Option<i64> {
        let can = if rising { self.rises } else { self.falls };
        can.then(|| self.change(view, rising))
    }

    fn change(&self, view: View, rising: bool) -> i64 {
        let View { program, contact, .. } = view;
        match &self.kind {
            Kind::All(checks) if rising => last_of(checks, view, rising),
            Kind::Any(checks) if !rising => last_of(checks, view, rising),
            Kind::All(checks) | Kind::Any(checks) => {
                checks.iter().filter_map(|check| check.ahead(view, rising)).min().unwrap_or(NEVER)
            }
            Kind::Not(check) => check.change(view, !rising),
            Kind::AtLeast { nth, within, .. } => nth.at(contact) + within.unwrap_or(NEVER),
            Kind::Quiet { nth, span } => quiet_since(nth, contact) + span,
            Kind::Active { calendar, unit, of, enough } => {
                let seen = contact.periods.get(*calendar).map_or(&[][..], |seen| &seen[..]);
                let needed = seen.len().checked_sub(*enough).map(|first| seen[first].0);
                needed.map_or(NEVER, |needed| program.calendar.start_of(*unit, needed + of))
            }
            Kind::Score { score, value } if rising => crossings::rises_to(view, *score, *value),
            Kind::Score { score, value } => crossings::falls_below(view, *score, *value),
            Kind::InBand { segment, .. } => program.segments[*segment].change(view),
            Kind::InStageFor { track, span } => {
                let place = &contact.places[*track];
                if place.stage == NO_STAGE {
                    NEVER
                } else {
                    place.since + span
                }
            }
            _ => NEVER,
        }
    }
}

/// Waits for all of those on the wrong side: not before the last that may change.
fn last_of(checks: &[Check], view: View, rising: bool) -> i64 {
    let wrong = checks.iter().filter(|check| check.holds(view) != rising);
    wrong.map(|check| check.ahead(view, rising).unwrap_or(NEVER)).fold(view.now + 1, i64::max)
}

impl Nth {
    fn at(&self, contact: &Contact) -> i64 {
        if !self.distinct {
            let series = contact.newest.get(self.counter).map_or(&[][..], |series| &series[..]);
            return if series.len() >= self.n { series[series.len() - self.n].at } else { NEVER_BEFORE };
        }
        let Some(values) = contact.distinct.get(self.counter) else { return NEVER_BEFORE };
        if values.len() < self.n {
            return NEVER_BEFORE;
        }
        let times = values.iter().map(|(_, seen)| seen.entry.at);
        if self.n == 1 {
            return times.max().unwrap_or(NEVER_BEFORE);
        }
        let mut times: Vec<i64> = times.collect();
        times.sort_unstable();
        times[times.len() - self.n]
    }
}

/// Newest event; never before the contact was first seen, or its counts were reset.
fn quiet_since(nth: &Nth, contact: &Contact) -> i64 {
    let floor = contact.counts_floor.map_or(NEVER_BEFORE, |floor| floor.at);
    nth.at(contact).max(contact.first_seen).max(floor)
}

pub fn is_open(deal: &DealIs) -> bool {
    !matches!(&*deal.stage, "closed_won" | "closed_lost")
}

impl DealState {
    fn holds(&self, view: View) -> bool {
        let mut deals = view.contact.deals.iter().map(|(_, deal)| deal);
        match self {
            Self::Open => deals.any(is_open),
            Self::Won => deals.any(|deal| &*deal.stage == "closed_won"),
            Self::AllLost => deals.len() > 0 && deals.all(|deal| &*deal.stage == "closed_lost"),
            Self::Matching(tests) => deals.any(|deal| {
                let folding = &view.program.folding;
                is_open(deal) && tests.iter().all(|(field, test)| test.passes(&field.of(deal), folding))
            }),
        }
    }
}

impl DealField {
    fn of<'a>(&self, deal: &'a DealIs) -> Value<'a> {
        match self {
            Self::At => Value::Int(deal.at),
            Self::Stage => Value::Str(&deal.stage),
            Self::Amount => deal.amount.as_value(),
            Self::Currency => deal.currency.as_deref().map_or(Value::Null, Value::Str),
        }
    }
}

/// A condition as it is told: its parts, or a leaf of the plan, and its check.
pub struct Condition {
    pub path: Name,
    pub parts: Parts,
    pub check: Check,
}

pub enum Parts {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Leaf(crate::plan::Condition),
}

/// Name of a score.
pub fn score_name(program: &Program, score: i32) -> &str {
    if score == TOTAL {
        "total"
    } else {
        &program.plan.scores[score as usize].id
    }
}
