// Companies by stage: how many are in each, and those that came last. Not there where no event names a company.
import { breakable, byId, fill, h } from "./dom.js";
import { count, when } from "./words.js";

const SHOWN = 5; // of each stage: the panel stays in one view

export function showCompanies(found) {
  byId("companies-panel").hidden = !found.companies;
  byId("companies-sum").textContent = `${count(found.staged)} of ${count(found.companies)} have a stage`;
  fill("companies", found.stages.filter((stage) => stage.now).map(column));
}

function column(stage) {
  const more = stage.now - Math.min(SHOWN, stage.newest.length);
  return h("section.column", { "aria-label": `${stage.stage}: ${stage.now}` },
    h("h3", {}, breakable(stage.stage), h("span.count", {}, count(stage.now))),
    h("ul", {}, stage.newest.slice(0, SHOWN).map(card)),
    more > 0 ? h("p.quiet", {}, `and ${count(more)} more`) : null,
  );
}

function card(company) {
  return h("li.card", {}, h("p.name", {}, breakable(company.company_id)), h("p.facts", {}, when(company.since)));
}
