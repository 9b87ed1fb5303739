// What only monitors do: a clock, lines that disappear when they run out, and saying what is shown. What
// is on the screen stays there whatever happens to the network.
"use strict";
(() => {
  const main = document.querySelector("[data-live]");
  const clock = document.querySelector(".clock");
  // The house's time is not always this machine's.
  let ahead = 0;
  const now = () => Date.now() + ahead;
  main.addEventListener("live:beat", (event) => { ahead = event.detail - Date.now(); });

  const tidy = () => {
    let left = 0;
    main.querySelectorAll("[data-valid-until]").forEach((line) => {
      const until = Number(line.dataset.validUntil);
      line.hidden = until > 0 && until < now();
      if (!line.hidden) left += 1;
    });
    const fallback = main.querySelector(".fallback");
    // An emergency is never taken off the screen by time alone.
    if (fallback && !main.querySelector(".evacuation")) fallback.hidden = left > 0;
    clock.textContent = new Date(now()).toLocaleTimeString("de", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" });
  };

  const shown = () => {
    tidy();
    if (!main.dataset.shown) return;
    requestAnimationFrame(() => {
      fetch(main.dataset.shown, {
        method: "POST",
        body: new URLSearchParams({ revision: main.dataset.revision }),
        keepalive: true,
      }).catch(() => {});
    });
  };

  main.addEventListener("live:update", shown);
  shown();
  setInterval(tidy, 1000);
})();
