/**
 * Handlers of nodejs22.x, which may use callbacks. The rules are those of AWS's own client for it, aws-lambda-ric
 * 3.3.0 (`CallbackContext.js`, `Runtime.js`). The nearest Node.js of this host stands in for version 22.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { deploy } from './deployed-function.ts';

const CODE = `
const cases = {
  value: (context, callback) => callback(null, 'called back'),
  error: (context, callback) => callback(new Error('called back')),
  text: (context, callback) => callback('just text'),
  waits: (context, callback) => {
    const began = Date.now();
    setTimeout(() => { globalThis.waited = Date.now() - began; }, 30);
    callback(null, 'after the loop');
  },
  waited: async () => globalThis.waited >= 29,
  doesNotWait: (context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false;
    setInterval(() => {}, 1000);
    callback(null, 'at once');
  },
  twice: (context, callback) => { callback(null, 1); callback(null, 2); },
  succeed: (context) => { setInterval(() => {}, 1000); context.succeed('succeeded'); },
  fail: (context) => context.fail(new RangeError('failed')),
  failWithNothing: (context) => context.fail(),
  done: (context) => context.done(null, 'done'),
  doneWithError: (context) => context.done('not done'),
  nothing: () => undefined,
  plainValue: () => 'a value is no answer',
  promise: async () => 'promised',
  never: () => new Promise(() => {}),
  thrown: () => { throw new Error('thrown'); },
  bigint: async () => 1n,
  lateRejection: async () => { Promise.reject(new Error('too late')); return 'answered'; },
  uncaught: () => { setTimeout(() => { throw new Error('from a timer'); }, 1); },
  slowEnd: () => {
    // Were another event sent to this process, it would come while the process ends.
    process.on('exit', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300));
    setTimeout(() => { throw new Error('the last'); }, 1);
  },
  unhandled: () => { Promise.reject(new Error('nobody cares')); },
};
exports.handler = (event, context, callback) => cases[event.what](context, callback);
`;

let platform: Platform;
let called: DeployedFunction;
before(async () => {
  platform = await openPlatform({ runtimes: { 'nodejs22.x': process.execPath } });
  called = await deploy(platform, { 'index.js': CODE }, { Runtime: 'nodejs22.x' });
});
after(() => platform.close());

for (const [what, result] of [
  ['value', 'called back'],
  ['waits', 'after the loop'],
  ['waited', true],
  ['twice', 1],
  ['done', 'done'],
  ['nothing', null],
  ['plainValue', null],
  ['promise', 'promised'],
  ['never', null],
  // These two leave timers behind, which every later callback waits for.
  ['doesNotWait', 'at once'],
  ['succeed', 'succeeded'],
] as const) {
  test(`answers: ${what}`, async () => {
    const { value, functionError } = await called.invoke({ what });
    assert.equal(functionError, undefined);
    assert.equal(value, result);
  });
}

for (const [what, type, message] of [
  ['error', 'Error', 'called back'],
  ['text', 'string', 'just text'],
  ['fail', 'RangeError', 'failed'],
  ['failWithNothing', 'string', 'handled'],
  ['doneWithError', 'string', 'not done'],
  ['thrown', 'Error', 'thrown'],
  ['bigint', 'Error', 'Unable to stringify response body'],
] as const) {
  test(`fails: ${what}`, async () => {
    const { errorType, errorMessage, tail } = await called.fail({ what });
    assert.deepEqual([errorType, errorMessage], [type, message]);
    assert.match(tail, /\tERROR\tInvoke Error \t\{/);
  });
}

test('answers with an exception that nobody caught, and ends with status 129', async () => {
  const { errorType, errorMessage, tail } = await called.fail({ what: 'uncaught' });
  assert.deepEqual([errorType, errorMessage], ['Error', 'from a timer']);
  assert.match(
    tail,
    /\tERROR\tUncaught Exception \t\{"errorType":"Error","errorMessage":"from a timer","stack":\[/,
  );
});

test('sends no event to a process that is ending', async () => {
  const begun = async () => (await called.logEvents()).filter((event) => event.startsWith('START ')).length;
  const before = await begun();
  assert.equal((await called.fail({ what: 'slowEnd' })).errorMessage, 'the last');
  const { value, functionError, text } = await called.invoke({ what: 'promise' });
  assert.equal(functionError, undefined, text);
  assert.equal(value, 'promised');
  // An event that its process never read would begin a second time elsewhere.
  assert.equal((await begun()) - before, 2);
});

test('answers with a rejection that nobody handled', async () => {
  const { errorType, errorMessage, trace, tail } = await called.fail({ what: 'unhandled' });
  assert.deepEqual([errorType, errorMessage], ['Runtime.UnhandledPromiseRejection', 'Error: nobody cares']);
  assert.equal(trace?.[0], 'Runtime.UnhandledPromiseRejection: Error: nobody cares');
  // As AWS was seen to log it for nodejs22.x (aws-lambda-base-images, issue 392).
  assert.match(
    tail,
    /\tERROR\tUnhandled Promise Rejection \t\{"errorType":"Runtime\.UnhandledPromiseRejection","errorMessage":"Error: nobody cares","reason":\{"errorType":"Error","errorMessage":"nobody cares","stack":\[[^\]]*\]\},"promise":\{\},"stack":\[/,
  );
});

test('keeps an answer given before a rejection that nobody handled, and starts anew', async () => {
  const { value, functionError, tail } = await called.invoke({ what: 'lateRejection' });
  assert.equal(functionError, undefined);
  assert.equal(value, 'answered');
  assert.match(tail, /\tERROR\tUnhandled Promise Rejection \t\{/);
  const next = await called.invoke({ what: 'promise' });
  assert.equal(next.value, 'promised');
  assert.match(next.tail, /Init Duration: /);
});

test('reports a failed init as an uncaught exception', async () => {
  const { fail } = await deploy(
    platform,
    { 'index.js': 'require("nothing-of-the-kind")' },
    { Runtime: 'nodejs22.x' },
  );
  const { errorType, errorMessage, trace, tail } = await fail();
  assert.equal(errorType, 'Runtime.ImportModuleError');
  assert.match(errorMessage, /^Error: Cannot find module 'nothing-of-the-kind'/);
  assert.match(trace?.[0] ?? '', /^Runtime\.ImportModuleError: Error: Cannot find module/);
  assert.match(tail, /\tundefined\tERROR\tUncaught Exception \t\{"errorType":"Runtime\.ImportModuleError"/);
});
