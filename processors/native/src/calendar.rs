//! Days and ISO weeks of one timezone. Its clock changes are handed over, so that there is one source of them.

use crate::plan::{BusinessHours, Unit};
use crate::unsupported::give_up;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const EPOCH_DAY: i64 = 719_163; // ordinal of 1970-01-01
const LONGEST_CLOSURE_DAYS: i64 = 3_660;

/// `changes`: instant (ms UTC) and the offset from then on (ms), by time; the first is where knowledge begins.
pub struct Calendar {
    changes: Vec<(i64, i64)>,
    walls: Vec<i64>, // local time from which the offset of that change is the one in force, see `instant`
    end: i64,
}

impl Calendar {
    /// Knows everything from the first change up to `end` (ms UTC).
    pub fn new(changes: Vec<(i64, i64)>, end: i64) -> Self {
        let walls = changes
            .iter()
            .enumerate()
            .map(|(index, (at, offset))| at + offset.max(&changes[index.saturating_sub(1)].1))
            .collect();
        Self { changes, walls, end }
    }

    /// The last moment that an event may have; what it starts may reach beyond.
    pub fn last(&self) -> i64 {
        self.end - 30 * DAY_MS
    }

    pub fn day(&self, at: i64) -> i64 {
        let mut day = at.div_euclid(DAY_MS) + EPOCH_DAY + 1;
        while self.start_of_day(day) > at {
            day -= 1;
        }
        day
    }

    pub fn period(&self, unit: Unit, at: i64) -> i64 {
        match unit {
            Unit::Day => self.day(at),
            Unit::Week => (self.day(at) - 1).div_euclid(7),
            Unit::Ever => 0,
        }
    }

    pub fn start_of(&self, unit: Unit, period: i64) -> i64 {
        self.start_of_day(if unit == Unit::Week { period * 7 + 1 } else { period })
    }

    fn start_of_day(&self, day: i64) -> i64 {
        self.instant(day, 0)
    }

    /// A wall-clock time that is left out has the offset before the change, one that is repeated is the first.
    pub fn instant(&self, day: i64, minute: i64) -> i64 {
        let local = (day - EPOCH_DAY) * DAY_MS + minute * MINUTE_MS;
        let place = self.walls.partition_point(|wall| *wall <= local);
        if place == 0 || local >= self.end {
            give_up("a day lies outside the known calendar");
        }
        local - self.changes[place - 1].1
    }

    /// When `duration` ms of business time have passed since `start`.
    pub fn add_business_time(&self, hours: &BusinessHours, start: i64, duration: i64) -> i64 {
        let (mut day, mut left, mut closed_days) = (self.day(start), duration, 0);
        while closed_days < LONGEST_CLOSURE_DAYS {
            let (opens, closes) = self.open_between(hours, day, start);
            if closes > opens {
                if closes - opens >= left {
                    return opens + left;
                }
                left -= closes - opens;
                closed_days = 0;
            } else {
                closed_days += 1;
            }
            day += 1;
        }
        start + duration
    }

    fn open_between(&self, hours: &BusinessHours, day: i64, start: i64) -> (i64, i64) {
        if !hours.days.contains(&(day - 1).rem_euclid(7)) || hours.holidays.contains(&day) {
            return (0, 0);
        }
        (self.instant(day, hours.from_minute).max(start), self.instant(day, hours.to_minute))
    }
}
