//! `MessagePack` as `msgpack.packb` writes it: every number in its shortest form.

use crate::unsupported::{Supported, Unsupported};

pub struct Packer<'a>(pub &'a mut Vec<u8>);

impl Packer<'_> {
    pub fn nil(&mut self) {
        self.0.push(0xc0);
    }

    pub fn bool(&mut self, one: bool) {
        self.0.push(if one { 0xc3 } else { 0xc2 });
    }

    pub fn int(&mut self, one: i64) {
        match one {
            0.. => self.uint(one as u64),
            -0x20..=-1 => self.0.push(one as u8),
            -0x80..=-0x21 => self.sized(0xd0, &(one as i8).to_be_bytes()),
            -0x8000..=-0x81 => self.sized(0xd1, &(one as i16).to_be_bytes()),
            -0x8000_0000..=-0x8001 => self.sized(0xd2, &(one as i32).to_be_bytes()),
            _ => self.sized(0xd3, &one.to_be_bytes()),
        }
    }

    pub fn uint(&mut self, one: u64) {
        match one {
            0..=0x7f => self.0.push(one as u8),
            0x80..=0xff => self.sized(0xcc, &[one as u8]),
            0x100..=0xffff => self.sized(0xcd, &(one as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.sized(0xce, &(one as u32).to_be_bytes()),
            _ => self.sized(0xcf, &one.to_be_bytes()),
        }
    }

    pub fn maybe_int(&mut self, one: Option<i64>) {
        match one {
            Some(one) => self.int(one),
            None => self.nil(),
        }
    }

    pub fn str(&mut self, one: &str) {
        match one.len() {
            length @ 0..=31 => self.0.push(0xa0 | length as u8),
            length => self.length(length, [0xd9, 0xda, 0xdb]),
        }
        self.0.extend_from_slice(one.as_bytes());
    }

    pub fn maybe_str(&mut self, one: Option<&str>) {
        match one {
            Some(one) => self.str(one),
            None => self.nil(),
        }
    }

    pub fn bin(&mut self, one: &[u8]) {
        self.length(one.len(), [0xc4, 0xc5, 0xc6]);
        self.0.extend_from_slice(one);
    }

    pub fn array(&mut self, length: usize) {
        match length {
            0..=15 => self.0.push(0x90 | length as u8),
            _ => self.long(length, [0xdc, 0xdd]),
        }
    }

    pub fn map(&mut self, length: usize) {
        match length {
            0..=15 => self.0.push(0x80 | length as u8),
            _ => self.long(length, [0xde, 0xdf]),
        }
    }

    pub fn ext(&mut self, code: u8, one: &[u8]) {
        match one.len() {
            1 => self.0.push(0xd4),
            2 => self.0.push(0xd5),
            4 => self.0.push(0xd6),
            8 => self.0.push(0xd7),
            16 => self.0.push(0xd8),
            length => self.length(length, [0xc7, 0xc8, 0xc9]),
        }
        self.0.push(code);
        self.0.extend_from_slice(one);
    }

    fn sized(&mut self, mark: u8, bytes: &[u8]) {
        self.0.push(mark);
        self.0.extend_from_slice(bytes);
    }

    fn length(&mut self, length: usize, marks: [u8; 3]) {
        match length {
            0..=0xff => self.sized(marks[0], &[length as u8]),
            _ => self.long(length, [marks[1], marks[2]]),
        }
    }

    fn long(&mut self, length: usize, marks: [u8; 2]) {
        match length {
            0..=0xffff => self.sized(marks[0], &(length as u16).to_be_bytes()),
            _ => self.sized(marks[1], &(length as u32).to_be_bytes()),
        }
    }
}

/// Reads what a `Packer` wrote; anything unexpected is an error, never a panic.
pub struct Unpacker<'a>(pub &'a [u8]);

fn odd(what: &str) -> Unsupported {
    Unsupported(format!("a state that cannot be read: {what}"))
}

impl<'a> Unpacker<'a> {
    pub fn take(&mut self, length: usize) -> Supported<&'a [u8]> {
        if length > self.0.len() {
            return Err(odd("cut short"));
        }
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Supported<u64> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn size(&mut self, width: usize) -> Supported<usize> {
        self.number(width).map(|size| size as usize)
    }

    fn mark(&mut self) -> Supported<u8> {
        self.take(1).map(|taken| taken[0])
    }

    /// Whether nil comes next, which is then taken.
    pub fn nil(&mut self) -> bool {
        let nil = self.0.first() == Some(&0xc0);
        if nil {
            self.0 = &self.0[1..];
        }
        nil
    }

    pub fn bool(&mut self) -> Supported<bool> {
        match self.mark()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(odd("no boolean")),
        }
    }

    pub fn int(&mut self) -> Supported<i64> {
        Ok(match self.mark()? {
            mark @ 0..=0x7f => i64::from(mark),
            mark @ 0xe0.. => i64::from(mark as i8),
            0xcc => self.number(1)? as i64,
            0xcd => self.number(2)? as i64,
            0xce => self.number(4)? as i64,
            0xcf => i64::try_from(self.number(8)?).map_err(|_| odd("a number beyond 63 bits"))?,
            0xd0 => i64::from(self.number(1)? as i8),
            0xd1 => i64::from(self.number(2)? as i16),
            0xd2 => i64::from(self.number(4)? as i32),
            0xd3 => self.number(8)? as i64,
            _ => return Err(odd("no number")),
        })
    }

    /// A number of 64 bits without sign.
    pub fn uint(&mut self) -> Supported<u64> {
        if self.0.first() == Some(&0xcf) {
            self.0 = &self.0[1..];
            return self.number(8);
        }
        u64::try_from(self.int()?).map_err(|_| odd("a negative number"))
    }

    pub fn str(&mut self) -> Supported<&'a str> {
        let length = match self.mark()? {
            mark @ 0xa0..=0xbf => usize::from(mark & 31),
            0xd9 => self.size(1)?,
            0xda => self.size(2)?,
            0xdb => self.size(4)?,
            _ => return Err(odd("no text")),
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| odd("no UTF-8"))
    }

    pub fn bin(&mut self) -> Supported<&'a [u8]> {
        let length = match self.mark()? {
            0xc4 => self.size(1)?,
            0xc5 => self.size(2)?,
            0xc6 => self.size(4)?,
            _ => return Err(odd("no bytes")),
        };
        self.take(length)
    }

    pub fn array(&mut self) -> Supported<usize> {
        let length = match self.mark()? {
            mark @ 0x90..=0x9f => usize::from(mark & 15),
            0xdc => self.size(2)?,
            0xdd => self.size(4)?,
            _ => return Err(odd("no list")),
        };
        self.believable(length)
    }

    pub fn map(&mut self) -> Supported<usize> {
        let length = match self.mark()? {
            mark @ 0x80..=0x8f => usize::from(mark & 15),
            0xde => self.size(2)?,
            0xdf => self.size(4)?,
            _ => return Err(odd("no map")),
        };
        self.believable(length)
    }

    /// Code and bytes of an extension, where one comes next.
    pub fn ext(&mut self) -> Supported<(u8, &'a [u8])> {
        let length = match self.mark()? {
            0xd4 => 1,
            0xd5 => 2,
            0xd6 => 4,
            0xd7 => 8,
            0xd8 => 16,
            0xc7 => self.size(1)?,
            0xc8 => self.size(2)?,
            0xc9 => self.size(4)?,
            _ => return Err(odd("no extension")),
        };
        Ok((self.mark()?, self.take(length)?))
    }

    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Every item takes a byte at least.
    fn believable(&self, length: usize) -> Supported<usize> {
        (length <= self.0.len()).then_some(length).ok_or_else(|| odd("cut short"))
    }

    /// A list of exactly so many.
    pub fn exactly(&mut self, length: usize) -> Supported<()> {
        (self.array()? == length).then_some(()).ok_or_else(|| odd("a list of another length"))
    }
}
