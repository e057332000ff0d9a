/**
 * Handlers wrapped by `awslambda.streamifyResponse`, called by Invoke: the caller gets all that was written, at once.
 * The words are those of aws-lambda-ric 4.0.2 (`StreamingInvokeProcessor`, `response-stream.js`).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { deploy } from './deployed-function.ts';

const CODE = `
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
const cases = {
  pieces: async (stream) => { stream.write('one '); await new Promise((done) => setTimeout(done, 5)); stream.write(Buffer.from('two ')); stream.write({ three: 3 }); stream.end(); },
  pipeline: (stream) => pipeline(Readable.from(['a', 'b', 'c']), stream),
  returns: async (stream) => { stream.end('written'); return 'returned'; },
  open: async (stream) => { stream.write('never ended'); },
  prelude: async (stream) => {
    const inner = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } });
    inner.write('body'); inner.end();
  },
  late: async (stream) => { stream.write('x'); stream.setContentType('text/plain'); },
  throws: async (stream) => { stream.write('half'); throw new RangeError('in the middle'); },
  sync: (stream) => { stream.end('x'); },
};
export const handler = awslambda.streamifyResponse((event, stream, context) => {
  if (typeof context.awsRequestId !== 'string') throw new Error('no context');
  return cases[event.what](stream);
});
`;

let platform: Platform;
let streaming: DeployedFunction;
before(async () => {
  platform = await openPlatform();
  streaming = await deploy(platform, { 'index.mjs': CODE });
});
after(() => platform.close());

for (const [what, text] of [
  ['pieces', 'one two {"three":3}'],
  ['pipeline', 'abc'],
  ['prelude', '{"statusCode":201,"headers":{"x-a":"b"}}\0\0\0\0\0\0\0\0body'],
] as const) {
  test(`answers with what was written: ${what}`, async () => {
    const answer = await streaming.invoke({ what });
    assert.equal(answer.functionError, undefined, answer.text);
    assert.equal(answer.text, text);
  });
}

test('has the high-water mark that the handler was wrapped with', async () => {
  const code = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
    stream.end(String(stream.writableHighWaterMark));
  }, { highWaterMark: 3.5 });`;
  const { text } = await (await deploy(platform, { 'index.mjs': code })).invoke({});
  assert.equal(text, '3');
});

test('warns of a value that is returned', async () => {
  const { text, tail } = await streaming.invoke({ what: 'returns' });
  assert.equal(text, 'written');
  assert.match(tail, /\tWARN\tStreaming handlers ignore return values\.$/m);
});

for (const [what, type, message] of [
  ['open', 'Error', 'Response stream is not finished.'],
  ['sync', 'Error', 'Streaming does not support non-async handlers.'],
  ['late', 'Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.'],
  ['throws', 'RangeError', 'in the middle'],
] as const) {
  test(`fails: ${what}`, async () => {
    const { errorType, errorMessage } = await streaming.fail({ what });
    assert.deepEqual([errorType, errorMessage], [type, message]);
  });
}
