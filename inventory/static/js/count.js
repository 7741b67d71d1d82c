/** This module is about the page on which is counted: scans go to the queue, answers to the page. */

import { Queue } from "./queue.js";
import { isSilent, say, setSilent } from "./sounds.js";
import { listen } from "./wedge.js";

const LIKE_A_CODE = /^[0-9０-９]{7,}$/;
const SILENT_CARDS = new Set(["", "chosen", "undone", "kept"]);
const LONG_MS = 800; // a scan unanswered for so long is shown as kept
const main = document.querySelector("main[data-count]");
const byId = (id) => document.getElementById(id);
const byFinger = matchMedia("(pointer: coarse)").matches;

const queue = new Queue({
  token: document.querySelector("meta[name=csrf-token]").content,
  answered: ({ results, progress }) => {
    lastTaken = "";
    put(progress);
    put(results.at(-1).html);
  },
  changed: (n, problem) => {
    const chip = byId("waiting");
    chip.hidden = !n || (!problem && n < 3);
    chip.querySelector("b").textContent = chip.dataset.words.replace("{n}", n);
    byId("signed-out").hidden = problem !== "signed_out";
    if (n && problem && lastTaken) showKept(lastTaken);
  },
});
let lastTaken = "";

function take(text, medium) {
  const payload = text.trim();
  if (!payload) return;
  lastTaken = payload;
  queue.add(main.dataset.scans, main.dataset.count, payload, medium);
  setTimeout(() => queue.size && lastTaken === payload && showKept(payload), LONG_MS);
}

/** Without an answer the thing before must not stay: its quantity would be taken for this one's. */
function showKept(payload) {
  const shown = byId("hit");
  if (shown.dataset.said === "kept" && shown.dataset.mark === payload) return;
  const card = byId("kept").content.firstElementChild.cloneNode(true);
  card.id = "hit";
  card.dataset.mark = payload;
  card.querySelector(".code").textContent = payload;
  shown.replaceWith(card);
}

/** Put each part of an answer of our own server in the place of the part with its id. */
function put(html) {
  const parts = document.createElement("template");
  parts.innerHTML = html;
  for (const part of [...parts.content.children]) {
    const old = byId(part.id);
    if (!old) continue;
    old.replaceWith(part);
    globalThis.htmx.process(part);
  }
}

/** A new card: say it, and offer the keys where there is a quantity to enter. */
function onCard() {
  const card = byId("hit");
  byId("say").replaceChildren();
  if (!SILENT_CARDS.has(card.dataset.said)) say(card.dataset.state);
  dressPad();
  const quantity = byId("quantity");
  if (quantity) quantity.focus({ preventScroll: true });
  else if (!byFinger) byId("payload")?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
  card.scrollIntoView({ block: "nearest" });
}

function dressPad() {
  const keys = document.querySelector("#pad .keys");
  if (!keys || !byFinger) return;
  keys.hidden = false;
  byId("quantity").inputMode = "none"; // the page's own keys, not the phone's
  document.querySelector("#pad .save").hidden = true;
}

function press(key) {
  const quantity = byId("quantity");
  quantity.value = key === "erase" ? quantity.value.slice(0, -1) : quantity.value + key;
}

function onClick(event) {
  const digit = event.target.closest("[data-digit]");
  const dialog = event.target.closest("[data-dialog]");
  const focus = event.target.closest("[data-focus]");
  if (digit) press(digit.dataset.digit);
  if (event.target.closest("a[href='#left']")) byId("rest").open = true;
  if (event.target.closest("[data-close]")) byId("closing").close();
  if (focus) {
    event.preventDefault();
    byId(focus.dataset.focus).focus();
  }
  if (dialog) {
    event.preventDefault();
    byId(dialog.dataset.dialog).showModal();
  }
}

/** A slow scanner may have typed a code where a quantity belongs: it is a scan, not a quantity. */
function onSubmit(event) {
  const quantity = event.target.elements.quantity;
  if (event.target.id === "scan") {
    event.preventDefault();
    take(event.target.elements.payload.value, "typed");
    event.target.reset();
  } else if (quantity && LIKE_A_CODE.test(quantity.value)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    take(quantity.value, "wedge");
    quantity.value = "";
  }
}

/** Each line of a pasted text is a code. */
function onPaste(event) {
  const lines = event.clipboardData.getData("text").split(/[\r\n]+/).filter((line) => line.trim());
  if (lines.length < 2 && event.target.matches("input")) return;
  event.preventDefault();
  lines.forEach((line) => take(line, "typed"));
}

/** When the session ended, the sign-in page must not land among the figures. */
function onAnswer(event) {
  if (event.detail.ctx.response.raw.redirected) {
    event.preventDefault();
    byId("signed-out").hidden = false;
  }
}

function showSound() {
  byId("sound").setAttribute("aria-pressed", String(!isSilent()));
}

byId("sound").hidden = false;
byId("sound").addEventListener("click", () => {
  setSilent(!isSilent());
  showSound();
});
showSound();
if (matchMedia("(min-width: 64rem)").matches) byId("rest").open = true;
document.addEventListener("click", onClick);
document.addEventListener("htmx:before:response", onAnswer);

if (byId("scan")) {
  document.addEventListener("scan", (event) => take(event.detail.text, event.detail.medium));
  document.addEventListener("submit", onSubmit, { capture: true });
  document.addEventListener("paste", onPaste);
  new MutationObserver(onCard).observe(byId("hits"), { childList: true });
  dressPad();
  queue.changed(queue.size, "");
  queue.send();
  listen();
}
