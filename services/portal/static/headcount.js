// Says how old the sheet is, also without a network, and prints it.
"use strict";
const asOf = Date.parse(document.getElementById("as-of").dateTime);
const age = document.getElementById("age");
const tell = () => {
  const minutes = Math.floor((Date.now() - asOf) / 60000);
  if (minutes < 1) return;
  age.textContent = " (" + (minutes === 1 ? age.dataset.one : age.dataset.many.replace("#", minutes)) + ")";
  age.className = minutes >= 5 ? "old" : "";
};
tell();
setInterval(tell, 10000);
const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
