//! Scores: what each rule is worth now, and their sums. See `processors/lifecycle/scores.py`.

use crate::check::{Check, View};
use crate::contact::Reading;
use crate::decay;
use crate::matching::Bits;
use crate::plan::{self, Name, Plan, TOTAL};
use crate::sums::Sums;
use crate::unsupported::{give_up, Supported, Unsupported};

const NO_CAP: i64 = 1 << 62;
/// A rule that is worth more, thousandths, is not one of ours; so no sum of rules can overflow.
const MOST_WORTH: i128 = 1 << 48;

/// How a rule is read: its caps, how it ages, and for a rule for fit its check.
pub struct Part {
    pub score: usize,
    pub id: Name,
    pub points: i64,
    low: i64,
    high: i64,
    pub half_life: Option<i64>,
    pub stepped: bool,
    pub check: Option<Check>,
    pub ages: bool,
}

/// One score, or `total`: how it may move by itself, and what it depends on.
pub struct Card {
    pub index: i32,
    pub deps: Bits,
    pub can_rise: bool,
    pub can_fall: bool,
}

impl Card {
    pub fn new(board: &Board, index: i32, deps: Bits) -> Self {
        let parts = || board.parts.iter().filter(|part| index == TOTAL || part.score as i32 == index);
        let fit = |part: &&Part| part.ages && part.check.is_some();
        Self {
            index,
            deps: parts().fold(deps, |deps, part| deps | part.check.as_ref().map_or(0, |one| one.deps)),
            can_rise: parts().any(|part| part.ages && part.points < 0 || fit(&part)),
            can_fall: parts().any(|part| part.ages && part.points > 0 || fit(&part)),
        }
    }
}

/// All scores of a plan.
pub struct Board {
    pub parts: Vec<Part>,
    pub maxima: Vec<Option<i64>>,
    pub rules_of: Vec<Vec<usize>>,
    pub fits_age: bool,
    pub fit_deps: Bits,
    pub stepping: Vec<usize>,
    fits: Vec<usize>,
}

impl Board {
    /// `checks`: by rule, of the rules for fit.
    pub fn new(plan: &Plan, checks: Vec<Option<Check>>) -> Supported<Self> {
        let parts: Vec<Part> = plan.rules.iter().zip(checks).map(|(rule, check)| part(rule, check)).collect();
        let within = |points: i64| points.unsigned_abs() < 1 << 40;
        if !parts.iter().all(|part| within(part.points)) {
            return Err(Unsupported("a rule gives more points than any rule should".to_owned()));
        }
        let fits: Vec<usize> = (0..parts.len()).filter(|index| parts[*index].check.is_some()).collect();
        Ok(Self {
            maxima: plan.scores.iter().map(|score| score.max).collect(),
            rules_of: plan.scores.iter().map(|score| score.rules.clone()).collect(),
            fits_age: fits.iter().any(|index| parts[*index].ages),
            fit_deps: parts
                .iter()
                .filter_map(|part| part.check.as_ref())
                .fold(0, |deps, one| deps | one.deps),
            stepping: (0..parts.len())
                .filter(|index| parts[*index].ages && parts[*index].half_life.is_none())
                .collect(),
            fits,
            parts,
        })
    }

    pub fn scores_of(&self, index: i32) -> std::ops::Range<usize> {
        if index == TOTAL {
            0..self.maxima.len()
        } else {
            index as usize..index as usize + 1
        }
    }

    /// One score, or the total, remembered until something is added or taken.
    pub fn score(&self, view: View, index: i32) -> i64 {
        self.read(view, |reading| {
            let place = if index == TOTAL { self.maxima.len() } else { index as usize };
            reading.scores[place]
        })
    }

    /// Looks at what is read at the view's moment.
    pub fn read<T>(&self, view: View, look: impl FnOnce(&Reading) -> T) -> T {
        if view.contact.cache.borrow().read_at == Some(view.now) {
            return look(&view.contact.cache.borrow().reading);
        }
        let mut reading = std::mem::take(&mut view.contact.cache.borrow_mut().reading);
        self.parts_at(view, &mut reading.parts);
        self.under_max(&reading.parts, &mut reading.scores);
        reading.scores.push(reading.scores.iter().sum());
        let mut cache = view.contact.cache.borrow_mut();
        cache.reading = reading;
        cache.read_at = Some(view.now);
        look(&cache.reading)
    }

    /// Worth of every rule, nought where it is worth nothing.
    pub fn parts_at(&self, view: View, worth: &mut Vec<i64>) {
        let View { program, contact, now } = view;
        worth.clear();
        worth.resize(self.parts.len(), 0);
        let mut known: Option<(i64, (i64, u64))> = None;
        for (rule, sums) in contact.points.sums.iter() {
            let part = &self.parts[rule as usize];
            let Some(half_life) = part.half_life else { give_up("a sum of a rule that does not fade") };
            let factor = match known {
                Some((of, factor)) if of == half_life => factor,
                _ => decay::factor(now, half_life),
            };
            known = Some((half_life, factor));
            worth[rule as usize] = part.faded(sums, factor);
        }
        for (rule, events) in contact.points.tallies.iter() {
            let part = &self.parts[rule as usize];
            worth[rule as usize] = part.capped(i128::from(part.points) * i128::from(*events));
        }
        for (rule, stamps) in contact.points.stamps.iter() {
            if let Some(sum) = program.sum_of(rule) {
                let read = sum.read_steps(stamps, now);
                worth[rule as usize] = self.parts[rule as usize].capped(i128::from(read));
            }
        }
        self.read_fit(view, worth);
    }

    /// Rules for fit that hold; remembered, as most depend on nothing but the profile.
    fn read_fit(&self, view: View, worth: &mut [i64]) {
        if self.fits.is_empty() {
            return;
        }
        let known = view.contact.cache.borrow_mut().fit.take();
        let fit = known.filter(|_| !self.fits_age).unwrap_or_else(|| {
            let holds = |rule: &usize| self.parts[*rule].check.as_ref().is_some_and(|one| one.holds(view));
            self.fits.iter().copied().filter(holds).collect()
        });
        for rule in &fit {
            worth[*rule] = self.parts[*rule].points;
        }
        view.contact.cache.borrow_mut().fit = Some(fit);
    }

    /// Sums parts to scores, each cut off at its max.
    pub fn under_max(&self, worth: &[i64], scores: &mut Vec<i64>) {
        scores.clear();
        scores.resize(self.maxima.len(), 0);
        for (part, points) in self.parts.iter().zip(worth) {
            scores[part.score] += points;
        }
        for (score, limit) in scores.iter_mut().zip(&self.maxima) {
            if let Some(limit) = limit {
                *score = (*score).min(*limit);
            }
        }
    }

    /// Score, rule and points of every part that is not nothing; what `max` cuts off has no rule.
    pub fn itemised(&self, view: View) -> Vec<(usize, Option<usize>, i64)> {
        let mut items: Vec<_> = self.read(view, |reading| {
            let worth = reading.parts.iter().enumerate().filter(|(_, points)| **points != 0);
            worth.map(|(rule, points)| (self.parts[rule].score, Some(rule), *points)).collect()
        });
        for (score, limit) in self.maxima.iter().enumerate() {
            let uncut: i64 = items.iter().filter(|(one, ..)| *one == score).map(|(.., points)| points).sum();
            if let Some(limit) = limit.filter(|limit| uncut > *limit) {
                items.push((score, None, limit - uncut));
            }
        }
        items.sort_by_key(|(score, ..)| *score);
        items
    }
}

impl Part {
    /// Worth of a rule that fades; `factor`: see `decay::factor`.
    pub fn faded(&self, sums: &Sums, factor: (i64, u64)) -> i64 {
        self.capped(decay::fade(sums, self.points, factor))
    }

    fn capped(&self, worth: i128) -> i64 {
        let capped = worth.clamp(i128::from(self.low), i128::from(self.high));
        if capped.abs() > MOST_WORTH {
            give_up("a rule is worth more than any rule should");
        }
        capped as i64
    }
}

fn part(rule: &plan::Rule, check: Option<Check>) -> Part {
    match rule {
        plan::Rule::FitRule(fit) => Part {
            score: fit.score,
            id: fit.id.clone(),
            points: fit.points,
            low: fit.points.min(0),
            high: fit.points.max(0),
            half_life: None,
            stepped: false,
            ages: check.as_ref().is_some_and(|check| check.rises || check.falls),
            check,
        },
        plan::Rule::BehaviourRule(rule) => {
            let cap = rule.cap_points.unwrap_or(NO_CAP);
            let (low, high) = if rule.points >= 0 { (0, cap) } else { (-cap, 0) };
            let half_life = match rule.decay {
                Some(plan::Decay::HalfLife { ms }) => Some(ms),
                _ => None,
            };
            Part {
                score: rule.score,
                id: rule.id.clone(),
                points: rule.points,
                low,
                high,
                half_life,
                stepped: matches!(rule.decay, Some(plan::Decay::Steps { .. })),
                check: None,
                ages: rule.decay.is_some(),
            }
        }
    }
}
