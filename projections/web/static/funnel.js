// The funnel: one row per stage; the bar is who ever came that far, its dark part who is there now.
import { bar, breakable, byId, fill, h } from "./dom.js";
import { NONE, count, percent, span } from "./words.js";

const HEADS = [
  ["Stage"], ["", "wide"], ["Now", "number"], ["Ever", "number"],
  ["Converted", "number", "Share of those who ever were in the stage above that came to this one"],
  ["Median stay", "number", "Half of all stays are no longer, those that go on counted so far"],
  ["90th percentile", "number optional", "Nine of ten stays are no longer"],
];

export function showFunnel(funnel) {
  byId("funnel-sum").textContent = `${count(funnel.staged)} of ${count(funnel.contacts)} contacts have a stage`;
  const most = Math.max(1, ...funnel.stages.map((stage) => stage.reached));
  const tracks = [...new Set(funnel.stages.map((stage) => stage.track))];
  fill("funnel", h("table.funnel", {},
    h("caption.unseen", {}, "Contacts by stage, conversion and time in stage"),
    h("thead", {}, h("tr", {}, HEADS.map(([name, kind = "", title = null]) => h("th", { scope: "col", class: kind, title }, name)))),
    tracks.map((track) => rows(funnel.stages.filter((stage) => stage.track === track), track, most)),
  ));
}

function rows(stages, track, most) {
  const title = h("tr.track", {}, h("th", { colspan: HEADS.length, scope: "rowgroup" }, breakable(`Track ${track}`)));
  return h("tbody", {}, track === "main" ? null : title, stages.map((stage) => row(stage, most)));
}

function row(stage, most) {
  const time = stage.time ?? {};
  return h("tr", { class: stage.detour ? "detour" : null },
    h("th.name", { scope: "row" }, breakable(stage.stage), stage.owner ? h("small", {}, stage.owner) : null),
    h("td.wide", {}, bar(stage.reached / most, stage.now / most)),
    h("td.number.strong", {}, count(stage.now)),
    h("td.number.ever", {}, count(stage.reached)),
    labelled("converted", stage.conversion === null ? null : percent(stage.conversion)),
    labelled("median", time.p50 === undefined ? null : span(time.p50)),
    labelled("90th percentile", time.p90 === undefined ? null : span(time.p90), "optional"),
  );
}

// On a narrow screen, where there are no column heads, the label stands before the value.
function labelled(label, value, kind = "") {
  return h("td", { class: `number said ${kind} ${value === null ? "none" : ""}`, "data-label": label }, value ?? NONE);
}
