// Prints the slip; without it the browser's own way to print does.
"use strict";
const print = document.getElementById("print");
print.hidden = false;
print.focus();
print.addEventListener("click", () => window.print());
