//! Which behaviours an event is, see `processors/lifecycle/matching.py`.

use crate::decimal::Dec;
use crate::event::Value;
use crate::glob::{path_of, Glob};
use crate::plan::{Behaviour, Name, Scalar, Test, Wanted};
use crate::subject::{Field, Subject};
use crate::unsupported::{give_up, Supported, Unsupported};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::cmp::Ordering;

pub type Bits = u128;

/// How each character folds that does not fold to itself: what the reference's Python does, handed over.
#[derive(Default)]
pub struct CaseFolding(FxHashMap<char, Box<str>>);

impl CaseFolding {
    pub fn new(folds: Vec<(char, Box<str>)>) -> Self {
        Self(folds.into_iter().collect())
    }

    pub fn fold(&self, text: &str) -> String {
        if text.is_ascii() {
            return text.to_ascii_lowercase();
        }
        let mut folded = String::with_capacity(text.len() + 8);
        for one in text.chars() {
            match self.0.get(&one) {
                Some(other) => folded.push_str(other),
                None => folded.push(one),
            }
        }
        folded
    }
}

/// A value that a test compares with.
pub enum Known {
    Bool(bool),
    Number(Dec),
    Str(Name),
}

impl Known {
    fn new(scalar: &Scalar) -> Supported<Self> {
        Ok(match scalar {
            Scalar::Bool(one) => Self::Bool(*one),
            Scalar::Int(one) => Self::Number(Dec::from(*one)),
            Scalar::Str(one) => Self::Str(one.clone()),
            Scalar::Decimal { value } => Self::Number(
                Dec::parse(value).ok_or_else(|| Unsupported(format!("{value} has too many digits")))?,
            ),
        })
    }

    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(wanted), Value::Bool(one)) => wanted == one,
            (Self::Str(wanted), Value::Str(one)) => **wanted == **one,
            (Self::Number(wanted), _) => number(value).is_some_and(|one| one == *wanted),
            _ => false,
        }
    }
}

fn number(value: &Value) -> Option<Dec> {
    match value {
        Value::Int(one) => Some(Dec::from(*one)),
        Value::Dec(one) => Some(*one),
        _ => None,
    }
}

/// A test of one value.
pub enum Predicate {
    Is(Vec<Known>),
    IsNot(Known),
    IsNone(Vec<Known>),
    Ordered(Dec, fn(Ordering) -> bool),
    StartsWith(Name),
    EndsWith(Name),
    Contains(Vec<String>),
    Path(Glob),
    Exists(bool),
}

impl Predicate {
    pub fn new(test: &Test, folding: &CaseFolding) -> Supported<Self> {
        let refusal = || Unsupported(format!("a test {} with such a value", test.op));
        let one = || match &test.value {
            Wanted::One(scalar) => Known::new(scalar),
            Wanted::Many(_) => Err(refusal()),
        };
        let many = || match &test.value {
            Wanted::One(_) => Err(refusal()),
            Wanted::Many(scalars) => scalars.iter().map(Known::new).collect::<Supported<Vec<_>>>(),
        };
        let string = || match &test.value {
            Wanted::One(Scalar::Str(wanted)) => Ok(wanted.clone()),
            _ => Err(refusal()),
        };
        let ordered = |passes: fn(Ordering) -> bool| match one()? {
            Known::Number(wanted) => Ok(Self::Ordered(wanted, passes)),
            _ => Err(refusal()),
        };
        match &*test.op {
            "eq" => Ok(Self::Is(vec![one()?])),
            "ne" => Ok(Self::IsNot(one()?)),
            "in" => Ok(Self::Is(many()?)),
            "not_in" => Ok(Self::IsNone(many()?)),
            "gte" => ordered(Ordering::is_ge),
            "gt" => ordered(Ordering::is_gt),
            "lte" => ordered(Ordering::is_le),
            "lt" => ordered(Ordering::is_lt),
            "starts_with" => Ok(Self::StartsWith(string()?)),
            "ends_with" => Ok(Self::EndsWith(string()?)),
            "contains" => Ok(Self::Contains(vec![folding.fold(&string()?)])),
            "contains_any" => {
                let texts = many()?.into_iter().map(|known| match known {
                    Known::Str(wanted) => Ok(folding.fold(&wanted)),
                    _ => Err(refusal()),
                });
                Ok(Self::Contains(texts.collect::<Supported<_>>()?))
            }
            "path" => Ok(Self::Path(Glob::new(&string()?))),
            "exists" => match one()? {
                Known::Bool(wanted) => Ok(Self::Exists(wanted)),
                _ => Err(refusal()),
            },
            _ => Err(refusal()),
        }
    }

    pub fn passes(&self, value: &Value, folding: &CaseFolding) -> bool {
        match self {
            Self::Is(wanted) => wanted.iter().any(|one| one.is(value)),
            Self::IsNot(wanted) => !wanted.is(value),
            Self::IsNone(wanted) => *value != Value::Null && !wanted.iter().any(|one| one.is(value)),
            Self::Ordered(wanted, passes) => number(value).is_some_and(|one| passes(one.cmp(wanted))),
            Self::Exists(wanted) => (*value != Value::Null) == *wanted,
            Self::StartsWith(start) => matches!(value, Value::Str(one) if one.starts_with(&**start)),
            Self::EndsWith(end) => matches!(value, Value::Str(one) if one.ends_with(&**end)),
            Self::Contains(needles) => matches!(value, Value::Str(one) if {
                let folded = folding.fold(one);
                needles.iter().any(|needle| folded.contains(needle))
            }),
            Self::Path(glob) => matches!(value, Value::Str(one) if glob.matches(path_of(one))),
        }
    }
}

/// The behaviours of one type of event, by what they test: their bits and the tests, by place in `fields`.
#[derive(Default)]
struct OfEvent {
    fields: Vec<Field>,
    atoms: Vec<(Bits, Vec<(usize, Predicate)>)>,
    written: Vec<Vec<Test>>, // the tests of each of `atoms` as the plan has them
}

/// Which behaviours an event is, as a bit mask: bit i is behaviour i.
#[derive(Default)]
pub struct Matcher(FxHashMap<Name, OfEvent>);

impl Matcher {
    pub fn new(behaviours: &[Behaviour], folding: &CaseFolding) -> Supported<Self> {
        let mut by_event: FxHashMap<Name, OfEvent> = FxHashMap::default();
        for (index, behaviour) in behaviours.iter().enumerate() {
            for atom in &behaviour.atoms {
                let matcher = by_event.entry(atom.event.clone()).or_default();
                if let Some(same) = matcher.written.iter().position(|tests| *tests == atom.tests) {
                    matcher.atoms[same].0 |= 1 << index; // what several behaviours ask for is tested once
                    continue;
                }
                let mut tests = Vec::new();
                for test in &atom.tests {
                    let field = Field::new(&test.field);
                    let place = matcher.fields.iter().position(|known| *known == field);
                    let place = place.unwrap_or_else(|| {
                        matcher.fields.push(field);
                        matcher.fields.len() - 1
                    });
                    tests.push((place, Predicate::new(test, folding)?));
                }
                matcher.atoms.push((1 << index, tests));
                matcher.written.push(atom.tests.clone());
            }
        }
        Ok(Self(by_event))
    }

    pub fn of(&self, subject: &Subject, folding: &CaseFolding) -> Bits {
        let Some(matcher) = self.0.get(subject.name) else { return 0 };
        let values: Vec<(Value, OnceCell<&str>)> =
            matcher.fields.iter().map(|field| (subject.get(field), OnceCell::new())).collect();
        if values.iter().any(|(value, _)| matches!(value, Value::Map(_) | Value::Bytes(_))) {
            give_up("a behaviour tests a field that is a map or bytes");
        }
        let passes = |place: usize, predicate: &Predicate| match (predicate, &values[place]) {
            (Predicate::Path(glob), (Value::Str(url), path)) => {
                glob.matches(path.get_or_init(|| path_of(url))) // found once for all globs
            }
            (_, (value, _)) => predicate.passes(value, folding),
        };
        let mut mask = 0;
        for (bit, tests) in &matcher.atoms {
            if tests.iter().all(|(place, predicate)| passes(*place, predicate)) {
                mask |= bit;
            }
        }
        mask
    }
}
