// Asks again every few seconds whether staff have typed this display's code; then the page leads on.
"use strict";
setTimeout(() => location.reload(), 3000);
