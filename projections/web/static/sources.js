// By which source those who reached each stage came: by their first touch, their last, or the one that led into the stage.
import { bar, breakable, byId, fill, h } from "./dom.js";
import { count, percent } from "./words.js";

const SHOWN = 5; // of each stage: the panel stays in one view

let shown = { stages: [] };

export function showSources(found) {
  shown = found;
  draw();
}

function draw() {
  const stages = shown.stages.filter((stage) => stage.reached && !stage.detour);
  byId("sources-panel").hidden = !stages.length;
  fill("sources", stages.map((stage) => column(stage, byId("touch").value)));
}

function column(stage, touch) {
  const there = stage.sources.filter((one) => one[touch]).sort((one, other) => other[touch] - one[touch]);
  const rest = there.slice(SHOWN).reduce((sum, one) => sum + one[touch], stage.others[touch]);
  return h("section.column", { "aria-label": `${stage.stage}: ${stage.reached}` },
    h("h3", {}, breakable(stage.track === "main" ? stage.stage : `${stage.track}: ${stage.stage}`), h("span.count", {}, count(stage.reached))),
    h("ul", {}, there.slice(0, SHOWN).map((one) => row(one.source, one[touch], stage.reached)), rest ? row("other sources", rest, stage.reached, "quiet") : null),
  );
}

function row(source, contacts, all, kind = source === null ? "quiet" : "") {
  return h("li.share", { title: count(contacts) },
    h("span", { class: `name ${kind}` }, source === null ? "none told" : breakable(source)),
    h("b", {}, percent(contacts / all)),
    bar(contacts / all, contacts / all),
  );
}

byId("touch").addEventListener("change", draw);
