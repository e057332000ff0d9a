/** A caller who has gone before its streamed response could begin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Invoker, Invoking } from '../../../src/lambda/invoke/invoke.ts';
import type { ResponseStream } from '../../../src/lambda/invoke/response-stream.ts';
import { streamingInvoke } from '../../../src/lambda/invoke/streaming-invoke.ts';
import type { RequestContext } from '../../../src/ports/service.ts';

/** More than a function may be ahead of a caller who reads. */
const MUCH_BYTES = 8 * 1024 * 1024;

test('a function does not wait for a caller who went away while it was Pending', async () => {
  const away = new AbortController();
  const began = Promise.withResolvers<ResponseStream>();
  const invoker = {
    find: async () => away.abort(),
    begin: (...[, , , stream]: Parameters<Invoker['begin']>): Invoking => {
      began.resolve(stream!);
      return { executedVersion: '$LATEST', outcome: new Promise(() => {}) };
    },
  } as unknown as Invoker;
  void streamingInvoke(invoker)({ FunctionName: 'f' }, { signal: away.signal } as RequestContext);
  const stream = await began.promise;
  assert.equal(stream.write(Buffer.alloc(MUCH_BYTES)), undefined);
});
