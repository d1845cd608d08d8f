//! Kafka's record batches, format 2, as a producer sends them: not compressed, all records of one moment.

const HEADER: usize = 61;
const LENGTH: usize = 8;
const LENGTH_COUNTS_FROM: usize = 12;
const CHECKSUM: usize = 17;
const CHECKED_FROM: usize = 21;
const TRANSACTIONAL: i16 = 0x10;
const FORMAT: u8 = 2;
const NO_LEADER_EPOCH: i32 = -1;

/// A record batch without its producer: see `sealed`.
pub struct RecordBatch {
    bytes: Vec<u8>,
    count: i32,
    time: i64,
    transactional: bool,
}

/// Whose batch it is: producer id, epoch, and the number of its first record.
pub type Owner = (i64, i16, i32);

/// A record's headers, encoded.
#[derive(Default)]
pub struct Headers {
    bytes: Vec<u8>,
    count: i64,
}

impl Headers {
    pub fn push(&mut self, name: &[u8], value: Option<&[u8]>) {
        put_bytes(&mut self.bytes, Some(name));
        put_bytes(&mut self.bytes, value);
        self.count += 1;
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }
}

impl RecordBatch {
    pub fn new(time: i64, transactional: bool) -> Self {
        Self { bytes: vec![0; HEADER], count: 0, time, transactional }
    }

    pub fn count(&self) -> i32 {
        self.count
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a record; false where the batch would be as large as `most`, unless it is the first.
    pub fn push(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: &Headers, most: usize) -> bool {
        let number = i64::from(self.count);
        let body = 2 // attributes, and how much later than the batch
            + varint_size(number)
            + sized(key)
            + sized(value)
            + varint_size(headers.count)
            + headers.bytes.len();
        if self.count > 0 && self.len() + body + varint_size(body as i64) >= most {
            return false;
        }
        let out = &mut self.bytes;
        put_varint(out, body as i64);
        out.extend([0, 0]);
        put_varint(out, number);
        put_bytes(out, key);
        put_bytes(out, value);
        put_varint(out, headers.count);
        out.extend_from_slice(&headers.bytes);
        self.count += 1;
        true
    }

    /// Writes the header, for its producer, and the checksum.
    pub fn seal(&mut self, (id, epoch, sequence): Owner) -> &[u8] {
        let length = (self.len() - LENGTH_COUNTS_FROM) as i32;
        self.put(LENGTH, length.to_be_bytes());
        self.put(12, NO_LEADER_EPOCH.to_be_bytes());
        self.bytes[16] = FORMAT;
        self.put(CHECKED_FROM, (if self.transactional { TRANSACTIONAL } else { 0 }).to_be_bytes());
        self.put(23, (self.count - 1).to_be_bytes());
        self.put(27, self.time.to_be_bytes());
        self.put(35, self.time.to_be_bytes());
        self.put(43, id.to_be_bytes());
        self.put(51, epoch.to_be_bytes());
        self.put(53, sequence.to_be_bytes());
        self.put(57, self.count.to_be_bytes());
        self.put(CHECKSUM, crc32c::crc32c(&self.bytes[CHECKED_FROM..]).to_be_bytes());
        &self.bytes
    }

    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&bytes);
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn varint_size(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut left = zigzag(value);
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn sized(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint_size(bytes.len() as i64) + bytes.len())
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}
