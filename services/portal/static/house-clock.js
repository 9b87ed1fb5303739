// The house's time on this machine, whose own clock may be wrong or set while we look: measured against the
// server, counted on by the monotonic clock. Of several measurements the one with the shortest way there and
// back is the best. Offline after a reload it is the machine's clock and what it was behind at last: a guess.
"use strict";
(() => {
  const KEY = "sky clock";
  const SAMPLES = 5;
  const AGAIN = 60000;
  const KEPT = 600000;
  const DOUBT = 2000;
  let ahead = 0;
  let best = null;
  let samples = [];
  try { ahead = Number(localStorage.getItem(KEY)) || 0; } catch (_) { /* No storage: no guess. */ }

  const now = () => (best ? best.house + (performance.now() - best.at) : Date.now() + ahead);

  const sample = () => {
    const before = performance.now();
    return fetch("/clock", { cache: "no-store" })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
      .then((text) => {
        const after = performance.now();
        const house = Number(text);
        if (!(house > 0)) return;
        samples = samples.filter((it) => after - it.at < KEPT);
        samples.push({ trip: after - before, at: (before + after) / 2, house });
        best = samples.reduce((one, other) => (other.trip < one.trip ? other : one));
        ahead = now() - Date.now();
        try { localStorage.setItem(KEY, String(Math.round(ahead))); } catch (_) { /* The next page measures itself. */ }
      })
      .catch(() => {});
  };

  let measuring = null;
  const measure = () => {
    if (measuring) return;
    measuring = Array.from({ length: SAMPLES }).reduce((before) => before.then(sample), Promise.resolve());
    measuring.then(() => { measuring = null; });
  };

  // What the server says in passing is late by the way to here, but never wrong by seconds.
  const hear = (house) => {
    if (best && Math.abs(house - now()) <= DOUBT) return;
    samples = [];
    best = null;
    ahead = house - Date.now();
    measure();
  };

  measure();
  setInterval(measure, AGAIN);
  // Unsure: not measured since the page was opened, or over a line so slow that it may be off by two seconds.
  window.houseClock = { now, hear, isSure: () => best !== null && best.trip / 2 < DOUBT };
})();
