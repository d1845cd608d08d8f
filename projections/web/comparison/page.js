// The contacts of a comparison: a list that the search box and the moves narrow down, and both sides of one.
import { breakable, byId, fill, h } from "./dom.js";
import { NONE, count, moment, points, roughly } from "./words.js";

const told = JSON.parse(byId("data").textContent);
const STEP = 25; // lines added at a time
const NEAR = 12; // suggestions under the search box
const CONTACT = "#/contact/";
const MOVE = "#/move/";

let room = STEP;

const stages = (one) => one.sides.map((side) => side.stage);
const moves = (one) => stages(one)[0] !== stages(one)[1];
const link = (one) => `${CONTACT}${encodeURIComponent(one.id)}`;

function steps(start) {
  if (!location.hash.startsWith(start)) return null;
  try {
    return location.hash.slice(start.length).split("/").map(decodeURIComponent);
  } catch {
    return [location.hash.slice(start.length)]; // not an address of ours: take it as it is
  }
}

function move([from, to]) {
  return h("span.move.stage", {}, h("span", {}, breakable(from)), h("span.arrow", { "aria-label": "to" }, "→"), h("b", {}, breakable(to)));
}

function showList() {
  const wanted = steps(MOVE);
  const found = told.explained.filter((one) => (wanted ? stages(one).join("/") === wanted.join("/") : moves(one)));
  const all = wanted ? sum(told.moves.filter((one) => one.from === wanted[0] && one.to === wanted[1])) : told.differences;
  byId("contacts-sum").replaceChildren(...summary(wanted, found.length, all));
  const lines = found.slice(0, room).map((one) => h("tr", {},
    h("td", {}, h("a.contact", { href: link(one) }, breakable(one.id))),
    h("td", {}, move(stages(one))),
    h("td.said", {}, (one.sides[1].summary ?? one.sides[0].summary) || NONE),
  ));
  fill("list",
    lines.length ? h("table.plain.listed", {}, h("thead", {}, h("tr", {}, ["Contact", "Move", "Why"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, lines)) : h("p.quiet", {}, "None."),
    found.length > room ? more(found.length - room) : null,
  );
}

const sum = (some) => some.reduce((total, one) => total + one.contacts, 0);

function summary(wanted, shown, all) {
  const rest = shown < all ? [`${count(shown)} of ${count(all)} are explained here · `] : [`${count(wanted ? all : told.moved)} would stand elsewhere · `];
  const file = h("a", { href: encodeURIComponent(told.csv), download: "" }, "All as CSV");
  const clear = h("a", { href: "#/" }, "show all moves");
  return [...(wanted ? [h("span", {}, `${wanted.join(" → ")}: `)] : []), ...rest, ...(wanted ? [clear, " · "] : []), file];
}

function more(left) {
  const button = h("button.more", { type: "button" }, `Show ${count(Math.min(STEP, left))} more of ${count(left)}`);
  button.addEventListener("click", () => {
    room += STEP;
    showList();
    byId("list").querySelectorAll("a.contact")[room - STEP]?.focus();
  });
  return button;
}

function showContact(id) {
  const found = told.explained.filter((one) => one.id === id);
  fill("contact",
    h("a.back", { href: "#/" }, "← Overview"),
    h("h1", {}, breakable(id)),
    found.length ? found.map(both) : h("section.panel", {}, h("p", {}, unexplained(id))),
  );
}

function unexplained(id) {
  const shown = `${count(new Set(told.explained.map((one) => one.id)).size)} contacts are explained in this page`;
  return `${shown}; this id is not one of them, or has never had a stage. Ask for it in the terminal: stageline why --lifecycle FILE --events FILE ${id}`;
}

function both(one) {
  const names = [told.from, told.to];
  return h("div", {},
    one.track === "main" ? null : h("h2", {}, `Track ${one.track}`),
    h("div.sides", {}, one.sides.map((side, index) => h("section.panel", { "aria-label": index ? "after" : "before" },
      h("p.quiet", {}, `${index ? "After" : "Before"}: ${names[index]}`),
      h("p.stands", {}, side.stage === "none" ? "no stage" : side.stage),
      side.rule === undefined ? h("p.quiet", {}, "It was never moved.") : reasons(side),
      missing(side, one.sides[1 - index].stage),
    ))),
  );
}

function reasons(side) {
  const parts = side.score_parts.map((part) => `${part.rule} ${points(part.points)}`).join(", ");
  return h("div", {},
    h("p.why", {}, side.summary),
    h("p.facts", {}, h("span", {}, `since ${moment(side.at)}`), h("span", {}, `score ${roughly(side.total)}`)),
    evidence(side.evidence),
    h("dl.cause", {}, h("dt", {}, "Rule"), h("dd", {}, h("code", {}, side.rule)), parts ? [h("dt", {}, "Score then"), h("dd", {}, parts)] : null),
  );
}

function missing(side, other) {
  if (!side.missing.length) return null;
  const spent = side.missing.some((way) => way.spent);
  return h("div", {},
    h("h3", {}, side.missing.length > 1 ? `Why not ${other}: none of these ${side.missing.length} ways in holds` : `Why not ${other}`),
    spent ? h("p.quiet", {}, "What held since before a move back counts when it holds anew.") : null,
    h("table.evidence.ways", {}, heads(), side.missing.map((way) => h("tbody", {}, way.evidence.map(line)))),
  );
}

function evidence(facts) {
  if (!facts.length) return null;
  return h("table.evidence", {},
    heads(),
    h("tbody", {}, facts.map(line)),
  );
}

const heads = () => h("thead", {}, h("tr", {}, ["", "Condition", "Observed", "Asked for"].map((name) => h("th", { scope: "col" }, name))));

function line(fact) {
  return h("tr", { class: fact.met ? "met" : "unmet" },
    h("td", {}, h("span", { role: "img", "aria-label": fact.met ? "met" : "not met" }, fact.met ? "✓" : "✗")),
    h("td", {}, fact.fact, h("code", {}, fact.path)),
    h("td", {}, fact.value),
    h("td", {}, fact.threshold),
  );
}

function showCurrent() {
  const one = steps(CONTACT);
  byId("overview").hidden = one !== null;
  byId("contact").hidden = one === null;
  room = STEP;
  if (one) showContact(one.join("/"));
  else showList();
}

function search() {
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = byId("wanted").value.trim();
    if (wanted) location.hash = CONTACT + encodeURIComponent(wanted);
  });
  byId("wanted").addEventListener("input", () => {
    const start = byId("wanted").value.trim();
    const near = told.explained.filter((one) => one.id.startsWith(start)).slice(0, NEAR);
    byId("near").replaceChildren(...near.map((one) => h("option", { value: one.id })));
  });
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
addEventListener("hashchange", () => {
  showCurrent();
  if (steps(MOVE)) {
    byId("contacts").scrollIntoView();
    byId("contacts-title").focus({ preventScroll: true });
    return;
  }
  scrollTo(0, 0);
  byId("main").focus({ preventScroll: true });
});
search();
showCurrent();
