//! Segments: the first band that matches, and when time alone may change it.

use crate::check::{Condition, View};
use crate::compile::Compiler;
use crate::crossings;
use crate::matching::Bits;
use crate::plan::{Name, Segment};
use crate::rules::NEVER;
use crate::unsupported::{Supported, Unsupported};

enum Of {
    Score { score: i32, can_rise: bool, can_fall: bool, floors: Vec<(Option<i64>, Name)> },
    Conditions(Vec<(Name, Option<Condition>)>),
}

/// A segment's bands in file order. `changes`: whether time alone can move a contact between them.
pub struct Bands {
    pub deps: Bits,
    pub changes: bool,
    of: Of,
}

impl Bands {
    pub fn new(segment: &Segment, compiler: &Compiler) -> Supported<Self> {
        if let Some(score) = segment.of {
            let card = compiler.cards.iter().find(|card| card.index == score);
            let card = card.ok_or_else(|| Unsupported("a segment over an unknown score".to_owned()))?;
            let floors = segment.bands.iter().map(|band| (band.gte, band.id.clone())).collect();
            let (can_rise, can_fall) = (card.can_rise, card.can_fall);
            let of = Of::Score { score, can_rise, can_fall, floors };
            return Ok(Self { deps: card.deps, changes: can_rise || can_fall, of });
        }
        let bands = segment.bands.iter().map(|band| {
            let when = band.when.as_ref().map(|when| compiler.condition(when)).transpose()?;
            Ok((band.id.clone(), when))
        });
        let bands = bands.collect::<Supported<Vec<_>>>()?;
        let checks = || bands.iter().filter_map(|(_, when)| when.as_ref()).map(|when| &when.check);
        let deps = checks().fold(0, |deps, check| deps | check.deps);
        let changes = checks().any(|check| check.rises || check.falls);
        Ok(Self { deps, changes, of: Of::Conditions(bands) })
    }

    /// Id of the band, none when none matches.
    pub fn at(&self, view: View) -> Option<Name> {
        match &self.of {
            Of::Score { score, floors, .. } => {
                let value = view.program.board.score(view, *score);
                floors.iter().find(|(gte, _)| gte.is_none_or(|gte| value >= gte)).map(|(_, id)| id.clone())
            }
            Of::Conditions(bands) => {
                let matches =
                    |when: &Option<Condition>| when.as_ref().is_none_or(|when| when.check.holds(view));
                bands.iter().find(|(_, when)| matches(when)).map(|(id, _)| id.clone())
            }
        }
    }

    /// When the band may change by itself.
    pub fn change(&self, view: View) -> i64 {
        match &self.of {
            Of::Score { score, can_rise, can_fall, floors } => {
                let value = view.program.board.score(view, *score);
                let (mut above, mut due) = (None, NEVER);
                for (gte, _) in floors {
                    match gte {
                        Some(gte) if value < *gte => above = Some(*gte),
                        Some(gte) if *can_fall => {
                            due = crossings::falls_below(view, *score, *gte);
                            break;
                        }
                        _ => break,
                    }
                }
                match above {
                    Some(above) if *can_rise => due.min(crossings::rises_to(view, *score, above)),
                    _ => due,
                }
            }
            Of::Conditions(bands) => {
                let mut due = NEVER;
                for (_, when) in bands {
                    let Some(when) = when else { return due };
                    if when.check.holds(view) {
                        return when.check.ahead(view, false).map_or(due, |falls| due.min(falls));
                    }
                    if let Some(rises) = when.check.ahead(view, true) {
                        due = due.min(rises);
                    }
                }
                due
            }
        }
    }

    /// The condition of a band.
    pub fn when(&self, place: usize) -> Option<&Condition> {
        match &self.of {
            Of::Score { .. } => None,
            Of::Conditions(bands) => bands[place].1.as_ref(),
        }
    }
}
