"""The archive: contact-events in files sorted by contact, so that replay sees one contact at a time."""
