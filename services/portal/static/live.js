// Live parts of a page: follows the server's events and replaces the part they render. Everything on the
// page works without it. Reopens by itself: after an error, after a 503 (which ends an EventSource for
// good), and when the beats stop (a connection that died silently).
"use strict";
(() => {
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("live", { createHTML: (html) => html })
    : { createHTML: (html) => html };
  const PATIENCE = 7000;

  const follow = (part) => {
    const status = document.querySelector("[data-live-status]");
    const say = document.querySelector("[data-live-say]");
    let source = null;
    let lastBeat = Date.now();
    let pause = 1000;
    let timer = 0;
    let said = "";

    const words = () => [...part.querySelectorAll("[data-say]")].map((it) => it.textContent.trim()).join(". ");
    said = words();

    const offline = (is) => {
      document.documentElement.toggleAttribute("data-offline", is);
      if (status && is) status.textContent = "⚠ " + (document.documentElement.lang === "en" ? "Connection lost, trying again. As of " : "Verbindung unterbrochen, neuer Versuch läuft. Stand ") + new Date(lastBeat).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      else if (status && status.textContent.startsWith("⚠")) status.textContent = "";
    };

    const open = () => {
      clearTimeout(timer);
      timer = 0;
      lastBeat = Date.now();
      source = new EventSource(part.dataset.live + "?after=" + (part.dataset.revision || "0"));
      source.addEventListener("update", (event) => {
        lastBeat = Date.now();
        // What somebody has opened stays open, and the focus where it was.
        const opened = [...part.querySelectorAll("details")].map((it) => it.open);
        const focus = part.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : "";
        part.innerHTML = policy.createHTML(event.data);
        part.dataset.revision = event.lastEventId;
        [...part.querySelectorAll("details")].forEach((it, at) => { it.open = Boolean(opened[at]); });
        if (focus) document.getElementById(focus)?.focus();
        const now = words();
        if (say && now !== said) say.textContent = now;
        said = now;
        offline(false);
        // Somebody who has waited is let in.
        const go = part.querySelector("a[data-go]");
        if (go) location.assign(go.href);
        part.dispatchEvent(new CustomEvent("live:update"));
      });
      source.addEventListener("beat", (event) => {
        lastBeat = Date.now();
        part.dispatchEvent(new CustomEvent("live:beat", { detail: Number(event.data) }));
        pause = 1000;
        offline(false);
      });
      source.onerror = () => { if (source.readyState === EventSource.CLOSED) again(); };
    };

    const again = () => {
      if (timer) return;
      source.close();
      offline(true);
      // Not all at once when the server comes back.
      timer = setTimeout(open, pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, 30000);
    };

    open();
    setInterval(() => { if (!timer && Date.now() - lastBeat > PATIENCE) again(); }, 1000);
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  };

  document.querySelectorAll("[data-live]").forEach(follow);
})();
