// Warns two minutes before places are given back, with a button for more time, and says when they are. The page says
// until when without it. ES2017.
"use strict";
(() => {
  const part = document.querySelector("[data-left]");
  if (!part) return;
  const WARN = 120000;
  const say = document.querySelector("[data-hold-say]");
  const text = part.querySelector("[data-hold-text]");
  const wall = Date.now(), ticks = performance.now();
  // Whichever has gone further: one stands still while a phone sleeps, the other may be set back. What the phone
  // takes for the time of the day does not matter.
  const left = () => Number(part.dataset.left) - Math.max(Date.now() - wall, performance.now() - ticks);
  let told = "";

  const tell = (words) => {
    if (told === words) return;
    told = words;
    text.textContent = words;
    part.hidden = false;
    // The status was there and empty before: a screen reader says this when it has finished what it is saying.
    say.textContent = words;
  };

  const look = () => {
    if (left() > WARN) return;
    const over = left() <= 0;
    tell(over ? part.dataset.over : part.dataset.ends);
    part.classList.toggle("bad", over);
    part.querySelectorAll("[data-hold-more]").forEach((it) => { it.hidden = over; });
    part.querySelectorAll("[data-hold-over]").forEach((it) => { it.hidden = !over; });
  };

  setInterval(look, 1000);
  // Not before the page has been read in: what a status says from the beginning is not told.
  setTimeout(look, 200);
  document.addEventListener("visibilitychange", look);
  // Out of the browser's memory it would count from a wrong beginning.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
