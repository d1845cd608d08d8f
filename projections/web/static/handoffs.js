// The board: what waits for an answer and until when, and how the others ended.
import { breakable, byId, contactLink, fill, h } from "./dom.js";
import { count, roughly, when } from "./words.js";

const SHOWN = 5; // cards per column: the board stays in one view
const COLUMNS = ["open", "accepted", "rejected", "expired", "withdrawn"];

export function showHandoffs(board) {
  const overdue = board.open.filter((card) => card.accept_by < Date.now()).length;
  byId("handoffs-sum").textContent = `${count(board.counts.open)} open${overdue ? `, ${count(overdue)} overdue` : ""}`;
  const columns = COLUMNS.filter((status) => status !== "withdrawn" || board.counts.withdrawn);
  fill("handoffs", columns.map((status) => column(status, board[status], board.counts[status])));
}

function column(status, cards, total) {
  const more = total - Math.min(SHOWN, cards.length);
  return h(`section.column.${status}`, { "aria-label": `${status}: ${total}` },
    h("h3", {}, status, h("span.count", {}, count(total))),
    h("ul", {}, cards.slice(0, SHOWN).map(card)),
    total ? null : h("p.quiet", {}, "None"),
    more > 0 ? h("p.quiet", {}, `and ${count(more)} more`) : null,
  );
}

function card(handoff) {
  const ended = handoff[`${handoff.status}_at`];
  const said = [handoff.actor ? `by ${handoff.actor}` : null, handoff.reason].filter(Boolean).join(": ");
  return h("li.card", {},
    handoff.contact_id ? contactLink(handoff.contact_id) : h("p.quiet", {}, "erased"),
    h("p.facts", {}, h("span", {}, breakable(`${handoff.stage} → ${handoff.to}`)), h("span", {}, `score ${roughly(handoff.total)}`)),
    said ? h("p.said", {}, said) : null,
    h("p.facts", {}, handoff.status === "open" ? deadline(handoff) : when(ended)),
  );
}

function deadline(handoff) {
  return handoff.accept_by ? when(handoff.accept_by, "due") : "no deadline";
}
