//! A contact as another definition would have had it, from the events of its log: see `processors/lifecycle/lived.py`.

use crate::contact::Contact;
use crate::event::Event;
use crate::forward::passes_on;
use crate::identified::identify_again;

const ANSWERS: [&str; 2] = ["handoff_accepted", "handoff_rejected"];

/// Lets an answer, which names a hand-off of the definition of its day, answer the one that is open.
pub fn answer_what_is_open(event: &mut Event) {
    if ANSWERS.contains(&event.kind) {
        event.fields.retain(|(name, _)| *name != "handoff");
    }
}

/// Whether an event is not folded because its contact is part of another one: what that passed on is in the log.
pub fn was_passed_on(contact: &mut Contact, event: &Event) -> bool {
    let passed_on = identify_again(contact, event) || passes_on(contact, event);
    if passed_on {
        contact.position = contact.position.max(event.position);
    }
    passed_on
}
