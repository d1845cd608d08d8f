// The latest changes, newest first; new ones are marked for a moment.
import { byId, contactLink, fill, h } from "./dom.js";
import { headline, roughly, when } from "./words.js";

const SHOWN = 30; // some screens of a phone
const QUIET_MS = 8_000; // between announcements to a screen reader

let shown = [];
let announced = 0;

const nameOf = (change) => `${change.record}/${change.sequence}/${change.contact_id}`;
const newestFirst = (one, other) => other.at - one.at;

export function showChanges(changes) {
  shown = changes.slice(0, SHOWN);
  draw(new Set());
}

export function addChanges(changes) {
  const known = new Set(shown.map(nameOf));
  const fresh = changes.filter((change) => change.record !== "segment_changed" && !known.has(nameOf(change)));
  if (!fresh.length) return;
  shown = [...fresh.reverse(), ...shown].sort(newestFirst).slice(0, SHOWN);
  draw(new Set(fresh.map(nameOf)));
  announce(fresh);
}

function draw(fresh) {
  const lines = shown.map((change) => line(change, fresh.has(nameOf(change))));
  fill("changes", lines.length ? lines : h("li.quiet", {}, "Nothing yet. Changes appear here as they happen."));
}

function line(change, isNew) {
  return h("li", { class: isNew ? "new" : null },
    h("p.who", {}, contactLink(change.contact_id), when(change.at)),
    h("p.did", {}, headline(change), change.late ? h("span.tag", {}, "late event") : null, h("small", {}, `score ${roughly(change.total)}`)),
    h("p.why", {}, change.summary),
  );
}

function announce(fresh) {
  if (Date.now() - announced < QUIET_MS) return;
  announced = Date.now();
  const [{ contact_id: contact, summary }] = fresh;
  byId("news").textContent = fresh.length > 1 ? `${fresh.length} new changes` : `${contact}: ${summary}`;
}
