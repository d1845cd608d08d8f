//! Where a contact stands on one track. Times are ms UTC.

use crate::contact::NEVER_BEFORE;
use crate::plan::Name;
use crate::small::Sparse;

pub const NO_STAGE: i32 = -1;

#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    pub at: i64,
    pub kind: Name,
    pub stage: i32,
    pub until: Option<i64>,
    pub actor: Name,
    pub reason: Name,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    pub id: Name,
    pub stage: i32,
    pub cycle: i64,
    pub offered_at: i64,
    pub accept_by: Option<i64>,
    pub status: Name,
    pub sent: bool,
    pub steps: usize,
    pub step_due: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub stage: i32,
    pub since: i64,
    pub came_from: i32,
    pub entered_by: Name,
    pub shown: i32,
    pub shown_since: i64,
    pub cycle: i64,
    pub cycle_since: i64,
    pub furthest: i64,
    pub entries: Sparse<(i64, i64)>,
    pub spent: Vec<usize>, // ascending
    pub held: Option<Override>,
    pub handoff: Option<Handoff>,
    pub status: Option<Name>,
    pub in_doubt: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            stage: NO_STAGE,
            since: NEVER_BEFORE,
            came_from: NO_STAGE,
            entered_by: "".into(),
            shown: NO_STAGE,
            shown_since: NEVER_BEFORE,
            cycle: 0,
            cycle_since: NEVER_BEFORE,
            furthest: -1,
            entries: Sparse::default(),
            spent: Vec::new(),
            held: None,
            handoff: None,
            status: None,
            in_doubt: false,
        }
    }
}

impl Place {
    pub fn spend(&mut self, unit: usize) {
        if let Err(place) = self.spent.binary_search(&unit) {
            self.spent.insert(place, unit);
        }
    }

    pub fn unspend(&mut self, unit: usize) {
        if let Ok(place) = self.spent.binary_search(&unit) {
            self.spent.remove(place);
        }
    }

    pub fn is_spent(&self, unit: usize) -> bool {
        self.spent.binary_search(&unit).is_ok()
    }

    /// Forgets a hand-off that is closed; tells whether there was one.
    pub fn drop_answered(&mut self) -> bool {
        let closed = self.handoff.as_ref().is_some_and(|handoff| &*handoff.status != "open");
        if closed {
            self.handoff = None;
        }
        closed
    }
}
