// Says how old the sheet is, and prints it, both also without a network: `worker.js` keeps it.
"use strict";
const age = document.getElementById("age");
// The page was asked for when it began to load. A tablet's clock may be wrong by any amount, so only what passes on it
// counts; the ticks besides, should it be set back, and it besides the ticks, which may rest while a tablet sleeps.
// A sheet out of the cupboard says when, by the clock of this tablet, it was put there.
const asked = Number(document.querySelector("main").dataset.kept) || Date.now() - performance.now();
const tell = () => {
  const minutes = Math.floor(Math.max(performance.now(), Date.now() - asked) / 60000);
  if (minutes < 1) return;
  age.textContent = " (" + (minutes === 1 ? age.dataset.one : age.dataset.many.replace("#", minutes)) + ")";
  age.className = minutes >= 5 ? "old" : "";
};
tell();
setInterval(tell, 10000);
const print = document.getElementById("print");
print.hidden = false;
if (navigator.serviceWorker) {
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("worker", { createScriptURL: (it) => it }) : { createScriptURL: (it) => it };
  navigator.serviceWorker.register(policy.createScriptURL("/worker.js")).catch(() => {});
}
print.addEventListener("click", () => window.print());
