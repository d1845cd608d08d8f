//! What behaviours are written about: an event's fields, or of a custom event its own name and properties.

use crate::event::{Event, Value};
use crate::plan::Name;

/// A field of an event, resolved from its name once.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Type,
    EventId,
    ContactId,
    AnonymousId,
    Email,
    OccurredAt,
    ReceivedAt,
    Source,
    Campaign,
    Medium,
    CompanyId,
    Position,
    Other(Name),
}

impl Field {
    pub fn new(name: &Name) -> Self {
        match &**name {
            "type" => Self::Type,
            "event_id" => Self::EventId,
            "contact_id" => Self::ContactId,
            "anonymous_id" => Self::AnonymousId,
            "email" => Self::Email,
            "occurred_at" => Self::OccurredAt,
            "received_at" => Self::ReceivedAt,
            "source" => Self::Source,
            "campaign" => Self::Campaign,
            "medium" => Self::Medium,
            "company_id" => Self::CompanyId,
            "position" => Self::Position,
            _ => Self::Other(name.clone()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Type => "type",
            Self::EventId => "event_id",
            Self::ContactId => "contact_id",
            Self::AnonymousId => "anonymous_id",
            Self::Email => "email",
            Self::OccurredAt => "occurred_at",
            Self::ReceivedAt => "received_at",
            Self::Source => "source",
            Self::Campaign => "campaign",
            Self::Medium => "medium",
            Self::CompanyId => "company_id",
            Self::Position => "position",
            Self::Other(name) => name,
        }
    }
}

/// An event under the name that behaviours know it by; `properties` of a custom event come before its header.
pub struct Subject<'e> {
    pub name: &'e str,
    event: &'e Event<'e>,
    properties: Option<&'e [(&'e str, Value<'e>)]>,
}

impl<'e> Subject<'e> {
    /// `is_standard`: whether a name is a record's, which no custom event can pass for.
    pub fn new(event: &'e Event<'e>, is_standard: impl Fn(&str) -> bool) -> Self {
        if event.kind == "custom_event" {
            if let Some(Value::Str(name)) = event.field("name") {
                if !is_standard(name) {
                    let properties = match event.field("properties") {
                        Some(Value::Map(properties)) => Some(&properties[..]),
                        _ => None,
                    };
                    return Self { name, event, properties };
                }
            }
        }
        Self { name: event.kind, event, properties: None }
    }

    /// A field's value; null when it is absent.
    pub fn get(&self, field: &Field) -> Value<'e> {
        if let Some(properties) = self.properties {
            let name = field.name();
            if let Some((_, value)) = properties.iter().find(|(known, _)| *known == name) {
                return value.clone();
            }
        }
        let event = self.event;
        let text = |value: Option<&'e str>| value.map_or(Value::Null, Value::Str);
        match field {
            Field::Type => Value::Str(event.kind),
            Field::EventId => Value::Str(event.event_id),
            Field::ContactId => text(event.contact_id),
            Field::AnonymousId => text(event.anonymous_id),
            Field::Email => text(event.email),
            Field::OccurredAt => Value::Int(event.occurred_at),
            Field::ReceivedAt => event.received_at.map_or(Value::Null, Value::Int),
            Field::Source => text(event.source),
            Field::Campaign => text(event.campaign),
            Field::Medium => text(event.medium),
            Field::CompanyId => text(event.company_id),
            Field::Position => Value::Int(event.position),
            Field::Other(name) => event.field(name).cloned().unwrap_or(Value::Null),
        }
    }
}
