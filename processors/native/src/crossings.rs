//! When a score crosses a threshold though nothing happens, see `processors/lifecycle/crossings.py`.

use crate::check::View;
use crate::decay::{halvings, FRACTION_BITS};
use crate::plan::TOTAL;
use crate::rules::NEVER;
use crate::sinking::Slope;

const NEAR_BITS: u32 = 10;
const FIRST_INTERVAL: i64 = 4_096;
const BUDGET: usize = 64;

/// What can still move a score, see the reference.
struct Outlook {
    fading: i64,
    steady: i64,
    half_life: i64,
    parts: i64,
    step: i64,
}

/// A score against a threshold; `rising` asks when it may be reached, else when it may be missed.
struct Question<'a> {
    view: View<'a>,
    score: i32,
    threshold: i64,
    rising: bool,
}

/// Earliest time after `now` at which the score may be less than `threshold`, asked while it is not.
pub fn falls_below(view: View, score: i32, threshold: i64) -> i64 {
    let question = Question { view, score, threshold, rising: false };
    let outlook = question.outlook();
    let need = threshold - outlook.steady;
    if need <= 0 || outlook.fading == 0 {
        return outlook.step;
    }
    question.crossing(&outlook, need)
}

/// Earliest time after `now` at which the score may be `threshold` or more, asked while it is less.
pub fn rises_to(view: View, score: i32, threshold: i64) -> i64 {
    let question = Question { view, score, threshold, rising: true };
    let outlook = question.outlook();
    let need = outlook.steady - threshold;
    if need < 0 || outlook.fading == 0 {
        return outlook.step;
    }
    question.crossing(&outlook, need)
}

impl Question<'_> {
    fn crossing(&self, outlook: &Outlook, need: i64) -> i64 {
        let (wait, now) = (wait(outlook, need), self.view.now);
        if wait > outlook.half_life >> NEAR_BITS {
            return (now + wait).min(outlook.step);
        }
        if outlook.step == now + 1 {
            return outlook.step;
        }
        let (start, end) = (now + 1, (now + outlook.half_life).min(outlook.step - 1));
        match Slope::new(self.view, self.score).filter(|_| !self.rising) {
            Some(slope) => slope.first_below(self.threshold, start, end),
            None => self.first(start, end),
        }
    }

    /// First millisecond that is possible, or end + 1; once the budget is spent, one that is not after it.
    fn first(&self, mut start: i64, end: i64) -> i64 {
        for _ in 0..BUDGET {
            let mut middle = end.min(start + FIRST_INTERVAL);
            while middle < end && !self.possible(start, middle) {
                (start, middle) = (middle + 1, end.min(middle + (middle - start + 1) * 16));
            }
            if !self.possible(start, middle) {
                return middle + 1;
            }
            let (narrowed, found) = self.halve(start, middle);
            start = narrowed;
            if found || start > end {
                return start;
            }
        }
        start
    }

    /// Narrows a possible interval down to its first possible millisecond, or drops what is not.
    fn halve(&self, mut start: i64, mut end: i64) -> (i64, bool) {
        while start < end {
            let middle = i64::midpoint(start, end);
            if self.possible(start, middle) {
                end = middle;
            } else if self.possible(middle + 1, end) {
                start = middle + 1;
            } else {
                return (end + 1, false);
            }
        }
        (start, true)
    }

    fn possible(&self, start: i64, end: i64) -> bool {
        if self.rising {
            self.extreme(start, end) >= self.threshold
        } else {
            self.extreme(end, start) < self.threshold
        }
    }

    /// Bound of the score: what gives points read at the one time, what takes points at the other.
    fn extreme(&self, positive_at: i64, negative_at: i64) -> i64 {
        let board = &self.view.program.board;
        let mut worth = Vec::new();
        board.parts_at(View { now: positive_at, ..self.view }, &mut worth);
        if positive_at != negative_at && worth.iter().any(|points| *points < 0) {
            let mut later = Vec::new();
            board.parts_at(View { now: negative_at, ..self.view }, &mut later);
            for (points, then) in worth.iter_mut().zip(later) {
                *points = if then < 0 { then } else { (*points).max(0) };
            }
        }
        let mut scores = Vec::new();
        board.under_max(&worth, &mut scores);
        if self.score == TOTAL {
            scores.iter().sum()
        } else {
            scores[self.score as usize]
        }
    }

    fn outlook(&self) -> Outlook {
        let (board, contact) = (&self.view.program.board, self.view.contact);
        let sign = if self.rising { -1 } else { 1 };
        let mut outlook = Outlook { fading: 0, steady: 0, half_life: NEVER, parts: 1, step: NEVER };
        board.read(self.view, |reading| {
            for score in board.scores_of(self.score) {
                let (mut moving, mut still) = (0, 0);
                for rule in &board.rules_of[score] {
                    let points = reading.parts[*rule];
                    if points == 0 {
                        continue;
                    }
                    outlook.parts += 1;
                    match board.parts[*rule].half_life {
                        Some(fades) if points * sign > 0 => {
                            moving += points * sign;
                            outlook.half_life = outlook.half_life.min(fades);
                        }
                        _ => still += points,
                    }
                }
                let (moving, still) = under_max(board.maxima[score], moving, still, sign);
                outlook.fading += moving;
                outlook.steady += still;
            }
        });
        if !contact.points.stamps.is_empty() || board.fits_age {
            outlook.step = self.next_step();
        }
        outlook
    }

    /// When the next rule that ages by steps, or a rule for fit, may change.
    fn next_step(&self) -> i64 {
        let board = &self.view.program.board;
        let of_score = |rule: &&usize| self.score == TOTAL || board.parts[**rule].score as i32 == self.score;
        board.stepping.iter().filter(of_score).map(|rule| self.step_of(*rule)).min().unwrap_or(NEVER)
    }

    fn step_of(&self, rule: usize) -> i64 {
        let View { program, contact, now } = self.view;
        let part = &program.board.parts[rule];
        if part.stepped {
            let stamps = contact.points.stamps.get(rule as u32).map_or(&[][..], |stamps| &stamps[..]);
            return program.sum_of(rule as u32).map_or(NEVER, |sum| sum.next_step(stamps, now));
        }
        let Some(check) = &part.check else { return NEVER };
        let holds = check.holds(self.view);
        check.ahead(self.view, !holds).unwrap_or(NEVER)
    }
}

/// How long the fading parts stay above `need` for certain; each part may be a rounding off.
fn wait(outlook: &Outlook, need: i64) -> i64 {
    let (start, end) = (outlook.fading - outlook.parts, need + outlook.parts);
    if end >= start {
        return 0;
    }
    let span = (halvings(start, end) * i128::from(outlook.half_life)) >> FRACTION_BITS;
    (span - 1).max(0) as i64
}

/// What counts of a score whose parts exceed its max: the surplus has to fade first.
fn under_max(limit: Option<i64>, moving: i64, still: i64, sign: i64) -> (i64, i64) {
    match limit {
        Some(limit) if still + sign * moving > limit => {
            if sign < 0 || still > limit {
                (0, limit)
            } else {
                (limit - still, still)
            }
        }
        _ => (moving, still),
    }
}
