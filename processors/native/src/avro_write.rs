//! Changes as Avro, binary encoding: told like the other forms, put in the order of the writer's schema.

use crate::avro_bytes::put_long;
use crate::avro_schema::{Fields, Schema, Shape};
use crate::plan::Name;
use crate::write::Sink;

const UNSET: (usize, usize) = (usize::MAX, usize::MAX);

/// Writes one record. `bytes` is what came of it, unless something did not fit the schema.
pub struct AvroWriter<'a> {
    records: &'a [Fields],
    out: Vec<u8>,
    next: Option<&'a Shape>, // of the value that comes next; none: the schema has no such field
    open: Vec<Open<'a>>,
    places: Vec<(usize, usize)>, // in `out`, of the fields of the records that are open
    fits: bool,
}

/// What is being written.
enum Open<'a> {
    /// `first`: in `places`; `guess`: number of the field that may come next.
    Record {
        fields: &'a Fields,
        start: usize,
        first: usize,
        field: Option<usize>,
        guess: usize,
    },
    Map(&'a Shape),
    List(&'a Shape),
}

impl<'a> AvroWriter<'a> {
    /// `out` is what comes before the record.
    pub fn new(schema: &'a Schema, out: Vec<u8>, root: &'a Shape) -> Self {
        Self {
            records: &schema.records,
            out,
            next: Some(root),
            open: Vec::new(),
            places: Vec::new(),
            fits: true,
        }
    }

    pub fn bytes(self) -> Option<Vec<u8>> {
        (self.fits && self.open.is_empty()).then_some(self.out)
    }

    /// How the value that comes next is written, its branch of a union chosen.
    fn take(&mut self, fits: impl Fn(&Shape) -> bool) -> Option<&'a Shape> {
        let found = match self.next? {
            Shape::Union(branches) => {
                let branch = branches.iter().position(fits);
                branch.map(|branch| {
                    self.long(branch as i64);
                    &branches[branch]
                })
            }
            one => fits(one).then_some(one),
        };
        self.fits &= found.is_some();
        found
    }

    fn long(&mut self, one: i64) {
        put_long(&mut self.out, one);
    }

    fn text(&mut self, one: &str) {
        self.long(one.len() as i64);
        self.out.extend_from_slice(one.as_bytes());
    }

    fn end_field(&mut self) {
        if let Some(Open::Record { first, field, .. }) = self.open.last_mut() {
            if let Some(field) = field.take() {
                self.places[*first + field].1 = self.out.len();
            }
        }
    }

    fn begin_field(&mut self, name: &str) {
        let Some(Open::Record { fields, first, field, guess, .. }) = self.open.last_mut() else { return };
        let is_it = |(known, _): &(Name, Shape)| &**known == name;
        // Most often it is the one behind the field before it.
        let found = fields.get(*guess).filter(|one| is_it(one)).map(|_| *guess);
        let found = found.or_else(|| fields.iter().position(is_it));
        self.next = found.map(|found| &fields[found].1);
        *field = found;
        if let Some(found) = found {
            *guess = found + 1;
            let place = &mut self.places[*first + found];
            self.fits &= *place == UNSET;
            *place = (self.out.len(), usize::MAX);
        }
    }

    /// Puts the fields of a record in the order of its schema.
    fn order(&mut self, start: usize, first: usize) {
        let places = self.places.split_off(first);
        self.fits &= !places.contains(&UNSET);
        if !self.fits || places.is_sorted() {
            return;
        }
        let mut ordered = Vec::with_capacity(self.out.len() - start);
        for (from, to) in places {
            ordered.extend_from_slice(&self.out[from..to]);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&ordered);
    }

    fn begin_block(&mut self, length: usize) {
        if length > 0 {
            self.long(length as i64);
        }
    }
}

impl Sink for AvroWriter<'_> {
    fn map(&mut self, length: usize) {
        match self.take(|shape| matches!(shape, Shape::Record(_) | Shape::Map(_))) {
            Some(Shape::Record(number)) => {
                let (fields, first) = (&self.records[*number], self.places.len());
                self.places.resize(first + fields.len(), UNSET);
                let start = self.out.len();
                self.open.push(Open::Record { fields, start, first, field: None, guess: 0 });
            }
            Some(Shape::Map(values)) => {
                self.begin_block(length);
                self.open.push(Open::Map(values));
            }
            _ => self.fits = false,
        }
    }

    fn end_map(&mut self) {
        self.end_field();
        match self.open.pop() {
            Some(Open::Record { start, first, .. }) => self.order(start, first),
            Some(Open::Map(_)) => self.long(0),
            _ => self.fits = false,
        }
    }

    fn key(&mut self, name: &str) {
        if let Some(Open::Map(values)) = self.open.last() {
            self.next = Some(values);
            self.text(name);
        } else {
            self.end_field();
            self.begin_field(name);
        }
    }

    fn list(&mut self, length: usize) {
        match self.take(|shape| matches!(shape, Shape::List(_))) {
            Some(Shape::List(items)) => {
                self.begin_block(length);
                self.open.push(Open::List(items));
            }
            _ => self.fits = false,
        }
    }

    fn item(&mut self) {
        if let Some(Open::List(items)) = self.open.last() {
            self.next = Some(items);
        }
    }

    fn end_list(&mut self) {
        match self.open.pop() {
            Some(Open::List(_)) => self.long(0),
            _ => self.fits = false,
        }
    }

    fn str(&mut self, one: &str) {
        match self.take(|shape| matches!(shape, Shape::Str | Shape::Enum(_))) {
            Some(Shape::Enum(symbols)) => match symbols.iter().position(|symbol| &**symbol == one) {
                Some(symbol) => self.long(symbol as i64),
                None => self.fits = false,
            },
            Some(_) => self.text(one),
            None => {}
        }
    }

    fn int(&mut self, one: i64) {
        if self.take(|shape| matches!(shape, Shape::Long)).is_some() {
            self.long(one);
        }
    }

    fn bool(&mut self, one: bool) {
        if self.take(|shape| matches!(shape, Shape::Bool)).is_some() {
            self.out.push(u8::from(one));
        }
    }

    fn nil(&mut self) {
        self.take(|shape| matches!(shape, Shape::Null));
    }
}
