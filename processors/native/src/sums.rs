//! What a rule that fades adds up: weights by epoch, see `processors/lifecycle/decay.py`.

use crate::decay::{EPOCHS, MOST_WEIGHT};
use crate::unsupported::give_up;
use std::cell::Cell;

/// Epoch and sum of weights, by epoch. What they come to in one epoch is remembered; that is no part of the state.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    by_epoch: Vec<(i64, u128)>,
    known: Cell<Option<(i64, u128)>>,
}

impl From<Vec<(i64, u128)>> for Sums {
    fn from(by_epoch: Vec<(i64, u128)>) -> Self {
        Self { by_epoch, known: Cell::default() }
    }
}

impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        self.by_epoch == other.by_epoch
    }
}

impl Sums {
    pub fn by_epoch(&self) -> &[(i64, u128)] {
        &self.by_epoch
    }

    pub fn is_empty(&self) -> bool {
        self.by_epoch.is_empty()
    }

    pub fn add(&mut self, epoch: i64, weight: u128) {
        self.known.set(None);
        let sums = &mut self.by_epoch;
        match sums.binary_search_by_key(&epoch, |(known, _)| *known) {
            Ok(place) => sums[place].1 += weight,
            Err(place) => {
                let newest = sums.last().map_or(epoch, |(newest, _)| *newest);
                if epoch > newest - EPOCHS {
                    sums.insert(place, (epoch, weight));
                    sums.retain(|(kept, _)| *kept > epoch - EPOCHS);
                }
            }
        }
    }

    pub fn take(&mut self, epoch: i64, weight: u128) {
        self.known.set(None);
        let sums = &mut self.by_epoch;
        if let Ok(place) = sums.binary_search_by_key(&epoch, |(known, _)| *known) {
            if sums[place].1 > weight {
                sums[place].1 -= weight;
            } else {
                sums.remove(place);
            }
        }
    }

    /// All of them in the terms of `epoch`, `EPOCHS` bits up.
    pub fn total(&self, epoch: i64) -> u128 {
        if let Some((_, total)) = self.known.get().filter(|(known, _)| *known == epoch) {
            return total;
        }
        let mut total = 0_u128;
        for (kept, weight) in &self.by_epoch {
            let age = epoch - kept;
            if age <= EPOCHS {
                let shift = EPOCHS - age;
                if *weight >= MOST_WEIGHT || shift > 50 {
                    give_up("a decayed sum is out of bounds");
                }
                total += weight << shift;
            }
        }
        self.known.set(Some((epoch, total)));
        total
    }
}
