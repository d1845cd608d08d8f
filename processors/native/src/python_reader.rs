//! Records read into values of Python: what `schemas/reader.py` reads, the same way, where nothing is odd.

use crate::avro_bytes::{odd, Bytes};
use crate::python::NeedsReference;
use crate::unsupported::{guarded, Supported};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};
use pyo3::IntoPyObject;
use rustc_hash::FxHashMap;
use serde_json::Value as Json;
use std::sync::Arc;

/// How a value is written.
#[derive(Clone)]
enum Shape {
    Null,
    Bool,
    Long,
    Double,
    Str,
    Bytes,
    Decimal { scale: u64, make: Arc<Py<PyAny>> },
    Enum(Arc<[Py<PyString>]>),
    Union(Arc<[Shape]>),
    List(Arc<Shape>),
    Map(Arc<Shape>),
    Record(Arc<[(Py<PyString>, Shape)]>),
}

/// Reads records of one schema; see the stub.
#[pyclass(frozen)]
pub struct Reader(Shape);

#[pymethods]
impl Reader {
    #[new]
    fn new(py: Python<'_>, schema: &str) -> PyResult<Self> {
        let schema = serde_json::from_str(schema).unwrap_or_default();
        let make = Arc::new(py.import("decimal")?.getattr("Decimal")?.unbind());
        let shape = Schema { py, named: FxHashMap::default(), make }.shape(&schema);
        shape
            .map(Self)
            .ok_or_else(|| NeedsReference::new_err("a schema with something in it that is not read here"))
    }

    /// Reads a record; see the stub.
    fn read<'py>(&self, py: Python<'py>, raw: &[u8], start: usize) -> Option<(Bound<'py, PyAny>, usize)> {
        let read = || {
            let mut bytes = Bytes(raw.get(start..).ok_or_else(|| odd("cut short"))?);
            let record = self.0.read(py, &mut bytes)?;
            Ok((record, raw.len() - bytes.0.len()))
        };
        guarded(read).ok()
    }
}

struct Schema<'py> {
    py: Python<'py>,
    /// Of types that were read to their end: one that holds itself is left to the reference.
    named: FxHashMap<String, Shape>,
    make: Arc<Py<PyAny>>,
}

impl Schema<'_> {
    fn shape(&mut self, schema: &Json) -> Option<Shape> {
        if let Some(branches) = schema.as_array() {
            return Some(Shape::Union(branches.iter().map(|one| self.shape(one)).collect::<Option<_>>()?));
        }
        if schema["logicalType"] == "decimal" {
            return Some(Shape::Decimal { scale: schema["scale"].as_u64()?, make: self.make.clone() });
        }
        Some(match schema.as_str().or_else(|| schema["type"].as_str())? {
            "null" => Shape::Null,
            "boolean" => Shape::Bool,
            "int" | "long" => Shape::Long,
            "double" => Shape::Double,
            "string" => Shape::Str,
            "bytes" => Shape::Bytes,
            "array" => Shape::List(Arc::new(self.shape(&schema["items"])?)),
            "map" => Shape::Map(Arc::new(self.shape(&schema["values"])?)),
            "enum" => {
                let symbols = schema["symbols"].as_array()?.iter().map(|symbol| self.name(symbol));
                let shape = Shape::Enum(symbols.collect::<Option<_>>()?);
                self.known_as(schema, shape)?
            }
            "record" => {
                let mut fields = Vec::new();
                for field in schema["fields"].as_array()? {
                    fields.push((self.name(&field["name"])?, self.shape(&field["type"])?));
                }
                self.known_as(schema, Shape::Record(fields.into()))?
            }
            name => self.named.get(name)?.clone(),
        })
    }

    fn name(&self, text: &Json) -> Option<Py<PyString>> {
        Some(PyString::intern(self.py, text.as_str()?).unbind())
    }

    fn known_as(&mut self, schema: &Json, shape: Shape) -> Option<Shape> {
        self.named.insert(schema["name"].as_str()?.to_owned(), shape.clone());
        Some(shape)
    }
}

impl Shape {
    fn read<'py>(&self, py: Python<'py>, bytes: &mut Bytes<'_>) -> Supported<Bound<'py, PyAny>> {
        Ok(match self {
            Self::Null => py.None().into_bound(py),
            Self::Bool => match bytes.byte()? {
                flag @ 0..=1 => PyBool::new(py, flag == 1).to_owned().into_any(),
                _ => return Err(odd("no boolean")),
            },
            Self::Long => PyInt::new(py, bytes.long()?).into_any(),
            Self::Double => PyFloat::new(py, bytes.double()?).into_any(),
            Self::Str => PyString::new(py, bytes.str()?).into_any(),
            Self::Bytes => PyBytes::new(py, bytes.bytes()?).into_any(),
            Self::Decimal { scale, make } => {
                let text = format!("{}E-{scale}", bytes.unscaled()?);
                make.bind(py).call1((text,)).map_err(|_| odd("no decimal"))?
            }
            Self::Enum(symbols) => chosen(symbols, bytes)?.bind(py).clone().into_any(),
            Self::Union(branches) => chosen(branches, bytes)?.read(py, bytes)?,
            Self::List(item) => {
                let found = PyList::empty(py);
                each(bytes, |bytes| found.append(item.read(py, bytes)?).map_err(|_| odd("no list")))?;
                found.into_any()
            }
            Self::Map(value) => {
                let (found, mut count) = (PyDict::new(py), 0);
                each(bytes, |bytes| {
                    count += 1;
                    put(&found, bytes.str()?, value.read(py, bytes)?)
                })?;
                if found.len() < count {
                    return Err(odd("a key given twice"));
                }
                found.into_any()
            }
            Self::Record(fields) => {
                let record = PyDict::new(py);
                for (name, shape) in fields.iter() {
                    put(&record, name.bind(py), shape.read(py, bytes)?)?;
                }
                record.into_any()
            }
        })
    }
}

fn put<'py>(
    into: &Bound<'py, PyDict>,
    key: impl IntoPyObject<'py>,
    value: Bound<'py, PyAny>,
) -> Supported<()> {
    into.set_item(key, value).map_err(|_| odd("no entry"))
}

fn chosen<'a, T>(from: &'a [T], bytes: &mut Bytes<'_>) -> Supported<&'a T> {
    let number = usize::try_from(bytes.long()?).ok();
    number.and_then(|number| from.get(number)).ok_or_else(|| odd("an unknown index"))
}

/// Reads items in blocks, each of which says how many it has, until one has none.
fn each<'a>(bytes: &mut Bytes<'a>, mut item: impl FnMut(&mut Bytes<'a>) -> Supported<()>) -> Supported<()> {
    loop {
        let count = usize::try_from(bytes.long()?).map_err(|_| odd("a block with its size"))?;
        if count == 0 {
            return Ok(());
        }
        if count > bytes.0.len() {
            return Err(odd("cut short")); // or items that take no byte, which could be without end
        }
        for _ in 0..count {
            item(bytes)?;
        }
    }
}
