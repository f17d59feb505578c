"use strict";
for (const link of document.querySelectorAll("a[data-from]")) {
  link.href = document.getElementById(link.dataset.from).src;
  link.hidden = false;
}
