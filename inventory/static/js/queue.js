/**
 * This module is about scans that wait: each is kept in the browser until the server has
 * answered for it by its device and number, so that nothing is lost when the network is.
 */

const AT_ONCE = 50;
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const KEPT = "tallycard.scan.";
const ASIDE = "tallycard.aside.";
const REFUSED = new Set([403, 404, 422]); // asking again would not change the answer

export class Queue {
  /** `token` proves the page; `answered` gets the server's answer, `changed` what waits and why. */
  constructor({ token, answered, changed }) {
    this.token = token;
    this.answered = answered;
    this.changed = changed;
    this.failures = 0;
    this.sending = false;
    this.timer = 0;
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => this.send());
  }

  /** Keep a scan and send it with whatever else waits. */
  add(address, task, payload, medium) {
    const scan = { device: device(), seq: nextNumber(), at: new Date().toISOString(), payload, medium, task };
    localStorage.setItem(KEPT + scan.seq, JSON.stringify({ address, scan }));
    this.changed(this.size, "");
    return this.send();
  }

  get size() {
    return waiting().length;
  }

  /** Send what waits, one tab at a time where the browser can tell. */
  async send() {
    if (this.sending || !this.size) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      await alone(() => this.#sendAll());
    } finally {
      this.sending = false;
    }
    if (this.size && !this.timer) this.#later();
  }

  async #sendAll() {
    this.timer = 0;
    for (let batch = nextBatch(); batch.length; batch = nextBatch()) {
      const problem = await this.#post(batch).catch(() => "offline");
      this.changed(this.size, problem);
      if (problem) {
        this.#later();
        return;
      }
      this.failures = 0;
    }
  }

  async #post(batch) {
    const response = await fetch(batch[0].address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token, "HX-Request": "true" },
      body: JSON.stringify({ scans: batch.map((kept) => kept.scan) }),
    });
    if (REFUSED.has(response.status)) return putAside(batch);
    if (!response.ok) return response.status === 401 || response.status === 400 ? "signed_out" : "refused";
    const answer = await response.json();
    for (const result of answer.results) settle(result);
    this.answered(answer);
    return "";
  }

  #later() {
    const wait = Math.min(SHORTEST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
    this.failures += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.send();
    }, wait * (0.5 + Math.random() / 2));
  }
}

function waiting() {
  return Object.keys(localStorage).filter((key) => key.startsWith(KEPT)).sort();
}

/** The oldest scans of one count, as many as go at once. */
function nextBatch() {
  const kept = waiting().map((key) => JSON.parse(localStorage.getItem(key))).filter(Boolean);
  return kept.filter((one) => one.address === kept[0].address).slice(0, AT_ONCE);
}

function settle({ device: from, seq }) {
  const kept = JSON.parse(localStorage.getItem(KEPT + seq) ?? "null");
  if (kept?.scan.device === from) localStorage.removeItem(KEPT + seq);
}

/** What will never be taken is kept apart, so that it holds up no other count's scans. */
function putAside(batch) {
  for (const { scan } of batch) {
    localStorage.setItem(ASIDE + scan.seq, localStorage.getItem(KEPT + scan.seq));
    localStorage.removeItem(KEPT + scan.seq);
  }
  return "";
}

function alone(work) {
  if (!navigator.locks) return work(); // absent on plain http
  return navigator.locks.request("tallycard.queue", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

/** This browser's name, made once; crypto.randomUUID is absent on plain http. */
function device() {
  const known = localStorage.getItem("tallycard.device");
  if (known) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const made = `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  localStorage.setItem("tallycard.device", made);
  return made;
}

/** Numbers only grow, also across tabs and after the clock was put back. */
function nextNumber() {
  const next = Math.max(Number(localStorage.getItem("tallycard.seq")) + 1, Date.now());
  localStorage.setItem("tallycard.seq", String(next));
  return next;
}
