import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

/** A thread of its own: its event loop has nothing else to keep it awake or alive. */
const LOOP = `
  import { workerData, parentPort } from 'node:worker_threads';
  const { expectAnswer, answerCame } = await import(workerData.module);
  for (let event = 0; event < workerData.events; event += 1) expectAnswer();
  if (workerData.answered) for (let event = 0; event < workerData.events; event += 1) answerCame();
  parentPort.postMessage('expecting');
`;

for (const [what, answered] of [
  ['whose answers came', true],
  ['whose answers never come', false],
] as const) {
  test(`an event loop that stayed awake for events ${what} sleeps in the end`, {
    timeout: 30_000,
  }, async () => {
    const module = new URL('../../src/sandbox/channel/wakefulness.ts', import.meta.url).href;
    const source = new URL(`data:text/javascript,${encodeURIComponent(LOOP)}`);
    const worker = new Worker(source, { workerData: { module, events: 3, answered } });
    const [message] = await once(worker, 'message');
    assert.equal(message, 'expecting');
    // A loop that goes on spinning would keep its thread alive for ever.
    assert.deepEqual(await once(worker, 'exit'), [0]);
  });
}
