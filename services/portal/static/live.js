// Live parts of a page: follows the server's events and replaces the part they render. Everything on the
// page works without it. Reopens by itself: after an error, after a 503 (which ends an EventSource for
// good), and when the beats stop (a connection that died silently). Monitors hang on old browsers, so this
// is ES2017. A part hears of itself by events: live:alive, live:before (may be
// refused), live:update, live:beat, live:anew (what comes next counts, although its revision is lower), live:command (something that a monitor is asked), live:lost.
"use strict";
(() => {
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("live", { createHTML: (html) => html })
    : { createHTML: (html) => html };
  const PATIENCE = 7000;
  // The parts of this page whose connection is lost.
  const lost = new Set();

  const follow = (part) => {
    const status = document.querySelector("[data-live-status]");
    const say = document.querySelector("[data-live-say]");
    // The longest pause before another try: a monitor has nobody who reloads it. A browser's own would be three seconds.
    const longest = Number(part.dataset.longestPause) || 5000;
    let source = null;
    let lastBeat = Date.now();
    let heard = performance.now();
    let pause = 1000;
    let timer = 0;

    const words = () => Array.from(part.querySelectorAll("[data-say]"), (it) => it.textContent.trim()).join(". ");
    const tell = (what, detail) => part.dispatchEvent(new CustomEvent("live:" + what, { detail, cancelable: true }));
    let said = words();

    const offline = (is) => {
      if (is) lost.add(part); else lost.delete(part);
      // Of a page with several parts each must be heard again.
      if (!is && lost.size) return;
      if (is) document.documentElement.setAttribute("data-offline", ""); else document.documentElement.removeAttribute("data-offline");
      const since = new Date(lastBeat).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" });
      if (status && is) status.textContent = "⚠ " + (document.documentElement.lang === "en" ? "Connection lost since " + since + ". Trying again." : "Verbindung unterbrochen seit " + since + ". Neuer Versuch läuft.");
      else if (status && status.dataset.liveStatus) status.textContent = status.dataset.liveStatus + " " + since;
      else if (status && status.textContent.startsWith("⚠")) status.textContent = "";
      if (say && is && status && say.textContent !== status.textContent) say.textContent = status.textContent;
    };

    const alive = () => {
      lastBeat = Date.now();
      heard = performance.now();
      offline(false);
      tell("alive");
    };

    // A stream begins with what the page was made of. An alert that is put on the page once more is read out once more.
    const isShown = (html) => {
      const next = document.createElement("template");
      next.innerHTML = policy.createHTML(html);
      return next.innerHTML.trim() === part.innerHTML.trim();
    };

    // Puts a state of the part on the page, unless somebody refuses it.
    const show = (html, revision) => {
      if (!tell("before", { html, revision: Number(revision) })) return;
      // What somebody has opened stays open, and the focus where it was: with morph.js the very elements.
      const opened = Array.from(part.querySelectorAll("details"), (it) => it.open);
      const inside = part.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
      if (window.makeLike) window.makeLike(part, policy.createHTML(html));
      else if (!isShown(html)) part.innerHTML = policy.createHTML(html);
      part.dataset.revision = revision;
      if (!window.makeLike) part.querySelectorAll("details").forEach((it, at) => { it.open = Boolean(opened[at]); });
      const again = inside && document.getElementById(inside.id);
      if (again && !part.contains(document.activeElement)) again.focus();
      const now = words();
      if (say && now !== said) say.textContent = now;
      said = now;
      tell("update");
    };
    part.liveShow = show;

    const open = () => {
      clearTimeout(timer);
      timer = 0;
      heard = performance.now();
      source = new EventSource(part.dataset.live + "?after=" + (part.dataset.revision || "0"));
      const news = (event) => {
        alive();
        show(event.data, event.lastEventId);
        // Somebody who has waited is let in.
        const go = part.querySelector("a[data-go]");
        if (go) location.assign(go.href);
      };
      source.addEventListener("update", news);
      // The house knows less than this page, and that is what counts now.
      source.addEventListener("anew", (event) => { tell("anew"); news(event); });
      source.addEventListener("beat", (event) => {
        pause = 1000;
        alive();
        tell("beat", Number(event.data));
      });
      source.addEventListener("command", (event) => tell("command", JSON.parse(event.data)));
      // A line that breaks once and is there again at once is nothing to speak of.
      source.onerror = () => again(source.readyState === EventSource.CLOSED || pause > 1000);
    };

    const again = (isLost) => {
      if (timer) return;
      source.close();
      if (isLost) {
        offline(true);
        tell("lost");
      }
      // Not all at once when the server comes back.
      timer = setTimeout(open, pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, longest);
    };

    // With what the page shows by now.
    part.liveAgain = () => { source.close(); open(); };

    open();
    setInterval(() => { if (!timer && performance.now() - heard > PATIENCE) again(true); }, 1000);
    addEventListener("online", () => { if (timer) open(); });
    addEventListener("pagehide", () => source.close());
    // Beside another stream of the page: a browser has six of them for a house without HTTP/2, in all its tabs.
    if ("liveSeen" in part.dataset) {
      document.addEventListener("visibilitychange", () => {
        source.close();
        if (document.hidden) timer = Infinity;
        else open();
      });
    }
    addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  };

  document.querySelectorAll("[data-live]").forEach(follow);
})();
