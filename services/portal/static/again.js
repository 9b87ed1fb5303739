// Sends a form again when very many have asked at once: after the pause that the server has named, not all at the same
// instant. The button sends it at once. ES2017.
"use strict";
(() => {
  const form = document.querySelector("form[data-again]");
  if (!form) return;
  const say = document.querySelector("[data-again-say]");
  const pause = Number(form.dataset.again) * 1000 * (0.75 + Math.random() / 2);
  const timer = setTimeout(() => form.submit(), pause);
  form.addEventListener("submit", () => clearTimeout(timer));
  // A page that comes back from the browser's memory has sent its form: nobody orders twice by going back.
  addEventListener("pageshow", (event) => { if (event.persisted) clearTimeout(timer); });
  // Filled in after the page is there: only then it is read out.
  setTimeout(() => { say.textContent = say.dataset.againSay; }, 100);
})();
