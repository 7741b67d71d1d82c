/** This module is about what one hears and feels: eyes stay on the shelf, not on the screen. */

const KEPT = "tallycard.silent";
const OK = [[880, 0, 0.07], [1320, 0.07, 0.1]];
const ASK = [[660, 0, 0.09], [990, 0.12, 0.14]];
const AGAIN = [[520, 0, 0.06], [520, 0.11, 0.06]];
const LOOK = [[440, 0, 0.14], [330, 0.16, 0.16]];
const WRONG = [[180, 0, 0.32]];
const OF_STATE = {
  match: OK, open: ASK, again: AGAIN, place: AGAIN, short: LOOK, surplus: LOOK, misplaced: LOOK,
};
const FELT = new Map([[OK, [40]], [ASK, [40, 60, 40]], [AGAIN, [20]], [LOOK, [120]], [WRONG, [250]]]);

let context;

/** Whether sounds are switched off in this browser. */
export function isSilent() {
  return localStorage.getItem(KEPT) === "1";
}

/** Switch sounds off or on. */
export function setSilent(silent) {
  localStorage.setItem(KEPT, silent ? "1" : "0");
}

/** Say a state by sound and vibration; what is not known is wrong. */
export function say(state) {
  const tune = OF_STATE[state] ?? WRONG;
  navigator.vibrate?.(FELT.get(tune));
  if (isSilent() || !globalThis.AudioContext) return;
  context ??= new AudioContext();
  context.resume();
  for (const [pitch, from, length] of tune) play(pitch, context.currentTime + from, length, tune === WRONG);
}

function play(pitch, at, length, rough) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = rough ? "square" : "sine";
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(rough ? 0.12 : 0.3, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + length);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + length);
}
