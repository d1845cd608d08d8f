//! Texts that are mostly short: ids of events, contacts and what the plan names.

use arrayvec::ArrayString;
use serde::Deserialize;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{Debug, Display, Formatter, Result};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

const SHORT: usize = 36; // as long as a UUID

/// A text that is cheap to make and to copy: a short one lies in place, a long one is shared.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Name(Text);

#[derive(Clone)]
enum Text {
    Short(ArrayString<SHORT>),
    Long(Arc<str>),
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Short(text) => text,
            Text::Long(text) => text,
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(ArrayString::from(text).map_or_else(|_| Text::Long(text.into()), Text::Short))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Debug for Name {
    fn fmt(&self, to: &mut Formatter) -> Result {
        Debug::fmt(&**self, to)
    }
}

impl Display for Name {
    fn fmt(&self, to: &mut Formatter) -> Result {
        Display::fmt(&**self, to)
    }
}
