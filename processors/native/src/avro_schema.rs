//! Schemas that outputs are written in, as `.avsc` has them.

use crate::plan::Name;
use rustc_hash::FxHashMap;
use serde_json::Value as Json;

/// How a value is written.
pub enum Shape {
    Null,
    Bool,
    Long,
    Str,
    Enum(Vec<Name>),
    Union(Vec<Shape>), // of null and one other
    List(Box<Shape>),
    Map(Box<Shape>),
    Record(usize), // its number in the schema
}

pub type Fields = Vec<(Name, Shape)>;

/// The records of one schema; the first is the one that the schema is for.
pub struct Schema {
    pub records: Vec<Fields>,
}

impl Schema {
    /// None for a schema with something in it that is not written here.
    pub fn new(schema: &Json) -> Option<Self> {
        let mut reading = Reading::default();
        let shape = reading.shape(schema)?;
        matches!(shape, Shape::Record(0)).then_some(Self { records: reading.records })
    }
}

#[derive(Default)]
struct Reading {
    records: Vec<Fields>,
    named: FxHashMap<String, usize>,
}

impl Reading {
    fn shape(&mut self, schema: &Json) -> Option<Shape> {
        if let Some(branches) = schema.as_array() {
            return self.union(branches);
        }
        match (schema.as_str().or_else(|| schema["type"].as_str())?, &schema["logicalType"]) {
            ("int" | "long", Json::Null) => Some(Shape::Long),
            ("long", kept) if kept == "timestamp-millis" => Some(Shape::Long), // kept as a number
            (_, kept) if !kept.is_null() => None,
            ("boolean", _) => Some(Shape::Bool),
            ("string", _) => Some(Shape::Str),
            ("null", _) => Some(Shape::Null),
            ("enum", _) => {
                let symbols = schema["symbols"].as_array()?.iter();
                Some(Shape::Enum(symbols.map(|one| one.as_str().map(Name::from)).collect::<Option<_>>()?))
            }
            ("array", _) => Some(Shape::List(Box::new(self.shape(&schema["items"])?))),
            ("map", _) => Some(Shape::Map(Box::new(self.shape(&schema["values"])?))),
            ("record", _) => self.record(schema),
            (name, _) => self.named.get(name).map(|number| Shape::Record(*number)),
        }
    }

    /// Only where there is no choice which branch a value takes.
    fn union(&mut self, branches: &[Json]) -> Option<Shape> {
        let branches = branches.iter().map(|one| self.shape(one)).collect::<Option<Vec<_>>>()?;
        let nulls = branches.iter().filter(|one| matches!(one, Shape::Null)).count();
        let plain = branches.iter().all(|one| !matches!(one, Shape::Union(_)));
        (plain && branches.len() == 2 && nulls == 1).then_some(Shape::Union(branches))
    }

    fn record(&mut self, schema: &Json) -> Option<Shape> {
        let number = self.records.len();
        self.records.push(Vec::new());
        self.named.insert(schema["name"].as_str()?.to_owned(), number);
        for field in schema["fields"].as_array()? {
            let one = (field["name"].as_str()?.into(), self.shape(&field["type"])?);
            self.records[number].push(one);
        }
        Some(Shape::Record(number))
    }
}
