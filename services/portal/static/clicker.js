// Counting by hand: every press counts, however fast they come, and none twice. The page loaded anew after each press
// would swallow the next one; so each press gets a key of its own and is sent without leaving the page, one after the
// other, and again with the same key while nobody answers. Without this script each press is a form of its own. ES2017.
"use strict";
(() => {
  const LONGEST_PAUSE = 8000;
  const wait = (pause) => new Promise((done) => setTimeout(done, pause));
  const say = (words) => { const place = document.querySelector("[data-live-say]"); if (place) place.textContent = words; };

  // A page that does not follow by itself shows what the house has counted.
  const count = (zone, words) => {
    const number = /: (\d+)/.exec(words);
    const place = document.querySelector("[data-counts] #zone-" + CSS.escape(zone) + " .num b");
    if (number && place) place.textContent = number[1];
  };

  // A UUID; browsers make one by themselves only over https.
  const fresh = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  const send = async (to, press) => {
    for (let pause = 500; pause <= LONGEST_PAUSE; pause *= 2) {
      try {
        const answer = await fetch(to, { method: "POST", body: press, redirect: "manual", keepalive: true });
        if (answer.ok) {
          const words = await answer.text();
          count(press.get("zone"), words);
          return say(words);
        }
        // Refused, or signed out: the page says so.
        if (answer.status < 500) return location.reload();
      } catch (nobody) { /* not there: once more */ }
      await wait(pause);
    }
    const lost = document.querySelector("[data-presses-lost]");
    if (lost) lost.hidden = false;
  };

  let sent = Promise.resolve();
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("form.click") || !button) return;
    event.preventDefault();
    const press = new URLSearchParams(new FormData(form));
    press.set(button.name, button.value);
    press.set("key", fresh());
    press.set("stay", "1");
    sent = sent.then(() => send(form.action, press));
  });
})();
