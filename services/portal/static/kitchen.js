// A kitchen screen says every 20 seconds that it shows the board, as long as somebody can see it and what it shows is
// alive: then its tickets need no paper. Without this script the page's own reloading says so.
"use strict";
(() => {
  const board = document.querySelector("[data-station]");
  if (!board) return;
  const beat = () => {
    if (document.hidden || document.documentElement.hasAttribute("data-offline")) return;
    fetch("/kitchen/alive", { method: "POST", body: new URLSearchParams({ station: board.dataset.station }) }).catch(() => {});
  };
  setInterval(beat, 20000);
  document.addEventListener("visibilitychange", beat);
  board.addEventListener("live:alive", beat, { once: true });
})();
