// Makes a part of a page like another one without touching what is the same: what has the focus, or is just
// being pressed, stays that very element, and nothing jumps. For live.js, which works without it too. ES2017.
"use strict";
(() => {
  const id = (node) => node.id || "";

  const morph = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
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
