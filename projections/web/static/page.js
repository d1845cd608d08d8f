// Wires the page: where we are (the part of the address after #), what is new (server-sent events), what is asked for.
import { figuresChosen, showAnswers } from "./answers.js";
import { addChanges, showChanges } from "./changes.js";
import { showContact, showNoContact } from "./contact.js";
import { showCompanies } from "./companies.js";
import { byId, h } from "./dom.js";
import { showFunnel } from "./funnel.js";
import { showHandoffs } from "./handoffs.js";
import { showSources } from "./sources.js";
import { tellTimes } from "./words.js";

const CONTACT = "#/contact/";
const COSTLY_MS = 60_000; // what costs a look at many contacts is read once a minute at most; its answers may be half as old
const TIMES_MS = 15_000; // how often "3 min ago" is set right
const AGAIN_MS = 3_000; // what could not be read is tried again so long after, as a browser does with a stream

async function read(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (answer.status === 401) location.assign("/login");
  const found = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(found.error), { status: answer.status });
  return found;
}

function say(state, problem = "") {
  byId("state").textContent = state;
  byId("state").dataset.state = state === "Live" ? "live" : "waiting";
  byId("problem").textContent = problem;
  byId("problem").hidden = !problem;
}

function current() {
  if (!location.hash.startsWith(CONTACT)) return null;
  try {
    return decodeURIComponent(location.hash.slice(CONTACT.length));
  } catch {
    return location.hash.slice(CONTACT.length); // not an address of ours: take it as it is
  }
}

let looks = 0; // at contacts until now: what an earlier one finds is not shown over a later one

async function showCurrent() {
  const id = current();
  const mine = ++looks;
  byId("overview").hidden = id !== null;
  byId("contact").hidden = id === null;
  document.title = id === null ? "Stageline" : `${id} · Stageline`;
  if (id === null) return;
  const show = await look(id);
  if (mine === looks) show();
}

// Returns what shows it.
async function look(id) {
  try {
    const contact = await read(`/api/contacts?id=${encodeURIComponent(id)}`);
    return () => showContact(contact);
  } catch (error) {
    if (error.status !== 404) throw error;
    const others = await near(id);
    return () => showNoContact(id, others);
  }
}

async function near(start) {
  for (const length of [start.length, Math.ceil(start.length / 2), 2, 0]) {
    const found = await read(`/api/contacts?prefix=${encodeURIComponent(start.slice(0, length))}`);
    if (found.length) return found;
  }
  return [];
}

let shown = false; // whether everything has been read once
let reading = Promise.resolve(); // until it ends, what is told waits: what is read may hold less
let again = null; // when everything is read again, since something could not be read

function readAll() {
  reading = reading.then(showAll);
}

function readAgain(error) {
  say("Waiting", error.message);
  again ??= setTimeout(readAll, AGAIN_MS);
}

async function showAll() {
  clearTimeout(again);
  again = null;
  try {
    const [funnel, changes, handoffs, companies] = await Promise.all(["funnel", "changes", "handoffs", "companies"].map((name) => read(`/api/${name}`)));
    showFunnel(funnel);
    showChanges(changes);
    showHandoffs(handoffs);
    showCompanies(companies);
    await showCurrent();
    say("Live", funnel.held ? `${funnel.held} changes wait for an earlier one that is missing from the log.` : "");
    shown = true;
    showCostly();
    readCostlyLater(); // the answer may be from before what was just read
  } catch (error) {
    readAgain(error);
  }
}

let later = null; // when what is costly is read again
let chosen = 0; // questions about answers until now: what was chosen before is not shown over the newest

// A panel that cannot be read stays as it was: the stream says what is away.
function showCostly() {
  clearTimeout(later);
  later = null;
  read("/api/sources").then(showSources, () => {});
  showChosen();
}

function readCostlyLater() {
  later ??= setTimeout(showCostly, COSTLY_MS);
}

function showChosen() {
  const mine = ++chosen;
  read(`/api/${figuresChosen()}`).then((found) => mine === chosen && showAnswers(found), () => {});
}

function listen() {
  const stream = new EventSource("/api/stream");
  const on = (name, handle) => stream.addEventListener(name, async (event) => {
    await reading;
    handle(JSON.parse(event.data));
  });
  stream.addEventListener("reset", readAll);
  on("changes", (changes) => {
    addChanges(changes);
    readCostlyLater();
    if (changes.some((change) => change.contact_id === current())) showCurrent().catch(readAgain);
  });
  on("funnel", showFunnel);
  on("handoffs", showHandoffs);
  on("companies", showCompanies);
  on("away", ({ error }) => say("Waiting", error));
  stream.onopen = () => shown && !again && say("Live");
  stream.onerror = () => {
    say("Reconnecting …");
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS); // refused: it would not try again
  };
  addEventListener("pagehide", () => stream.close());
}

function search() {
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = byId("wanted").value.trim();
    if (wanted) location.hash = CONTACT + encodeURIComponent(wanted);
  });
  byId("wanted").addEventListener("input", async () => {
    const found = await read(`/api/contacts?prefix=${encodeURIComponent(byId("wanted").value.trim())}`).catch(() => []);
    byId("near").replaceChildren(...found.map((id) => h("option", { value: id })));
  });
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
addEventListener("hashchange", () => {
  showCurrent().catch(readAgain);
  scrollTo(0, 0);
  byId("main").focus({ preventScroll: true });
});
byId("period").addEventListener("change", showChosen);
setInterval(tellTimes, TIMES_MS);
search();
listen();
showCurrent().catch(readAgain);
