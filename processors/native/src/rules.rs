//! Scoring rules: which events of a behaviour they count, and how what they add up ages.
//! See `processors/lifecycle/rules.py` and `sums.py`.

use crate::calendar::Calendar;
use crate::contact::{Capped, Contact, Entry, Points, Values};
use crate::counts::{remember, value_hash, Gone};
use crate::decay;
use crate::event::Value;
use crate::plan::{BehaviourRule, Decay, Unit};
use crate::subject::{Field, Subject};

pub const NEVER: i64 = 1 << 62;

/// Adds events up; what it adds up lies in the contact, under the rule's index.
pub enum Sum {
    Tally,
    Fading { half_life: i64 },
    Stepped { points: i64, keep: usize, steps: Vec<(i64, i64)> }, // age and per cent, oldest first
}

impl Sum {
    fn new(rule: &BehaviourRule) -> Self {
        match &rule.decay {
            None => Self::Tally,
            Some(Decay::HalfLife { ms }) => Self::Fading { half_life: *ms },
            Some(Decay::Steps { steps }) => Self::Stepped {
                points: rule.points,
                keep: rule.keep,
                steps: steps.iter().rev().map(|step| (step.after_ms, step.keep)).collect(),
            },
        }
    }

    fn add(&self, points: &mut Points, index: u32, at: i64) {
        match self {
            Self::Tally => *points.tallies.or_default(index) += 1,
            Self::Fading { half_life } => {
                let (epoch, weight) = decay::weigh(at, *half_life);
                points.sums.or_default(index).add(epoch, weight);
            }
            Self::Stepped { keep, .. } => {
                let stamps = points.stamps.or_default(index);
                stamps.insert(stamps.partition_point(|known| *known <= at), at);
                if stamps.len() > *keep {
                    stamps.remove(0);
                }
            }
        }
    }

    fn take(&self, points: &mut Points, index: u32, at: i64) {
        match self {
            Self::Tally => {
                let left = points.tallies.remove(index).unwrap_or(0) - 1;
                if left > 0 {
                    points.tallies.insert(index, left);
                }
            }
            Self::Fading { half_life } => {
                let (epoch, weight) = decay::weigh(at, *half_life);
                if let Some(sums) = points.sums.get_mut(index) {
                    sums.take(epoch, weight);
                    if sums.is_empty() {
                        points.sums.remove(index);
                    }
                }
            }
            Self::Stepped { .. } => {
                if let Some(stamps) = points.stamps.get_mut(index) {
                    let place = stamps.partition_point(|known| *known < at);
                    if stamps.get(place) == Some(&at) {
                        stamps.remove(place);
                        if stamps.is_empty() {
                            points.stamps.remove(index);
                        }
                    }
                }
            }
        }
    }

    fn clear(&self, points: &mut Points, index: u32) {
        match self {
            Self::Tally => drop(points.tallies.remove(index)),
            Self::Fading { .. } => drop(points.sums.remove(index)),
            Self::Stepped { .. } => drop(points.stamps.remove(index)),
        }
    }

    /// Worth of stepped events at `now`, before caps.
    pub fn read_steps(&self, stamps: &[i64], now: i64) -> i64 {
        let Self::Stepped { points, steps, .. } = self else { return 0 };
        let kept = |age: i64| steps.iter().find(|(after, _)| age >= *after).map_or(100, |(_, keep)| *keep);
        let hundredths: i64 = stamps.iter().map(|at| kept(now - at)).sum();
        (points * hundredths + 50).div_euclid(100)
    }

    /// When the next event takes its next step, NEVER when none will.
    pub fn next_step(&self, stamps: &[i64], now: i64) -> i64 {
        let Self::Stepped { steps, .. } = self else { return NEVER };
        let ages = stamps.iter().flat_map(|at| steps.iter().map(move |(after, _)| at + after));
        ages.filter(|due| *due > now).min().unwrap_or(NEVER)
    }
}

/// Which events count.
enum Filter {
    Plain,
    PerValue { field: Field, keep: usize, times: Option<usize> },
    PerPeriod { keep: usize, times: usize },
}

pub struct Counted {
    pub index: u32,
    pub sum: Sum,
    filter: Filter,
    each: Unit,
}

impl Counted {
    pub fn new(index: u32, rule: &BehaviourRule) -> Self {
        let filter = match (&rule.distinct, rule.cap_times) {
            (Some(field), times) => Filter::PerValue { field: Field::new(field), keep: rule.keep, times },
            (None, Some(times)) => Filter::PerPeriod { keep: rule.keep, times },
            (None, None) => Filter::Plain,
        };
        Self { index, sum: Sum::new(rule), filter, each: rule.cap_each.unwrap_or(Unit::Ever) }
    }

    pub fn add(&self, calendar: &Calendar, contact: &mut Contact, entry: &Entry, subject: &Subject) {
        match &self.filter {
            Filter::Plain => self.sum.add(&mut contact.points, self.index, entry.at),
            Filter::PerPeriod { keep, times } => self.add_capped(calendar, contact, entry.at, *keep, *times),
            Filter::PerValue { field, keep, times } => {
                let value = subject.get(field);
                if value != Value::Null {
                    self.add_value(calendar, contact, entry, &value, *keep, *times);
                }
            }
        }
    }

    pub fn clear(&self, contact: &mut Contact) {
        match &self.filter {
            Filter::Plain => {}
            Filter::PerValue { .. } => drop(contact.values.remove(self.index)),
            Filter::PerPeriod { .. } => drop(contact.capped.remove(self.index)),
        }
        self.sum.clear(&mut contact.points, self.index);
    }

    fn add_value(
        &self,
        calendar: &Calendar,
        contact: &mut Contact,
        entry: &Entry,
        value: &Value,
        keep: usize,
        times: Option<usize>,
    ) {
        let values = contact.values.or_default(self.index);
        let gone = remember(values, value_hash(value), entry, keep);
        if let Some(times) = times {
            self.sum_again(calendar, &mut contact.points, values, times);
            return;
        }
        match gone {
            Gone::New => {}
            Gone::Nothing => self.sum.add(&mut contact.points, self.index, entry.at),
            Gone::Old(old) => {
                self.sum.add(&mut contact.points, self.index, entry.at);
                self.sum.take(&mut contact.points, self.index, old.at);
            }
        }
    }

    fn sum_again(&self, calendar: &Calendar, points: &mut Points, values: &Values, times: usize) {
        self.sum.clear(points, self.index);
        let mut ats: Vec<i64> = values.iter().map(|(_, seen)| seen.entry.at).collect();
        ats.sort_unstable_by(|one, other| other.cmp(one));
        let (mut period, mut taken) = (None, 0);
        for at in ats {
            let its = Some(calendar.period(self.each, at));
            taken = if its == period { taken + 1 } else { 1 };
            period = its;
            if taken <= times {
                self.sum.add(points, self.index, at);
            }
        }
    }

    fn add_capped(&self, calendar: &Calendar, contact: &mut Contact, at: i64, keep: usize, times: usize) {
        let period = calendar.period(self.each, at);
        let periods = contact.capped.or_default(self.index);
        let place = periods.binary_search_by_key(&period, |(known, _)| *known).unwrap_or_else(|place| {
            periods.insert(place, (period, Capped::default()));
            place
        });
        let kept = &mut periods[place].1;
        kept.events += 1;
        let place = kept.times.partition_point(|known| *known < at);
        kept.times.insert(place, at);
        let held = kept.times.len();
        if held - place <= times {
            self.sum.add(&mut contact.points, self.index, at);
            if held > times {
                self.sum.take(&mut contact.points, self.index, kept.times[held - times - 1]);
            }
        }
        kept.times.drain(..held.saturating_sub(times + 1));
        if periods.len() * times > keep {
            self.drop_oldest(&mut contact.points, periods, keep, times);
        }
    }

    fn drop_oldest(&self, points: &mut Points, periods: &mut Vec<(i64, Capped)>, keep: usize, times: usize) {
        let counted: usize = periods.iter().map(|(_, kept)| kept.times.len().min(times)).sum();
        let oldest = periods.iter().position(|(_, kept)| !kept.times.is_empty());
        let (Some(oldest), true) = (oldest, counted > keep) else { return };
        let kept = &mut periods[oldest].1;
        let place = kept.times.len().saturating_sub(times);
        self.sum.take(points, self.index, kept.times[place]);
        kept.times.drain(..=place);
        if kept.times.is_empty() {
            periods.remove(oldest);
        }
    }
}
