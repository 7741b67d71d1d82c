/**
 * This module is about handheld scanners that type: it tells their bursts from people's typing.
 *
 * Keys are collected and judged at Enter or Tab: a scan has a median gap of at most 50 ms, no
 * gap above 400 ms and at least four signs. The median, because a busy machine stutters: cutting
 * at a single slow key once made a scan of a code's tail. Eleven digits that are a code by their
 * check digits are one even across a longer stutter, and whatever was typed just before them.
 * What the burst did to the field that had the focus is put back, and its Enter is swallowed.
 */

const MEDIAN_MS = 50;
const LONGEST_GAP_MS = 400;
const LONGEST_STUTTER_MS = 2_000;
const SHORTEST = 4;
const LONGEST = 1_000;
const CODE_DIGITS = 11;
const MODIFIERS = new Set(["Shift", "CapsLock", "NumLock"]);
const SIGNS = {
  Minus: "-_", Equal: "=+", Slash: "/?", Period: ".>", Comma: ",<", Semicolon: ";:",
  Space: "  ", NumpadSubtract: "--", NumpadDivide: "//", NumpadDecimal: "..",
};

let keys = [];
let last = 0;

/** Listen to a page, to what early.js kept as well; a scan is an event `scan` with its text. */
export function listen() {
  document.dispatchEvent(new CustomEvent("listening", { detail: (event) => onKey(event) }));
  document.addEventListener("keydown", onKey, { capture: true });
  document.documentElement.dataset.scanner = "on"; // what was typed before was not heard
}

function onKey(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return forget();
  if (MODIFIERS.has(event.key)) return undefined;
  const gap = event.timeStamp - last;
  last = event.timeStamp;
  if (gap > LONGEST_STUTTER_MS || keys.length > LONGEST) forget();
  if (event.key === "Enter" || event.key === "Tab" || isEnter(event)) return decide(event, gap);
  const sign = signOf(event);
  if (sign === null) return forget();
  const before = remember();
  if (keys.length && gap <= MEDIAN_MS && !before.field) event.preventDefault(); // a space presses no button
  keys.push({ sign, gap, before });
  return undefined;
}

function isEnter(event) {
  return event.key === "Process" && (event.code === "Enter" || event.code === "NumpadEnter");
}

/** The sign of a key; an input method hides it behind “Process”, so its place is asked. */
function signOf({ key, code, shiftKey }) {
  if ([...key].length === 1) return key.normalize("NFKC");
  if (key !== "Process" && key !== "Unidentified") return null;
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(code);
  if (place) return shiftKey ? place[1] : place[1].toLowerCase();
  return SIGNS[code]?.[shiftKey ? 1 : 0] ?? null;
}

function decide(event, gap) {
  const burst = [code(gap), sinceTheLastPause(gap)].find(Boolean);
  forget();
  if (!burst) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  putBack(burst[0].before);
  const text = textOf(burst);
  document.dispatchEvent(new CustomEvent("scan", { detail: { text, medium: "wedge" } }));
}

/** The last eleven keys, when they are a code by their check digits (ISO/IEC 7064, MOD 97-10). */
function code(gap) {
  const burst = keys.slice(-CODE_DIGITS);
  const text = textOf(burst);
  const isCode = /^[2-9][0-9]{10}$/.test(text) && Number(text) % 97 === 1;
  return isCode && isFast(burst, gap) ? burst : null;
}

function sinceTheLastPause(gap) {
  const burst = keys.slice(Math.max(0, keys.findLastIndex((key) => key.gap > LONGEST_GAP_MS)));
  const isWhole = textOf(burst).length >= SHORTEST && gap <= LONGEST_GAP_MS;
  return isWhole && isFast(burst, gap) ? burst : null;
}

function isFast(burst, gap) {
  const gaps = [...burst.slice(1).map((key) => key.gap), gap].sort((a, b) => a - b);
  return gaps[gaps.length >> 1] <= MEDIAN_MS;
}

function textOf(burst) {
  return burst.map((key) => key.sign).join("").trim();
}

function forget() {
  keys = [];
}

function remember() {
  const element = document.activeElement;
  const field = element?.matches?.("input, textarea") ? element.value : null;
  return { element, field: field !== null, value: field, index: element?.selectedIndex };
}

function putBack({ element, field, value, index }) {
  if (field) {
    const restore = () => { element.value = value; };
    if (document.activeElement === element) {
      element.blur(); // an input method drops what it was composing
      element.focus({ preventScroll: true });
    }
    restore();
    setTimeout(restore); // and may hand over its text once more
  } else if (element?.tagName === "SELECT") {
    element.selectedIndex = index;
  }
}
