//! A score that only sinks until its next step: when it is less than a threshold for the first time.
//!
//! The answer is the one that `crossings` would find with bounds of intervals. Here one end of an interval says
//! it, for less work: nothing but the parts that fade is read again.

use crate::check::View;
use crate::decay;
use crate::scores::Part;
use crate::sums::Sums;

const FIRST_INTERVAL: i64 = 4_096;

/// What fades of a score, what stands still, and its max.
struct Sinking<'a> {
    fading: Vec<(i64, &'a Part, &'a Sums)>, // with their half-lives
    still: i64,
    limit: Option<i64>,
}

/// One score, or all of them for the total.
pub struct Slope<'a>(Vec<Sinking<'a>>);

impl<'a> Slope<'a> {
    /// None where something may rise, or where a rule for fit may change with time.
    pub fn new(view: View<'a>, index: i32) -> Option<Self> {
        let (board, sums) = (&view.program.board, &view.contact.points.sums);
        let rises = |(rule, _): (u32, &Sums)| board.parts[rule as usize].points < 0;
        if board.fits_age || sums.iter().any(rises) {
            return None;
        }
        Some(board.read(view, |reading| {
            let of_score = |score: usize| {
                let mut one = Sinking { fading: Vec::new(), still: 0, limit: board.maxima[score] };
                for rule in &board.rules_of[score] {
                    let part = &board.parts[*rule];
                    match (part.half_life, sums.get(*rule as u32)) {
                        (Some(half_life), Some(sums)) => one.fading.push((half_life, part, sums)),
                        _ => one.still += reading.parts[*rule],
                    }
                }
                one
            };
            Self(board.scores_of(index).map(of_score).collect())
        }))
    }

    fn at(&self, now: i64) -> i64 {
        let mut known = (0, (0, 0));
        let mut faded = |(half_life, part, sums): &(i64, &Part, &Sums)| {
            if known.0 != *half_life {
                known = (*half_life, decay::factor(now, *half_life));
            }
            part.faded(sums, known.1)
        };
        let scores = self.0.iter().map(|one| {
            let uncut = one.still + one.fading.iter().map(&mut faded).sum::<i64>();
            one.limit.map_or(uncut, |limit| uncut.min(limit))
        });
        scores.sum()
    }

    /// First millisecond at which it is less than `threshold`, or `end` + 1.
    pub fn first_below(&self, threshold: i64, mut start: i64, end: i64) -> i64 {
        let mut middle = end.min(start + FIRST_INTERVAL);
        while self.at(middle) >= threshold {
            if middle >= end {
                return end + 1;
            }
            (start, middle) = (middle + 1, end.min(middle + (middle - start + 1) * 16));
        }
        while start < middle {
            let half = i64::midpoint(start, middle);
            if self.at(half) < threshold {
                middle = half;
            } else {
                start = half + 1;
            }
        }
        start
    }
}
