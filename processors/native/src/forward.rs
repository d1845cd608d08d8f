//! Events of a contact that is part of another one: see `at_ended` in `processors/lifecycle/transfers.py`.

use crate::contact::Contact;
use crate::event::Event;
use crate::plan::Name;
use crate::program::Program;
use crate::unsupported::Supported;

/// What even such a contact does not pass on.
const KEPT: [&str; 4] = ["contact_erased", "history_transferred", "merge_undone", "contact_identified"];

/// A record of contact-events: an event passed on to the contact that its own is part of.
pub struct Forwarded {
    pub key: Name,
    pub value: Vec<u8>,
}

/// Whether an event is passed on by a contact rather than folded.
pub fn passes_on(contact: &Contact, event: &Event) -> bool {
    contact.forward_to.is_some() && !contact.erased && !KEPT.contains(&event.kind)
}

/// Passes on an event, read from `bytes`; none where that changes nothing or is folded.
pub fn pass_on(
    program: &Program,
    contact: &mut Contact,
    event: &Event,
    bytes: &[u8],
) -> Supported<Option<Forwarded>> {
    let new = event.contact_id.is_some() && event.position > contact.position;
    let Some(into) = contact.forward_to.clone().filter(|_| new && passes_on(contact, event)) else {
        return Ok(None);
    };
    let value = program.decoder.of_contact(bytes, &into)?;
    contact.position = event.position;
    Ok(Some(Forwarded { key: into, value }))
}
