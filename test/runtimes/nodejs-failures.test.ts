/**
 * What a failing nodejs24.x function answers and logs. The words are those of AWS's own client for this
 * runtime, aws-lambda-ric 4.0.2 (`formatError`, `structuredConsole`, `LifecycleManager`).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { deploy } from './deployed-function.ts';

const CODE = `
class Refusal extends Error { constructor() { super('no'); this.name = 'Refusal'; this.code = 'E_NO'; } }
const cases = {
  thrown: () => { throw new TypeError('sync'); },
  rejected: async () => { throw new Refusal(); },
  cause: async () => { throw new Error('outer', { cause: new Error('inner') }); },
  string: async () => { throw 'just text'; },
  nothing: async () => { throw undefined; },
  object: async () => { throw { toString() { throw new Error('hostile'); } }; },
  bigint: async () => ({ n: 1n }),
  cyclic: async () => { const a = {}; a.a = a; return a; },
  exit: () => process.exit(3),
  exitWell: () => process.exit(0),
  uncaught: () => new Promise(() => setTimeout(() => { throw new Error('from a timer'); }, 1)),
  unhandled: async () => { Promise.reject(new Error('nobody cares')); return 'too early'; },
  never: () => new Promise(() => {}),
  looksFailed: async () => ({ errorMessage: 'x', errorType: 'y' }),
};
exports.handler = (event) => cases[event.what]();
`;

let platform: Platform;
let failing: DeployedFunction;
before(async () => {
  platform = await openPlatform();
  failing = await deploy(platform, { 'index.js': CODE });
});
after(() => platform.close());

const fail = (what: string) => failing.fail({ what });

test('tells the type, the message and the trace of a thrown error', async () => {
  const { errorType, errorMessage, trace, tail } = await fail('thrown');
  assert.equal(errorType, 'TypeError');
  assert.equal(errorMessage, 'sync');
  assert.equal(trace?.[0], 'TypeError: sync');
  assert.match(trace?.[1] ?? '', /^ {4}at .*index\.js:4:25\)$/);
  assert.match(
    tail,
    /^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tERROR\tInvoke Error \t\{"errorType":"TypeError","errorMessage":"sync","stack":\["TypeError: sync","/m,
  );
});

test("logs an error's own fields", async () => {
  const { errorType, errorMessage, tail } = await fail('rejected');
  assert.deepEqual([errorType, errorMessage], ['Refusal', 'no']);
  assert.match(tail, /\{"errorType":"Refusal","errorMessage":"no","code":"E_NO","name":"Refusal","stack":\[/);
});

test('keeps the cause out of the answer, as AWS does', async () => {
  const { trace, errorMessage } = await fail('cause');
  assert.equal(errorMessage, 'outer');
  assert.ok(!trace?.join().includes('inner'));
});

test('names the type of what was thrown without being an error', async () => {
  const text = await fail('string');
  assert.deepEqual([text.errorType, text.errorMessage, text.trace], ['string', 'just text', []]);
  assert.match(text.tail, /Invoke Error \t\{"errorType":"Error","errorMessage":"just text","stack":\[/);
  const nothing = await fail('nothing');
  assert.deepEqual([nothing.errorType, nothing.errorMessage, nothing.trace], ['undefined', 'undefined', []]);
});

for (const what of ['bigint', 'cyclic']) {
  test(`refuses a result that is not JSON: ${what}`, async () => {
    const { errorType, errorMessage } = await fail(what);
    assert.equal(errorType, 'Runtime.JSONStringifyError');
    assert.equal(errorMessage, 'Unable to stringify response body');
  });
}

for (const [what, reason] of [
  ['exit', 'Runtime exited with error: exit status 3'],
  ['exitWell', 'Runtime exited without providing a reason'],
  // The loop is empty and the promise open: Node.js ends, where nodejs22.x still answered null.
  ['never', 'Runtime exited without providing a reason'],
  // From nodejs24.x on nobody listens for these: Node.js prints the error itself and ends.
  ['uncaught', 'Runtime exited with error: exit status 1'],
  ['unhandled', 'Runtime exited with error: exit status 1'],
] as const) {
  test(`says how the runtime ended: ${what}`, async () => {
    const { errorType, errorMessage, tail } = await fail(what);
    assert.equal(errorType, 'Runtime.ExitError');
    assert.match(errorMessage, new RegExp(`^RequestId: [0-9a-f-]{36} Error: ${reason}$`));
    if (what === 'uncaught') assert.match(tail, /^Error: from a timer$/m);
    if (what === 'unhandled') assert.match(tail, /^Error: nobody cares$/m);
    const again = await failing.invoke({ what: 'looksFailed' });
    assert.equal(again.functionError, undefined);
  });
}

test('takes a result that looks like an error for a result', async () => {
  const { value, functionError } = await failing.invoke({ what: 'looksFailed' });
  assert.equal(functionError, undefined);
  assert.deepEqual(value, { errorMessage: 'x', errorType: 'y' });
});

test('survives what cannot be described', async () => {
  const { errorType, errorMessage } = await fail('object');
  assert.equal(errorType, 'handled');
  assert.match(errorMessage, /^callback called with Error argument, but there was a problem/);
});

test('reports an exit during init', async () => {
  const { fail: failInit } = await deploy(platform, { 'index.js': 'process.exit(7)' });
  const { errorType, errorMessage } = await failInit();
  assert.equal(errorType, 'Runtime.ExitError');
  assert.match(errorMessage, /Runtime exited with error: exit status 7$/);
});
