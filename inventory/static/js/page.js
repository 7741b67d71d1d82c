/** This module is about every page: a scan opens what it belongs to, menus close again. */

import { listen } from "./wedge.js";

const find = document.querySelector("form[role=search]");

if (find) {
  document.addEventListener("scan", (event) => {
    find.elements.q.value = event.detail.text;
    find.requestSubmit();
  });
  listen();
}

const menu = document.querySelector("details.menu");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
