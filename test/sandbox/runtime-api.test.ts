import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { EnvironmentListener, RuntimeEvent } from '../../src/ports/environment.ts';
import { RuntimeApi } from '../../src/sandbox/runtime-api/runtime-api.ts';

/** 6 MB and what AWS allows on top. Bytes. */
const MAX_BYTES = 6_291_556;

interface Heard {
  readonly kind: 'ready' | 'initError' | 'response' | 'chunk' | 'error';
  readonly requestId?: string;
  readonly errorType?: string;
  readonly payload?: string;
}

interface Started {
  readonly api: RuntimeApi;
  readonly heard: Heard[];
  call(
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function started(context: TestContext): Promise<Started> {
  const heard: Heard[] = [];
  const listener: EnvironmentListener = {
    ready: () => heard.push({ kind: 'ready' }),
    initError: (errorType, payload) => heard.push({ kind: 'initError', errorType, payload: String(payload) }),
    response: (requestId, payload) => heard.push({ kind: 'response', requestId, payload: String(payload) }),
    responseChunk: (requestId, chunk) => {
      heard.push({ kind: 'chunk', requestId, payload: String(chunk) });
      return undefined;
    },
    error: (requestId, errorType, payload) =>
      heard.push({ kind: 'error', requestId, errorType, payload: String(payload) }),
    output: () => {},
    leaving: () => {},
    exit: () => {},
  };
  const api = await RuntimeApi.listen(listener);
  context.after(() => api.close());
  return {
    api,
    heard,
    call: async (method, path, body, headers = {}) => {
      const answer = await fetch(`http://${api.address}/2018-06-01/runtime/${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      });
      return { status: answer.status, headers: answer.headers, body: await answer.text() };
    },
  };
}

function event(change: Partial<RuntimeEvent> = {}): RuntimeEvent {
  return {
    requestId: 'id-1',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
    deadlineMs: 1_800_000_000_000,
    traceId: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
    clientContext: undefined,
    cognitoIdentity: undefined,
    tenantId: undefined,
    payload: Buffer.from('{"a":1}'),
    ...change,
  };
}

/** A runtime that has been given an event. */
async function busy(context: TestContext, change: Partial<RuntimeEvent> = {}): Promise<Started> {
  const runtime = await started(context);
  runtime.api.invoke(event(change));
  await runtime.call('GET', 'invocation/next');
  runtime.heard.length = 0;
  return runtime;
}

const errorOf = ({ body }: Answer): unknown => JSON.parse(body);

describe('the runtime API', () => {
  test('gives an event with all that belongs to it', async (context) => {
    const { api, heard, call } = await started(context);
    api.invoke(
      event({
        clientContext: '{"custom":{"a":"b"}}',
        cognitoIdentity: '{"cognitoIdentityId":"i"}',
        tenantId: 't',
      }),
    );
    const answer = await call('GET', 'invocation/next');
    assert.equal(answer.status, 200);
    assert.equal(answer.body, '{"a":1}');
    assert.deepEqual(
      Object.fromEntries([...answer.headers].filter(([name]) => /^(lambda-|content-)/.test(name))),
      {
        'content-length': '7',
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': 'id-1',
        'lambda-runtime-aws-tenant-id': 't',
        'lambda-runtime-client-context': '{"custom":{"a":"b"}}',
        'lambda-runtime-cognito-identity': '{"cognitoIdentityId":"i"}',
        'lambda-runtime-deadline-ms': '1800000000000',
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:f',
        'lambda-runtime-trace-id':
          'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      },
    );
    assert.deepEqual(heard, [{ kind: 'ready' }]);
  });

  test('leaves out the headers of what an event does not have', async (context) => {
    const { api, call } = await started(context);
    api.invoke(event({ traceId: undefined }));
    const names = [...(await call('GET', 'invocation/next')).headers.keys()];
    assert.deepEqual(
      names.filter((name) => name.startsWith('lambda-runtime-')),
      ['lambda-runtime-aws-request-id', 'lambda-runtime-deadline-ms', 'lambda-runtime-invoked-function-arn'],
    );
  });

  test('sends a client context of any characters on one line, as UTF-8', async (context) => {
    const { api, call } = await started(context);
    const clientContext = '{\r\n  "custom": {"a": "grün € \x7f"}\n}';
    api.invoke(event({ clientContext }));
    const { headers } = await call('GET', 'invocation/next');
    const text = Buffer.from(headers.get('lambda-runtime-client-context')!, 'latin1').toString();
    assert.deepEqual(JSON.parse(text), JSON.parse(clientContext));
  });

  test('holds the request for the next event until there is one', async (context) => {
    const { api, heard, call } = await started(context);
    const asked = call('GET', 'invocation/next');
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    api.invoke(event({ payload: Buffer.from('[]') }));
    assert.equal((await asked).body, '[]');
  });

  test('takes a response and is asked for the next event', async (context) => {
    const { api, heard, call } = await busy(context);
    const answer = await call('POST', 'invocation/id-1/response', '"done"');
    assert.equal(answer.status, 202);
    assert.equal(answer.body, '{"status":"OK"}\n');
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.deepEqual(heard, [{ kind: 'response', requestId: 'id-1', payload: '"done"' }]);
    api.invoke(event({ requestId: 'id-2' }));
    const next = await call('GET', 'invocation/next');
    assert.equal(next.headers.get('lambda-runtime-aws-request-id'), 'id-2');
    assert.equal(heard.length, 1, 'ready is said once');
  });

  for (const payload of ['', 'not JSON', '\u0000\u0001']) {
    test(`passes a response on as it is: ${JSON.stringify(payload)}`, async (context) => {
      const { heard, call } = await busy(context);
      assert.equal((await call('POST', 'invocation/id-1/response', payload)).status, 202);
      assert.deepEqual(heard, [{ kind: 'response', requestId: 'id-1', payload }]);
    });
  }

  test('takes an error with the type that its header names', async (context) => {
    const { heard, call } = await busy(context);
    const body = '{"errorType":"E","errorMessage":"no","stackTrace":[]}';
    const headers = { 'Lambda-Runtime-Function-Error-Type': 'Function.Failed' };
    assert.equal((await call('POST', 'invocation/id-1/error', body, headers)).status, 202);
    assert.deepEqual(heard, [
      { kind: 'error', requestId: 'id-1', errorType: 'Function.Failed', payload: body },
    ]);
  });

  test('takes the type of an error from its body when no header names it', async (context) => {
    const { heard, call } = await busy(context);
    await call('POST', 'invocation/id-1/error', '{"errorType":"E","errorMessage":"no"}');
    assert.equal(heard[0]!.errorType, 'E');
  });

  test('takes an error that is not JSON', async (context) => {
    const { heard, call } = await busy(context);
    assert.equal((await call('POST', 'invocation/id-1/error', 'oh no')).status, 202);
    assert.deepEqual(heard, [
      { kind: 'error', requestId: 'id-1', errorType: 'Runtime.Unknown', payload: 'oh no' },
    ]);
  });

  test('takes an init error', async (context) => {
    const { heard, call } = await started(context);
    const body = '{"errorType":"Runtime.NoSuchHandler","errorMessage":"none"}';
    const answer = await call('POST', 'init/error', body);
    assert.equal(answer.status, 202);
    assert.equal(answer.body, '{"status":"OK"}\n');
    assert.deepEqual(heard, [{ kind: 'initError', errorType: 'Runtime.NoSuchHandler', payload: body }]);
  });

  test('gives no event after an init error', async (context) => {
    const { call } = await started(context);
    await call('POST', 'init/error', '{}');
    const answer = await call('GET', 'invocation/next');
    assert.equal(answer.status, 403);
    assert.deepEqual(errorOf(answer), {
      errorMessage:
        'State transition from InitError to Ready failed for runtime. Error: State transition is not allowed',
      errorType: 'InvalidStateTransition',
    });
  });

  test('takes no init error once the runtime has asked for an event', async (context) => {
    const { heard, call } = await busy(context);
    const answer = await call('POST', 'init/error', '{}');
    assert.equal(answer.status, 403);
    assert.equal((errorOf(answer) as { errorType: string }).errorType, 'InvalidStateTransition');
    assert.deepEqual(heard, []);
  });

  for (const outcome of ['response', 'error']) {
    test(`refuses a ${outcome} for another request`, async (context) => {
      const { heard, call } = await busy(context);
      const answer = await call('POST', `invocation/id-2/${outcome}`, '{}');
      assert.equal(answer.status, 400);
      assert.deepEqual(errorOf(answer), {
        errorMessage: 'Invalid request ID',
        errorType: 'InvalidRequestID',
      });
      assert.deepEqual(heard, []);
      assert.equal((await call('POST', `invocation/id-1/${outcome}`, '{}')).status, 202);
    });

    test(`refuses a ${outcome} before any event`, async (context) => {
      const { call } = await started(context);
      assert.equal((await call('POST', `invocation/id-1/${outcome}`, '{}')).status, 400);
    });

    for (const first of ['response', 'error']) {
      test(`refuses a ${outcome} after a ${first}`, async (context) => {
        const { heard, call } = await busy(context);
        await call('POST', `invocation/id-1/${first}`, '{}');
        const answer = await call('POST', `invocation/id-1/${outcome}`, '{}');
        assert.equal(answer.status, 403);
        const to = outcome === 'error' ? 'InvocationErrorResponse' : 'InvocationResponse';
        assert.deepEqual(errorOf(answer), {
          errorMessage: `State transition from RuntimeResponseSentState to ${to} failed for runtime. Error: State transition is not allowed`,
          errorType: 'InvalidStateTransition',
        });
        assert.equal(heard.length, 1);
      });
    }
  }

  test('lets only one of two simultaneous responses count', async (context) => {
    const { heard, call } = await busy(context);
    const answers = await Promise.all([
      call('POST', 'invocation/id-1/response', '1'),
      call('POST', 'invocation/id-1/response', '2'),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 403]);
    assert.equal(heard.length, 1);
  });

  test('gives the same event again to a runtime that asks again', async (context) => {
    const { call } = await busy(context);
    const answer = await call('GET', 'invocation/next');
    assert.equal(answer.headers.get('lambda-runtime-aws-request-id'), 'id-1');
    assert.equal(answer.body, '{"a":1}');
  });

  for (const [method, path, status] of [
    ['POST', 'invocation/next', 405],
    ['DELETE', 'invocation/id-1/error', 405],
    ['GET', 'invocation/id-1/response', 405],
    ['PUT', 'init/error', 405],
    ['GET', 'invocation', 404],
    ['GET', 'restore/next', 404],
    ['POST', 'invocation/id-1/response/more', 404],
    ['POST', 'invocation/id-1/other', 404],
    ['GET', '../../2015-03-31/functions', 404],
  ] as const) {
    test(`answers ${method} ${path} with ${status}`, async (context) => {
      const { call } = await busy(context);
      const answer = await call(method, path, method === 'GET' ? undefined : '{}');
      assert.equal(answer.status, status);
      assert.equal(answer.body, status === 404 ? '404 page not found\n' : '');
    });
  }

  test('takes a response of exactly the largest size', async (context) => {
    const { heard, call } = await busy(context);
    const body = Buffer.alloc(MAX_BYTES, 'x');
    assert.equal((await call('POST', 'invocation/id-1/response', body)).status, 202);
    assert.equal(heard[0]!.kind, 'response');
    assert.equal(heard[0]!.payload!.length, MAX_BYTES);
  });

  test('refuses a response of one byte more, and the caller hears of it', async (context) => {
    const { heard, call } = await busy(context);
    const answer = await call('POST', 'invocation/id-1/response', Buffer.alloc(MAX_BYTES + 1, 'x'));
    assert.equal(answer.status, 413);
    assert.deepEqual(errorOf(answer), {
      errorMessage: 'Exceeded maximum allowed payload size (6291556 bytes).',
      errorType: 'RequestEntityTooLarge',
    });
    assert.deepEqual(heard, [
      {
        kind: 'error',
        requestId: 'id-1',
        errorType: 'Function.ResponseSizeTooLarge',
        payload:
          '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
      },
    ]);
  });

  test('waits when a response breaks off, and takes the next try', async (context) => {
    const { api, heard, call } = await busy(context);
    const [host, port] = api.address.split(':');
    const socket = connect(Number(port), host);
    socket.write(
      'POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf',
    );
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    assert.equal((await call('POST', 'invocation/id-1/response', '"whole"')).status, 202);
    assert.deepEqual(heard, [{ kind: 'response', requestId: 'id-1', payload: '"whole"' }]);
  });

  test('passes on a streamed response, and ends it with nothing', async (context) => {
    const { api, heard } = await busy(context);
    const answer = await streamed(api, ['{"a":', '1}'], {});
    assert.equal(answer.status, 202);
    assert.deepEqual(heard.pop(), { kind: 'response', requestId: 'id-1', payload: '' });
    assert.ok(heard.every(({ kind, requestId }) => kind === 'chunk' && requestId === 'id-1'));
    assert.equal(heard.map(({ payload }) => payload).join(''), '{"a":1}');
  });

  test('takes no other response once a streamed one has begun, but an error', async (context) => {
    const { api, heard, call } = await busy(context);
    const outgoing = streamingRequest(api, {});
    outgoing.on('error', () => {});
    outgoing.write('half');
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await call('POST', 'invocation/id-1/response', '{}')).status, 403);
    assert.equal((await call('POST', 'invocation/id-1/error', '{"errorType":"E"}')).status, 202);
    outgoing.end();
    const [late] = (await once(outgoing, 'response')) as [IncomingMessage];
    assert.equal(late.statusCode, 403);
    assert.deepEqual(
      heard.map(({ kind }) => kind),
      ['chunk', 'error'],
    );
  });

  test('takes a streamed response that fails midway for the error in its trailers', async (context) => {
    const { api, heard } = await busy(context);
    const error = '{"errorType":"E","errorMessage":"midway"}';
    await streamed(api, ['half'], {
      'Lambda-Runtime-Function-Error-Type': 'Function.Midway',
      'Lambda-Runtime-Function-Error-Body': Buffer.from(error).toString('base64'),
    });
    assert.deepEqual(heard, [
      { kind: 'chunk', requestId: 'id-1', payload: 'half' },
      { kind: 'error', requestId: 'id-1', errorType: 'Function.Midway', payload: error },
    ]);
  });

  test('refuses a response mode that does not exist', async (context) => {
    const { heard, call } = await busy(context);
    const headers = { 'Lambda-Runtime-Function-Response-Mode': 'sideways' };
    const answer = await call('POST', 'invocation/id-1/response', '{}', headers);
    assert.equal(answer.status, 400);
    assert.deepEqual(errorOf(answer), {
      errorMessage: 'Invalid function response mode',
      errorType: 'InvalidFunctionResponseMode',
    });
    assert.equal(heard[0]!.errorType, 'Runtime.InvalidResponseModeHeader');
  });

  test('knows an event that nobody asked for as undelivered', async (context) => {
    const { api, call } = await started(context);
    assert.equal(api.undelivered, false);
    api.invoke(event());
    assert.equal(api.undelivered, true);
    await call('GET', 'invocation/next');
    assert.equal(api.undelivered, false);
    await call('POST', 'invocation/id-1/response', '{}');
    assert.equal(api.undelivered, false);
  });

  test('knows an event sent to a runtime that closes its connection unseen as undelivered', async (context) => {
    const { api, heard } = await started(context);
    const socket = await asking(api);
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // The event goes out in the same turn of the loop: the server has not heard of the end yet.
    await new Promise<void>((resolve) => {
      socket.once('close', () => {
        api.invoke(event());
        resolve();
      });
      socket.destroy();
    });
    while (!api.undelivered) await new Promise((resolve) => setImmediate(resolve));
  });

  test('knows an event that was read before the connection ended as delivered', async (context) => {
    const { api, heard } = await started(context);
    const socket = await asking(api);
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    api.invoke(event());
    await once(socket, 'data');
    socket.destroy();
    await once(socket, 'close');
    for (let turns = 0; turns < 50; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(api.undelivered, false);
    }
  });

  test('knows an event sent to a runtime that had gone as undelivered', async (context) => {
    const { api, heard } = await started(context);
    const socket = await asking(api);
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
    await once(socket, 'close');
    api.invoke(event());
    while (!api.undelivered) await new Promise((resolve) => setImmediate(resolve));
  });
});

/** A connection on which the next event has been asked for. */
async function asking(api: RuntimeApi): Promise<Socket> {
  const [host, port] = api.address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  socket.write('GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n');
  return socket;
}

function streamingRequest(api: RuntimeApi, trailers: Readonly<Record<string, string>>): ClientRequest {
  return request(`http://${api.address}/2018-06-01/runtime/invocation/id-1/response`, {
    method: 'POST',
    headers: {
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: Object.keys(trailers).join(', '),
    },
  });
}

/** Posts a response in streaming mode, in these pieces and with these trailers. */
async function streamed(
  api: RuntimeApi,
  pieces: readonly string[],
  trailers: Readonly<Record<string, string>>,
): Promise<{ status: number; body: string }> {
  const outgoing = streamingRequest(api, trailers);
  for (const piece of pieces) outgoing.write(piece);
  outgoing.addTrailers(trailers);
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, body: String(await buffer(answer)) };
}
