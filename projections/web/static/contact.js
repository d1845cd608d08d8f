// One contact: where it stands, what its score is made of, and the reasons of every change.
import { bar, breakable, contactLink, fill, h } from "./dom.js";
import { NONE, headline, moment, nameOf, points, roughly, when } from "./words.js";

export function showContact(contact) {
  fill("contact",
    h("a.back", { href: "#/" }, "← Overview"),
    h("h1", {}, breakable(contact.contact_id)),
    h("div.places", {}, places(contact)),
    h("div.split", {},
      h("section.panel", { "aria-label": "Timeline" }, h("div.heading", {}, h("h2", {}, "Timeline"), h("p", {}, `${contact.changes.length} changes`)),
        h("ol.timeline", {}, contact.changes.map((change, index) => entry(change, index === 0)))),
      h("div", {}, score(contact), touches(contact)),
    ),
  );
}

export function showNoContact(id, near) {
  fill("contact",
    h("a.back", { href: "#/" }, "← Overview"),
    h("h1", {}, breakable(id)),
    h("section.panel", {},
      h("p", {}, "No contact of this id has had a stage, band or hand-off."),
      near.length ? h("p", {}, "Ids that begin alike:") : null,
      h("ul.near", {}, near.map((other) => h("li", {}, contactLink(other)))),
    ),
  );
}

function places(contact) {
  const stages = Object.entries(contact.stages).map(([track, place]) => place_(track === "main" ? "stage" : track, place, "stage"));
  const segments = Object.entries(contact.segments).map(([segment, place]) => place_(segment, place, "band"));
  const owner = contact.owner ? [h("div.place", {}, h("small", {}, "owner"), h("b", {}, breakable(contact.owner)))] : [];
  const deadline = contact.next_deadline ? [h("div.place", {}, h("small", {}, "next deadline"), h("b", {}, when(contact.next_deadline, "due")), h("small", {}, moment(contact.next_deadline)))] : [];
  return [...stages, ...segments, ...owner, ...deadline];
}

function place_(name, place, kind) {
  return h(`div.place.${kind}`, {}, h("small", {}, name), h("b", {}, breakable(place.id)), h("small", {}, "since ", when(place.since)));
}

function score(contact) {
  const names = Object.keys(contact.score).filter((name) => name !== "total");
  const most = Math.max(1, ...contact.score_parts.map((part) => Math.abs(part.points)));
  return h("section.panel", { "aria-label": "Score" },
    h("div.heading", {}, h("h2", {}, "Score"), h("p.total", {}, points(contact.score.total))),
    names.map((name) => h("div.score", {},
      h("h3", {}, name, h("span.count", {}, points(contact.score[name]))),
      h("ul", {}, contact.score_parts.filter((part) => part.score === name).map((part) => scorePart(part, most))),
    )),
  );
}

function scorePart(part, most) {
  const sign = part.points < 0 ? "minus" : "";
  return h("li", { class: sign }, h("span", {}, part.rule), bar(Math.abs(part.points) / most, Math.abs(part.points) / most), h("b", {}, points(part.points)));
}

function touches(contact) {
  const known = [["First touch", contact.first_touch], ["Last touch", contact.last_touch]].filter(([, touch]) => touch);
  if (!known.length) return null;
  return h("section.panel", { "aria-label": "Source" }, h("div.heading", {}, h("h2", {}, "Source")), h("dl.touches", {}, known.flatMap(([name, touch]) => touchLines(name, touch))));
}

function touchLines(name, touch) {
  const origin = [touch.source, touch.medium, touch.campaign].filter(Boolean).join(" / ") || "unknown source";
  return [h("dt", {}, name), h("dd", {}, h("b", {}, origin), h("small", {}, `${touch.event_type}, ${moment(touch.at)}`))];
}

function entry(change, isFirst) {
  const { why } = change;
  return h(`li.${change.record}`, {},
    h("div.did", {}, headline(change), change.late ? h("span.tag", {}, "late event") : null, change.reason ? h("span.tag", {}, change.reason) : null),
    h("p.why", {}, why.summary),
    h("p.facts", {}, when(change.at), h("span", {}, moment(change.at)), h("span", {}, `score ${roughly(change.score.total)}`), change.actor ? h("span", {}, `by ${change.actor}`) : null),
    h("details", { "data-of": nameOf(change), open: isFirst && why.evidence.length > 0 }, h("summary", {}, "Why"), evidence(why.evidence), source(change)),
  );
}

function evidence(facts) {
  if (!facts.length) return null;
  return h("table.evidence", {},
    h("thead", {}, h("tr", {}, ["", "Condition", "Observed", "Asked for"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, facts.map((fact) => h("tr", { class: fact.met ? "met" : "unmet" },
      h("td", {}, h("span", { role: "img", "aria-label": fact.met ? "met" : "not met" }, fact.met ? "✓" : "✗")),
      h("td", {}, fact.fact, h("code", {}, fact.path)),
      h("td", {}, fact.value),
      h("td", {}, fact.threshold),
    ))),
  );
}

function source(change) {
  const { cause, why } = change;
  const setOff = cause.event_id ? `event ${cause.event_id}` : cause.timer ? `timer ${cause.timer}` : `change of criteria from ${cause.criteria_change}`;
  const touch = why.crossing_touch;
  const origin = touch ? [touch.source, touch.medium, touch.campaign].filter(Boolean).join(" / ") : "";
  const parts = why.score_parts.map((part) => `${part.rule} ${points(part.points)}`).join(", ");
  return h("dl.cause", {},
    h("dt", {}, "Rule"), h("dd", {}, h("code", {}, cause.criterion)),
    h("dt", {}, "Set off by"), h("dd", {}, h("code", {}, setOff), touch ? `, ${touch.event_type}${origin ? ` from ${origin}` : ""}` : null),
    parts ? [h("dt", {}, "Score then"), h("dd", {}, parts)] : null,
    h("dt", {}, "Lifecycle"), h("dd", {}, h("code", {}, change.lifecycle || NONE)),
  );
}
