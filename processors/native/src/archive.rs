//! Segment files of an archive, see `schemas/archived.py`: contact after contact, over several files at once.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result};
use std::ops::Range;
use zstd::bulk::Decompressor;

const SYNC_BYTES: usize = 16;
const MOST_PACKED: usize = 64 << 20;
const BUFFER: usize = 1 << 18;

/// A record at the head of a segment; key and value are places in its block.
struct Head {
    key: Range<usize>,
    offset: i64,
    value: Range<usize>,
}

/// One file, read in its order. Holds one block, in room that the next one takes over.
struct Segment {
    file: BufReader<File>,
    sync: Vec<u8>,
    most: usize, // bytes of a block
    packed: Vec<u8>,
    block: Vec<u8>,
    at: usize,
    left: u64, // records of the block behind the head
    head: Option<Head>,
}

impl Segment {
    fn open(path: &str, header: &[u8], most: usize, unpacker: &mut Decompressor) -> Result<Self> {
        let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
        let mut start = vec![0; header.len()];
        file.read_exact(&mut start)?;
        if start != header {
            return Err(damaged("not a segment of an archive"));
        }
        let sync = header[header.len() - SYNC_BYTES..].to_vec();
        let (packed, block) = (Vec::new(), Vec::new());
        let mut segment = Self { file, sync, most, packed, block, at: 0, left: 0, head: None };
        segment.advance(unpacker)?;
        Ok(segment)
    }

    fn key(&self) -> Option<&[u8]> {
        self.head.as_ref().map(|head| &self.block[head.key.clone()])
    }

    /// Takes the next record to the head; none at the end of the file.
    fn advance(&mut self, unpacker: &mut Decompressor) -> Result<()> {
        self.head = None;
        if self.left == 0 {
            if self.at != self.block.len() {
                return Err(damaged("a block does not end where its records do"));
            }
            if !self.next_block(unpacker)? {
                return Ok(());
            }
        }
        self.head = Some(Head::read(&self.block, &mut self.at)?);
        self.left -= 1;
        Ok(())
    }

    fn next_block(&mut self, unpacker: &mut Decompressor) -> Result<bool> {
        let mut first = [0];
        if self.file.read(&mut first)? == 0 {
            return Ok(false);
        }
        let count = long_from(first[0], || byte(&mut self.file))?;
        let size = usize::try_from(long(&mut self.file)?).ok().filter(|size| *size <= MOST_PACKED);
        self.packed.resize(size.ok_or_else(|| damaged("a block is too large"))?, 0);
        self.file.read_exact(&mut self.packed)?;
        let mut sync = [0; SYNC_BYTES];
        self.file.read_exact(&mut sync)?;
        if sync[..] != self.sync {
            return Err(damaged("a block does not end with the sync marker"));
        }
        self.block.clear();
        self.block.reserve_exact(self.most);
        unpacker.decompress_to_buffer(&self.packed, &mut self.block)?;
        self.at = 0;
        self.left = u64::try_from(count)
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| damaged("a block of no records"))?;
        Ok(true)
    }
}

impl Head {
    fn read(block: &[u8], at: &mut usize) -> Result<Self> {
        Ok(Self { key: bytes_at(block, at)?, offset: long_at(block, at)?, value: bytes_at(block, at)? })
    }
}

/// Offset and value of each record of a key.
pub type Found = Vec<(i64, Vec<u8>)>;

/// Finds the records of a key in a packed block, and whether it goes on beyond them.
pub fn find(packed: &[u8], most: usize, count: u64, key: &[u8]) -> Result<(Found, bool)> {
    let block = Decompressor::new()?.decompress(packed, most)?;
    let (mut at, mut found) = (0, Vec::new());
    for _ in 0..count {
        let head = Head::read(&block, &mut at)?;
        match block[head.key].cmp(key) {
            Ordering::Less => {}
            Ordering::Equal => found.push((head.offset, block[head.value].to_vec())),
            Ordering::Greater => return Ok((found, true)),
        }
    }
    if at == block.len() {
        Ok((found, false))
    } else {
        Err(damaged("a block does not end where its records do"))
    }
}

fn long_at(block: &[u8], at: &mut usize) -> Result<i64> {
    let mut next = || {
        let byte = *block.get(*at).ok_or_else(|| damaged("a block is cut short"))?;
        *at += 1;
        Ok(byte)
    };
    long_from(next()?, next)
}

fn bytes_at(block: &[u8], at: &mut usize) -> Result<Range<usize>> {
    let size = usize::try_from(long_at(block, at)?).map_err(|_| damaged("a negative length"))?;
    let end = at.checked_add(size).filter(|end| *end <= block.len());
    let place = *at..end.ok_or_else(|| damaged("a block is cut short"))?;
    *at = place.end;
    Ok(place)
}

/// The segments of a partition, in order of their offsets.
pub struct Partition {
    segments: Vec<Segment>,
    unpacker: Decompressor<'static>,
}

impl Partition {
    /// `header`: how every segment starts; `most`: bytes that a block may unpack to.
    pub fn open(paths: &[String], header: &[u8], most: usize) -> Result<Self> {
        if header.len() < SYNC_BYTES {
            return Err(damaged("no header"));
        }
        let mut unpacker = Decompressor::new()?;
        let open = |path: &String| {
            Segment::open(path, header, most, &mut unpacker)
                .map_err(|error| Error::new(error.kind(), format!("{path}: {error}")))
        };
        let segments = paths.iter().map(open).collect::<Result<_>>()?;
        Ok(Self { segments, unpacker })
    }

    /// The contact that comes next.
    pub fn next_key(&self) -> Option<Vec<u8>> {
        self.segments.iter().filter_map(Segment::key).min().map(<[u8]>::to_vec)
    }

    /// Gives every record of the contact that comes next, in order of offsets.
    pub fn each<E: From<Error>>(
        &mut self,
        key: &[u8],
        mut take: impl FnMut(i64, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        for segment in &mut self.segments {
            while let Some(head) =
                segment.head.as_ref().filter(|head| &segment.block[head.key.clone()] == key)
            {
                take(head.offset, &segment.block[head.value.clone()])?;
                segment.advance(&mut self.unpacker)?;
            }
        }
        Ok(())
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the file is damaged: {what}"))
}

fn byte(file: &mut impl Read) -> Result<u8> {
    let mut one = [0];
    file.read_exact(&mut one)?;
    Ok(one[0])
}

fn long(file: &mut impl Read) -> Result<i64> {
    let first = byte(file)?;
    long_from(first, || byte(file))
}

/// A zigzag integer of 64 bits at most.
fn long_from(first: u8, mut next: impl FnMut() -> Result<u8>) -> Result<i64> {
    let (mut value, mut shift, mut byte) = (0_u64, 0, first);
    loop {
        if shift == 63 && byte > 1 {
            return Err(damaged("an integer longer than 64 bits"));
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
        shift += 7;
        byte = next()?;
    }
}
