// How sales answered the hand-offs of the period that is chosen: how many were accepted, in time, why not, and who came back.
import { bar, breakable, byId, fill, h } from "./dom.js";
import { count, percent, span } from "./words.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const REASONS = 5; // the most frequent: the panel stays in one view

// Which figures to read. By the minute: pages that ask together ask the same, which is then found once.
export function figuresChosen() {
  const days = Number(byId("period").value);
  const since = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - days * DAY_MS;
  return `handoffs/figures?most=${REASONS}${days ? `&since=${since}` : ""}`;
}

export function showAnswers(found) {
  byId("answers-sum").hidden = found.median_time === null;
  byId("answers-sum").textContent = `median time to answer ${span(found.median_time)}`;
  const parts = (...names) => names.map((name) => [name.replace("_", " "), found[name]]);
  const reasons = found.reasons.map((one) => [one.reason, one.handoffs]);
  const columns = [
    column("Accepted", "accepted", found.acceptance, "hand-offs ended", parts("accepted", "rejected", "expired")),
    column("In time", "open", found.attainment, "hand-offs due", parts("in_time", "late", "expired", "overdue")),
    column("Why rejected", "rejected", null, "hand-offs rejected", [...reasons, ["other reasons", found.other_reasons, "quiet"]]),
    later([["rejected", found.returned], ["recycled", found.recycled]]),
  ];
  const some = columns.filter((one) => one !== null);
  fill("answers", some.length ? some : h("p.quiet", {}, "No hand-off was answered, expired or overdue in this period."));
}

function column(title, kind, share, all, parts) {
  const total = parts.reduce((sum, [, handoffs]) => sum + handoffs, 0);
  if (!total) return null;
  const rows = parts.filter(([, handoffs]) => handoffs);
  return h(`section.column.${kind}`, { "aria-label": title },
    h("h3", {}, title, share === null ? null : h("span.count", {}, percent(share))),
    h("p.quiet", {}, `${all}: ${count(total)}`),
    h("ul", {}, rows.map(([name, handoffs, look]) => row(name, count(handoffs), handoffs / total, look))),
  );
}

// Of the contacts that were first sent back in the period, how many were accepted later.
function later(ways) {
  const rows = ways.filter(([, found]) => found.contacts);
  if (!rows.length) return null;
  return h("section.column", { "aria-label": "Accepted later" },
    h("h3", {}, "Accepted later"),
    h("p.quiet", {}, "of contacts sent back"),
    h("ul", {}, rows.map(([name, found]) => row(name, `${count(found.accepted_later)} of ${count(found.contacts)}`, found.yield))),
  );
}

function row(name, said, share, look = name === null ? "quiet" : "") {
  return h("li.share", {},
    h("span", { class: `name ${look}` }, name === null ? "none given" : breakable(name)),
    h("span.number", {}, said, h("b", {}, percent(share))),
    bar(share, share),
  );
}
