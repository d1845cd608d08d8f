//! Conditions of the plan compiled for one track: the meaning of every kind of condition, in one place each.

use crate::check::{Check, Condition, DealField, DealState, Kind, Nth, Parts};
use crate::matching::{Bits, CaseFolding, Predicate};
use crate::plan::{self, Name, Plan, Since, Test};
use crate::scores::Card;
use crate::segments::Bands;
use crate::unsupported::{Supported, Unsupported};

/// One bit for everything that a condition can read.
pub struct Inputs {
    counters: usize,
    calendars: usize,
    first: usize,
}

impl Inputs {
    pub fn new(plan: &Plan) -> Supported<Self> {
        let (counters, calendars) = (plan.counters.len(), plan.calendars.len());
        let first = counters + calendars + plan.scores.len();
        if first + 5 > 120 || plan.behaviours.len() > 120 {
            return Err(Unsupported("the plan has more than 120 inputs or behaviours".to_owned()));
        }
        Ok(Self { counters, calendars, first })
    }

    pub fn counter(&self, index: usize) -> Bits {
        debug_assert!(index < self.counters);
        1 << index
    }

    pub fn calendar(&self, index: usize) -> Bits {
        1 << (self.counters + index)
    }

    pub fn score(&self, index: usize) -> Bits {
        1 << (self.counters + self.calendars + index)
    }

    pub fn profile(&self) -> Bits {
        1 << self.first
    }

    pub fn deals(&self) -> Bits {
        1 << (self.first + 1)
    }

    pub fn last(&self) -> Bits {
        1 << (self.first + 2)
    }

    pub fn stage(&self) -> Bits {
        1 << (self.first + 3)
    }

    pub fn handoff(&self) -> Bits {
        1 << (self.first + 4)
    }

    pub fn everything(&self) -> Bits {
        (1 << (self.first + 5)) - 1
    }
}

/// Compiles conditions; `cards` and `segments` are those that are known so far.
pub struct Compiler<'a> {
    pub plan: &'a Plan,
    pub inputs: &'a Inputs,
    pub folding: &'a CaseFolding,
    pub cards: &'a [Card],
    pub segments: &'a [Bands],
    pub track: usize,
}

impl Compiler<'_> {
    pub fn condition(&self, condition: &plan::Condition) -> Supported<Condition> {
        let parts = match condition {
            plan::Condition::All { of, .. } => Parts::All(self.conditions(of)?),
            plan::Condition::AnyOf { of, .. } => Parts::Any(self.conditions(of)?),
            plan::Condition::Not { of, .. } => Parts::Not(Box::new(self.condition(of)?)),
            leaf => Parts::Leaf(leaf.clone()),
        };
        Ok(Condition { path: condition.path().clone(), parts, check: self.check(condition)? })
    }

    fn conditions(&self, of: &[plan::Condition]) -> Supported<Vec<Condition>> {
        of.iter().map(|one| self.condition(one)).collect()
    }

    fn checks(&self, of: &[plan::Condition]) -> Supported<Vec<Check>> {
        of.iter().map(|one| self.check(one)).collect()
    }

    pub fn check(&self, condition: &plan::Condition) -> Supported<Check> {
        use plan::Condition as C;
        let still = |kind, deps| Ok(Check { kind, deps, rises: false, falls: false });
        match condition {
            C::All { of, .. } => Ok(Check::all_of(self.checks(of)?)),
            C::AnyOf { of, .. } => Ok(Check::any_of(self.checks(of)?)),
            C::Not { of, .. } => Ok(self.check(of)?.negate()),
            C::Did { counter, op, n, within_ms, since, .. } => {
                if op == "at_most" {
                    return Ok(self.at_least(*counter, n + 1, *within_ms, *since)?.negate());
                }
                self.at_least(*counter, *n, *within_ms, *since)
            }
            C::DidNot { counter, for_ms, .. } => Ok(Check {
                kind: Kind::Quiet { nth: self.nth(*counter, 1)?, span: *for_ms },
                deps: self.inputs.counter(*counter as usize),
                rises: true,
                falls: false,
            }),
            C::Active { calendar, periods, of, .. } => {
                let shape = self.plan.calendars.get(*calendar as usize).ok_or_else(|| odd("calendar"))?;
                let (unit, calendar) = (shape.unit, *calendar);
                let deps = self.inputs.calendar(calendar as usize);
                if *periods == 0 {
                    return Err(odd("number of periods"));
                }
                let kind = Kind::Active { calendar, unit, of: *of, enough: *periods };
                Ok(Check { kind, deps, rises: false, falls: true })
            }
            C::ProfileTest { test, .. } => {
                let (field, passes) = (test.field.clone(), self.predicate(test)?);
                still(Kind::Profile { field, passes }, self.inputs.profile())
            }
            C::LastTest { event, test, .. } => {
                let (event, field, passes) = (event.clone(), test.field.clone(), self.predicate(test)?);
                still(Kind::Last { event, field, passes }, self.inputs.last())
            }
            C::ScoreTest { score, op, value, .. } => self.score(*score, op, *value),
            C::Deal { is_, tests, .. } => still(Kind::Deal(self.deal(is_, tests)?), self.inputs.deals()),
            C::Reached { stage, .. } => {
                let track = self.plan.stages.get(*stage).ok_or_else(|| odd("stage"))?.track;
                still(Kind::Reached { stage: *stage as u32, track }, self.inputs.stage())
            }
            C::InBand { segment, band, .. } => {
                let bands = self.segments.get(*segment).ok_or_else(|| odd("segment"))?;
                let kind = Kind::InBand { segment: *segment, band: band.clone() };
                Ok(Check { kind, deps: bands.deps, rises: bands.changes, falls: bands.changes })
            }
            C::InStageFor { ms, .. } => {
                let kind = Kind::InStageFor { track: self.track, span: *ms };
                Ok(Check { kind, deps: self.inputs.stage(), rises: true, falls: false })
            }
            C::HandoffIs { status, .. } => {
                let kind = Kind::Handoff { track: self.track, status: status.clone() };
                still(kind, self.inputs.handoff())
            }
        }
    }

    fn at_least(&self, counter: u32, n: i64, within: Option<i64>, since: Since) -> Supported<Check> {
        if n <= 0 {
            return Ok(Check::always());
        }
        let nth = self.nth(counter, n as usize)?;
        let stage = if since == Since::Ever { 0 } else { self.inputs.stage() };
        Ok(Check {
            kind: Kind::AtLeast { nth, within, since, track: self.track },
            deps: self.inputs.counter(counter as usize) | stage,
            rises: false,
            falls: within.is_some(),
        })
    }

    fn nth(&self, counter: u32, n: usize) -> Supported<Nth> {
        let shape = self.plan.counters.get(counter as usize).ok_or_else(|| odd("counter"))?;
        Ok(Nth { counter, n, distinct: shape.distinct.is_some() })
    }

    fn predicate(&self, test: &Test) -> Supported<Predicate> {
        Predicate::new(test, self.folding)
    }

    fn score(&self, score: i32, op: &str, value: i64) -> Supported<Check> {
        Ok(match op {
            "gte" => self.score_at_least(score, value)?,
            "lt" => self.score_at_least(score, value)?.negate(),
            "gt" => self.score_at_least(score, value + 1)?,
            "lte" => self.score_at_least(score, value + 1)?.negate(),
            "eq" | "ne" => {
                let above = self.score_at_least(score, value + 1)?;
                let equal = Check::all_of(vec![self.score_at_least(score, value)?, above.negate()]);
                if op == "eq" {
                    equal
                } else {
                    equal.negate()
                }
            }
            _ => return Err(odd("comparison of a score")),
        })
    }

    fn score_at_least(&self, score: i32, value: i64) -> Supported<Check> {
        let card = self.cards.iter().find(|card| card.index == score).ok_or_else(|| odd("score"))?;
        let kind = Kind::Score { score, value };
        Ok(Check { kind, deps: card.deps, rises: card.can_rise, falls: card.can_fall })
    }

    fn deal(&self, is: &str, tests: &[Test]) -> Supported<DealState> {
        Ok(match is {
            "open" => DealState::Open,
            "won" => DealState::Won,
            "all_lost" => DealState::AllLost,
            "matching" => {
                let tests = tests.iter().map(|test| Ok((deal_field(&test.field)?, self.predicate(test)?)));
                DealState::Matching(tests.collect::<Supported<_>>()?)
            }
            _ => return Err(odd("state of a deal")),
        })
    }
}

fn deal_field(name: &Name) -> Supported<DealField> {
    Ok(match &**name {
        "at" => DealField::At,
        "stage" => DealField::Stage,
        "amount" => DealField::Amount,
        "currency" => DealField::Currency,
        _ => return Err(odd("field of a deal")),
    })
}

fn odd(what: &str) -> Unsupported {
    Unsupported(format!("the plan names a {what} that this back-end does not know"))
}
