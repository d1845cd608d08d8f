// The only way this page makes elements: text is always set as text, so nothing in the data can become markup.

// h("a.link", {href: "#/"}, "text", child, …); null children are left out.
export function h(what, properties = {}, ...children) {
  const [name, ...classes] = what.split(".");
  const element = document.createElement(name);
  element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

// What a person is at or has opened stays so when it is drawn anew: links are known by where they lead, details by `of`.
export function fill(id, ...children) {
  const box = byId(id);
  const at = box.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const open = new Map([...box.querySelectorAll("details")].map((one) => [one.dataset.of, one.open]));
  box.replaceChildren(...children.flat().filter((child) => child !== null));
  for (const one of box.querySelectorAll("details")) one.open = open.get(one.dataset.of) ?? one.open;
  if (at) [...box.querySelectorAll("a, summary")].find((one) => keyOf(one) === at)?.focus({ preventScroll: true });
}

const keyOf = (element) => element.getAttribute("href") ?? element.parentElement.dataset.of;

// A bar of this share (0 to 1) of its track; `part` is the darker share at its start.
export function bar(share, part = 0) {
  const element = h("span.bar", { "aria-hidden": "true" }, h("span.part"));
  element.style.setProperty("--share", share);
  element.style.setProperty("--part", share ? part / share : 0);
  return element;
}

// A long id may break after its punctuation, rather than anywhere.
export const breakable = (id) => id.split(/(?<=[@.:_/-])/).flatMap((part) => [part, h("wbr")]);

export const contactLink = (id) => h("a.contact", { href: `#/contact/${encodeURIComponent(id)}` }, breakable(id));
