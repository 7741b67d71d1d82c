/** This module is about every page: a scan opens what it belongs to, menus close again. */

import { listen } from "./wedge.js";

const find = document.querySelector("form[role=search]");

if (find) {
  document.addEventListener("scan", (event) => {
    const field = scanField();
    if (field) {
      field.value = event.detail.text;
      field.form.requestSubmit();
      return;
    }
    find.elements.q.value = event.detail.text;
    find.requestSubmit();
  });
  listen();
}

/** The field of a form that waits for a scan: the one in use, else the first empty one. */
function scanField() {
  const fields = [...document.querySelectorAll("input[data-scan]")];
  const used = fields.find((field) => field === document.activeElement);
  return used ?? fields.find((field) => !field.value);
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
