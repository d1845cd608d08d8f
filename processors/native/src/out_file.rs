//! A file whose end can be taken back.

use std::fs::File;
use std::io::{BufWriter, Error, Seek, SeekFrom, Write};

const BUFFER: usize = 1 << 20;

/// A file that is written from its start; `place` counts the bytes.
pub struct Out {
    file: BufWriter<File>,
    place: u64,
}

impl Out {
    /// None where no file is asked for.
    pub fn open(path: Option<&String>) -> Result<Option<Self>, Error> {
        let open = |path| Ok(Self { file: BufWriter::with_capacity(BUFFER, File::create(path)?), place: 0 });
        path.map(open).transpose()
    }

    /// Where the next byte goes.
    pub fn place(&self) -> u64 {
        self.place
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.place += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        self.file.flush()
    }

    /// Takes back what was written from there on.
    pub fn back_to(&mut self, place: u64) -> Result<(), Error> {
        self.flush()?;
        self.file.get_ref().set_len(place)?;
        self.place = place;
        self.file.seek(SeekFrom::Start(place)).map(drop)
    }
}
