// The latest changes, newest first; new ones are marked for a moment.
import { byId, contactLink, fill, h } from "./dom.js";
import { headline, nameOf, roughly, when } from "./words.js";

const SHOWN = 30; // some screens of a phone
const QUIET_MS = 8_000; // between announcements to a screen reader

let shown = null; // before the first look
let unsaid = []; // what a screen reader was not told yet
let quiet = false;

const newestFirst = (one, other) => other.at - one.at;

// All there are, newest first. After the first look, what was not here before is new to who looks.
export function showChanges(changes) {
  const newest = changes.slice(0, SHOWN);
  if (JSON.stringify(newest) === JSON.stringify(shown)) return; // keeps the marks of what has just come
  show(newest, shown === null ? [] : unseen(newest));
}

// Further ones, newest last.
export function addChanges(changes) {
  const fresh = unseen(changes.filter((change) => change.record !== "segment_changed")).reverse();
  if (fresh.length) show([...fresh, ...(shown ?? [])].sort(newestFirst).slice(0, SHOWN), fresh);
}

function unseen(changes) {
  const known = new Set(shown?.map(nameOf));
  return changes.filter((change) => !known.has(nameOf(change)));
}

function show(changes, fresh) {
  const names = new Set(fresh.map(nameOf));
  shown = changes;
  const lines = shown.map((change) => line(change, names.has(nameOf(change))));
  fill("changes", lines.length ? lines : h("li.quiet", {}, "Nothing yet. Changes appear here as they happen."));
  announce(fresh);
}

function line(change, isNew) {
  return h("li", { class: isNew ? "new" : null },
    h("p.who", {}, contactLink(change.contact_id), when(change.at)),
    h("p.did", {}, headline(change), change.late ? h("span.tag", {}, "late event") : null, h("small", {}, `score ${roughly(change.total)}`)),
    h("p.why", {}, change.summary),
  );
}

function announce(fresh) {
  unsaid = [...fresh, ...unsaid];
  if (quiet || !unsaid.length) return;
  const [{ contact_id: contact, summary }] = unsaid;
  byId("news").textContent = unsaid.length > 1 ? `${unsaid.length} new changes` : `${contact}: ${summary}`;
  unsaid = [];
  quiet = true;
  setTimeout(() => {
    quiet = false;
    announce([]);
  }, QUIET_MS);
}
