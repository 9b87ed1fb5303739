// Asks every few seconds whether staff have typed this display's code, and leads on when they have. The page
// stays when the house does not answer.
"use strict";
(() => {
  if ("serviceWorker" in navigator) {
    const policy = window.trustedTypes
      ? window.trustedTypes.createPolicy("worker", { createScriptURL: (url) => url })
      : { createScriptURL: (url) => url };
    navigator.serviceWorker.register(policy.createScriptURL("/worker.js")).catch(() => {});
  }
  const claim = document.querySelector(".claim");
  const ask = () => {
    fetch("/pair/state", { cache: "no-store" }).then((answer) => answer.json()).then((state) => {
      if (state.monitor) {
        // Whatever this screen was before, it begins anew.
        try { localStorage.clear(); } catch (_) { /* Nothing is kept then. */ }
        location.replace(state.monitor);
      } else if (state.code) claim.textContent = state.code;
    }).catch(() => {}).then(() => setTimeout(ask, 3000));
  };
  setTimeout(ask, 3000);
})();
