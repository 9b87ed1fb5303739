// Every press at the counter loads the page anew; this keeps the finger where it was. Without it the address leads back
// to the dish that was pressed.
"use strict";
(() => {
  const form = document.getElementById("counter");
  if (!form) return;
  const kept = JSON.parse(sessionStorage.getItem("counter") || "null");
  sessionStorage.removeItem("counter");
  if (kept && kept.key === form.elements.key.value) {
    const button = [...form.querySelectorAll("button")].find((it) => it.value === kept.press);
    if (button) button.focus({ preventScroll: true });
    scrollTo(0, kept.at);
  }
  form.addEventListener("submit", ({ submitter }) => {
    if (!submitter) return;
    submitter.removeAttribute("formaction");
    sessionStorage.setItem("counter", JSON.stringify({ key: form.elements.key.value, press: submitter.value, at: scrollY }));
  });
})();
