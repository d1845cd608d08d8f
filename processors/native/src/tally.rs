//! What a replay adds up over contacts.

use crate::contact::Contact;
use crate::membership::Counts;
use crate::plan::Name;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

/// Track, from, to.
pub type Move = (Name, Option<Name>, Option<Name>);

/// Sums over contacts.
#[derive(Default)]
pub struct Tally {
    pub events: u64,
    pub contacts: u64,
    pub refused: u64,
    pub last_time: i64,
    pub digest: [u8; 32],
    pub records: [u64; 4], // stage_changed, segment_changed, mql_handoff, membership_changed
    pub moves: FxHashMap<Move, u64>,
    pub companies: FxHashMap<Counts, u64>,
    pub left: Vec<Vec<u8>>, // contacts that the reference has to do
}

/// One contact's share, which only counts when the contact is done to its end.
#[derive(Default)]
pub struct Share {
    records: [u64; 4],
    pub moves: Vec<Move>,
    pub refused: u64,
    pub last_time: i64,
    hash: Option<Sha256>,
}

impl Share {
    pub fn line(&mut self, kind: usize, line: &[u8]) {
        self.records[kind] += 1;
        self.hash.get_or_insert_default().update(line);
    }

    pub fn add_to(self, tally: &mut Tally, contact: &Contact) {
        if let Some(counts) = contact.company.counts() {
            *tally.companies.entry(counts).or_default() += 1;
        }
        for (sum, count) in tally.records.iter_mut().zip(self.records) {
            *sum += count;
        }
        for one in self.moves {
            *tally.moves.entry(one).or_default() += 1;
        }
        tally.refused += self.refused;
        tally.last_time = tally.last_time.max(self.last_time);
        if let Some(hash) = self.hash {
            add(&mut tally.digest, &hash.finalize().into());
        }
    }
}

/// Adds big-endian numbers of 256 bits; the sum wraps around.
fn add(sum: &mut [u8; 32], other: &[u8; 32]) {
    let mut carry = 0_u16;
    for (digit, more) in sum.iter_mut().zip(other).rev() {
        carry += u16::from(*digit) + u16::from(*more);
        *digit = carry as u8;
        carry >>= 8;
    }
}
