// Makes a part of a page like another one without touching what is the same: what has the focus, is just being pressed or
// typed, stays that very element, and nothing jumps. For live.js, which on monitors works without it. ES2017.
"use strict";
(() => {
  const id = (node) => node.id || "";

  const isKey = (it) => it.type === "hidden" && it.name === "key";
  const key = (form) => Array.from(form.elements).find(isKey);
  // What a form asks for, but for what is typed.
  const asks = (form) => [form.getAttribute("action")].concat(Array.from(form.elements)
    .filter((it) => !isKey(it) && (it.type === "hidden" || it.type === "submit")).map((it) => it.name + "=" + it.value)).join();

  // A page that comes back out of the browser's memory has keys that were used.
  addEventListener("pageshow", (event) => { if (event.persisted && Array.from(document.forms).some(key)) location.reload(); });

  // A form that still asks for the same keeps its key: pressed twice while the page moves, it is sent twice and done once.
  const keepKey = (from, to) => {
    const old = key(from), next = key(to);
    if (old && next && asks(from) === asks(to)) next.setAttribute("value", old.value);
  };

  const morph = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.localName === "form") keepKey(from, to);
    // What somebody has opened stays open.
    const kept = (name) => name === "open" && from.localName === "details";
    Array.from(to.attributes).forEach((it) => { if (!kept(it.name) && from.getAttribute(it.name) !== it.value) from.setAttribute(it.name, it.value); });
    Array.from(from.attributes).forEach((it) => { if (!kept(it.name) && !to.hasAttribute(it.name)) from.removeAttribute(it.name); });
    children(from, to);
  };

  // Children are told apart by their ids, and those without one by their place.
  const children = (from, to) => {
    let at = from.firstChild;
    Array.from(to.childNodes).forEach((next) => {
      let same = at;
      if (id(next)) while (same && id(same) !== id(next)) same = same.nextSibling;
      if (!same || same.nodeName !== next.nodeName || id(same) !== id(next)) {
        from.insertBefore(next, at);
        return;
      }
      // Those before it are gone. It is never moved itself: moving would take the focus away.
      while (at !== same) { const gone = at; at = at.nextSibling; gone.remove(); }
      at = same.nextSibling;
      morph(same, next);
    });
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  };

  // `html` comes through the page's one policy.
  window.makeLike = (part, html) => {
    const next = document.createElement("template");
    next.innerHTML = html;
    children(part, next.content);
  };
})();
