//! The ring of events already counted, see `processors/lifecycle/seen.py`.

use blake2b_simd::Params;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

const ID_BYTES: usize = 8;
const HEAD: usize = 12;
const TIME_BYTES: usize = 6;
const ANY_SOURCE: [u8; 4] = [0; 4];
const NO_SOURCE: [u8; 4] = [0, 0, 0, 1];
/// Times are written in six bytes.
pub const MOST_TIME: i64 = (1 << 48) - 1;

const MOST_SOURCES: usize = 256;
const ROOM: usize = 8; // of a contact's events that come together

thread_local! {
    static SOURCES: RefCell<FxHashMap<Box<str>, [u8; 4]>> = RefCell::default();
}

pub type Key = [u8; HEAD];

pub struct Ring {
    width: usize,
    keep: usize,
}

/// A contact's records, oldest first. Those dropped are left in front until there are many.
#[derive(Clone, Debug, Default)]
pub struct Records {
    all: Vec<u8>,
    dropped: usize,
}

impl Records {
    pub fn bytes(&self) -> &[u8] {
        &self.all[self.dropped..]
    }

    fn drop_first(&mut self, width: usize) {
        self.dropped += width;
        if self.dropped > self.all.len() / 2 {
            self.all.drain(..self.dropped);
            self.dropped = 0;
        }
    }
}

impl Ring {
    pub fn new(keep: usize, behaviours: usize) -> Self {
        Self { width: HEAD + TIME_BYTES + behaviours.div_ceil(8), keep }
    }

    /// A ring from its bytes, with room for the next events; none for one of another width.
    pub fn load(&self, bytes: &[u8]) -> Option<Records> {
        let mut all = Vec::with_capacity(bytes.len() + ROOM * self.width);
        all.extend_from_slice(bytes);
        bytes.len().is_multiple_of(self.width).then_some(Records { all, dropped: 0 })
    }

    /// Whether the event of that key was counted, or voided, before.
    pub fn has(&self, ring: &Records, key: &Key) -> bool {
        ring.bytes().chunks_exact(self.width).any(|record| {
            record[..ID_BYTES] == key[..ID_BYTES]
                && (record[ID_BYTES..HEAD] == key[ID_BYTES..] || record[ID_BYTES..HEAD] == ANY_SOURCE)
        })
    }

    /// Appends a record; the oldest goes when there are more than `keep`.
    pub fn add(&self, ring: &mut Records, key: &Key, at: i64, mask: u128) {
        if ring.all.is_empty() {
            ring.all.reserve(ROOM * self.width);
        }
        let mut record = [0; HEAD + TIME_BYTES + 16];
        record[..HEAD].copy_from_slice(key);
        record[HEAD..HEAD + TIME_BYTES].copy_from_slice(&at.to_be_bytes()[8 - TIME_BYTES..]);
        let mask = &mask.to_be_bytes()[16 - (self.width - HEAD - TIME_BYTES)..];
        record[HEAD + TIME_BYTES..self.width].copy_from_slice(mask);
        ring.all.extend_from_slice(&record[..self.width]);
        if ring.bytes().len() > self.keep * self.width {
            ring.drop_first(self.width);
        }
    }
}

pub fn key_of(source: Option<&str>, event_id: &str) -> Key {
    let mut key = [0; HEAD];
    key[..ID_BYTES].copy_from_slice(&hash8(event_id.as_bytes()));
    key[ID_BYTES..].copy_from_slice(&source.map_or(NO_SOURCE, hash_of_source));
    key
}

/// Remembers the sources met: there are few, and hashing one costs as much as reading an event.
fn hash_of_source(source: &str) -> [u8; 4] {
    SOURCES.with_borrow_mut(|known| {
        if let Some(hash) = known.get(source) {
            return *hash;
        }
        if known.len() >= MOST_SOURCES {
            known.clear();
        }
        let hash = Params::new().hash_length(4).hash(source.as_bytes());
        let hash = hash.as_bytes().try_into().unwrap_or(NO_SOURCE);
        known.insert(source.into(), hash);
        hash
    })
}

pub fn hash8(bytes: &[u8]) -> [u8; ID_BYTES] {
    let mut out = [0; ID_BYTES];
    out.copy_from_slice(Params::new().hash_length(ID_BYTES).hash(bytes).as_bytes());
    out
}
