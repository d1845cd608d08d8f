// How the page writes points, times and changes.
import { breakable, h } from "./dom.js";

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]];
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

export const NONE = "—";
export const count = (value) => number.format(value);
export const percent = (value) => (value === null ? NONE : share.format(value));
export const points = (thousandths) => (thousandths === undefined || thousandths === null ? NONE : number.format(thousandths / 1000));
// In lists: to a tenth. Where the parts must sum, `points`.
export const roughly = (thousandths) => points(thousandths === undefined || thousandths === null ? null : Math.round(thousandths / 100) * 100);
export const moment = (ms) => whole.format(ms);

// The largest units: "3 d 4 h".
export function span(ms, units = 2) {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  if (first < 0) return "< 1 s";
  const parts = [];
  for (const [name, size] of UNITS.slice(first, first + units)) {
    const value = Math.floor(ms / size);
    ms -= value * size;
    if (value) parts.push(`${value} ${name}`);
  }
  return parts.join(" ");
}

const FORMS = {
  ago: (ms) => (ms < 0 ? `in ${span(-ms, 1)}` : ms < 10_000 ? "just now" : `${span(ms, 1)} ago`),
  due: (ms) => (ms > 0 ? `overdue ${span(ms)}` : `due in ${span(-ms)}`),
};

// A time that keeps itself right: `form` is "ago" or "due".
export function when(ms, form = "ago") {
  const element = h("time", { datetime: new Date(ms).toISOString(), title: moment(ms), "data-at": ms, "data-form": form });
  tell(element);
  return element;
}

function tell(element) {
  const late = Date.now() - Number(element.dataset.at);
  element.textContent = FORMS[element.dataset.form](late);
  element.classList.toggle("late", element.dataset.form === "due" && late > 0);
}

export const tellTimes = () => document.querySelectorAll("time[data-at]").forEach(tell);

// What tells a change from any other.
export const nameOf = (change) => `${change.record}/${change.sequence}/${change.contact_id}`;

// What a change did: a stage or band left and entered, or a step of a hand-off.
export function headline(change) {
  if (change.record === "mql_handoff") {
    return h("span.move.step", {}, h("span", {}, breakable(`${change.stage} hand-off`)), h("b", {}, change.action));
  }
  const kind = change.record === "segment_changed" ? "band" : "stage";
  const where = change.segment ?? (change.track === "main" ? null : change.track);
  return h(
    `span.move.${kind}`, {},
    where ? h("i", {}, breakable(`${where}: `)) : null,
    h("span", {}, breakable(change.from ?? "new")), h("span.arrow", { "aria-label": "to" }, "→"), h("b", {}, breakable(change.to ?? "gone")),
  );
}
