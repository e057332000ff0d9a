/**
 * Keeps the event loop from going to sleep for a moment after an event was handed to a runtime. Most
 * answers of a warm function come within that moment, and waking a sleeping core costs more than they
 * do: measured at one connection, a tenth to a seventh of an invocation. There is one loop, so there is
 * one moment, however many runtimes have an event.
 */

/** Milliseconds; an answer that takes longer does not notice a wake-up. */
const AWAKE_MS = 0.1;

let outstanding = 0;
let untilMs = 0;
let isAwake = false;

/** An event was handed over. */
export function expectAnswer(): void {
  outstanding += 1;
  untilMs = performance.now() + AWAKE_MS;
  if (isAwake) return;
  isAwake = true;
  setImmediate(stayAwake);
}

/** Its outcome came, or never will. */
export function answerCame(): void {
  outstanding -= 1;
}

function stayAwake(): void {
  if (outstanding > 0 && performance.now() < untilMs) setImmediate(stayAwake);
  else isAwake = false;
}
