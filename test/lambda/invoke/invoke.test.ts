/** Invoke over HTTP: what a client may send, and what it gets. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { start } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { openGate } from './gate.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

const MAX_REQUEST_BYTES = 6 * 1024 * 1024;
const MAX_RESPONSE_BYTES = 6_291_556;

describe('Invoke', () => {
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
    lambda = new LambdaClient(clientSettings(platform));
    await createProbe(lambda, 'probe');
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  /** As a client does it, with a signature that nobody checks. */
  const post = (body: string | Uint8Array<ArrayBuffer> | undefined, headers: Record<string, string> = {}) =>
    fetch(`${platform.origin}/2015-03-31/functions/probe/invocations`, {
      method: 'POST',
      ...(body === undefined ? {} : { body }),
      headers: {
        Authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
        ...headers,
      },
    });

  test('answers with the headers of AWS', async () => {
    const answer = await post('{"a":1}', { 'X-Amz-Log-Type': 'Tail' });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), '{"a":1}');
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('content-length'), '7');
    assert.equal(answer.headers.get('x-amz-executed-version'), '$LATEST');
    assert.equal(answer.headers.get('x-amz-function-error'), null);
    assert.match(answer.headers.get('x-amzn-requestid')!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(
      answer.headers.get('x-amzn-trace-id')!,
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0/i,
    );
    const log = Buffer.from(answer.headers.get('x-amz-log-result')!, 'base64').toString();
    assert.match(log, /^START RequestId: (\S+) Version: \$LATEST\nEND RequestId: \1\nREPORT RequestId: \1\t/);
  });

  test('says in a header that the function failed', async () => {
    const answer = await post('{"action":"fail","message":"no"}');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-amz-function-error'), 'Unhandled');
    assert.equal(((await answer.json()) as { errorType: string }).errorType, 'RangeError');
  });

  test('takes a result with the members of an error for a result', async () => {
    const answer = await post('{"errorMessage":"x","errorType":"y"}');
    assert.equal(answer.headers.get('x-amz-function-error'), null);
    assert.equal(await answer.text(), '{"errorMessage":"x","errorType":"y"}');
  });

  test('passes the trace header and the client context on', async () => {
    const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    const answer = await post('{"action":"context"}', {
      'X-Amzn-Trace-Id': trace,
      'X-Amz-Client-Context': Buffer.from('{"custom":{"k":"ü"}}').toString('base64'),
    });
    const context = (await answer.json()) as Record<string, unknown>;
    // With the function in the chain of those that led to it: see trace-header.ts.
    assert.match(String(context['trace']), new RegExp(`^${trace};Lineage=1:[0-9a-f]{8}:0$`));
    assert.deepEqual((context['clientContext'] as { custom: unknown }).custom, { k: 'ü' });
    assert.equal(context['awsRequestId'], answer.headers.get('x-amzn-requestid'));
    const remaining = Number(context['remaining']);
    assert.ok(remaining > 0 && remaining <= 30_000, `${remaining} ms remain`);
  });

  test('refuses a client context that is no JSON', async () => {
    const answer = await post('{}', { 'X-Amz-Client-Context': Buffer.from('no').toString('base64') });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'InvalidRequestContentException');
  });

  test('gives the function an empty object when there is no payload', async () => {
    for (const body of [undefined, '']) assert.equal(await (await post(body)).text(), '{}');
  });

  for (const json of ['null', '0', '"text"', '[1,2]', ' {"a": "\\u00e9é"} ', 'true']) {
    test(`takes any JSON: ${json}`, async () => {
      const answer = await post(json);
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), JSON.parse(json));
    });
  }

  for (const [title, body, message] of [
    [
      'text',
      'hello',
      "Unrecognized token 'hello': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    ],
    ['bytes that are not UTF-8', Buffer.from('n\x87r\x9e', 'latin1'), 'Invalid UTF-8 start byte 0x87'],
    ['an end that is too early', '{"a":', 'Unexpected end-of-input'],
  ] as const) {
    test(`refuses ${title} in AWS's words`, async () => {
      const answer = await post(typeof body === 'string' ? body : new Uint8Array(body));
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get('x-amzn-errortype'), 'InvalidRequestContentException');
      const error = (await answer.json()) as { Type: string; message: string };
      assert.equal(error.Type, 'User');
      const prefix = 'Could not parse request body into json: Could not parse payload into json: ';
      assert.ok(error.message.startsWith(prefix + message), error.message);
    });
  }

  test('takes a request of exactly the largest size', async () => {
    const body = JSON.stringify({ action: 'count', filler: '' });
    const filler = 'x'.repeat(MAX_REQUEST_BYTES - body.length);
    const answer = await post(JSON.stringify({ action: 'count', filler }));
    assert.equal(answer.status, 200);
    assert.equal(typeof (await answer.json()), 'number');
  });

  test('refuses a request of one byte more', async () => {
    const answer = await post(`"${'x'.repeat(MAX_REQUEST_BYTES - 1)}"`);
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'RequestTooLargeException');
    const error = (await answer.json()) as { message: string };
    assert.equal(
      error.message,
      `Request must be smaller than ${MAX_REQUEST_BYTES} bytes for the InvokeFunction operation`,
    );
  });

  test('returns a response of exactly the largest size', async () => {
    const answer = await post(JSON.stringify({ action: 'big', bytes: MAX_RESPONSE_BYTES }));
    assert.equal(answer.headers.get('x-amz-function-error'), null);
    assert.equal((await answer.arrayBuffer()).byteLength, MAX_RESPONSE_BYTES);
  });

  test('fails for a response of one byte more, and the environment stays', async () => {
    await createProbe(lambda, 'large');
    await invokeProbe(lambda, 'large', { action: 'count' });
    const answer = await invokeProbe(lambda, 'large', { action: 'big', bytes: MAX_RESPONSE_BYTES + 1 });
    assert.equal(answer.functionError, 'Unhandled');
    assert.deepEqual(answer.payload, {
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      errorType: 'Function.ResponseSizeTooLarge',
    });
    assert.equal((await invokeProbe(lambda, 'large', { action: 'count' })).payload, 2);
  });

  test('returns the last 4 KB of the log', async () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index} ${'x'.repeat(60)}`);
    const { log } = await invokeProbe(lambda, 'probe', { action: 'print', lines }, { LogType: 'Tail' });
    assert.equal(Buffer.byteLength(log), 4_096);
    assert.match(log, /line 99 x+\nEND RequestId: \S+\nREPORT RequestId: [^\n]*\n$/);
    assert.doesNotMatch(log, /START/);
  });

  test('returns no log that was not asked for', async () => {
    const output = await lambda.send(new InvokeCommand({ FunctionName: 'probe', LogType: 'None' }));
    assert.equal(output.LogResult, undefined);
  });

  test('with DryRun runs nothing', async () => {
    await createProbe(lambda, 'dry');
    const output = await lambda.send(
      new InvokeCommand({ FunctionName: 'dry', InvocationType: 'DryRun', Payload: '{"action":"count"}' }),
    );
    assert.equal(output.StatusCode, 204);
    assert.equal(output.ExecutedVersion, undefined);
    assert.equal((await invokeProbe(lambda, 'dry', { action: 'count' })).payload, 1);
  });

  test('takes a name, a partial and a full ARN, with and without a qualifier', async () => {
    await createProbe(lambda, 'named');
    await lambda.send(new PublishVersionCommand({ FunctionName: 'named' }));
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:named';
    for (const [name, qualifier, version, invokedArn] of [
      ['named', undefined, '$LATEST', arn],
      ['named', '$LATEST', '$LATEST', `${arn}:$LATEST`],
      ['named', '1', '1', `${arn}:1`],
      ['named:1', undefined, '1', `${arn}:1`],
      ['named:1', '1', '1', `${arn}:1`],
      ['000000000000:function:named', undefined, '$LATEST', arn],
      ['000000000000:function:named:1', undefined, '1', `${arn}:1`],
      [arn, undefined, '$LATEST', arn],
      [`${arn}:1`, undefined, '1', `${arn}:1`],
    ] as const) {
      const answer = await invokeProbe<Record<string, unknown>>(
        lambda,
        name,
        { action: 'context' },
        qualifier === undefined ? {} : { Qualifier: qualifier },
      );
      const title = `${name} ${qualifier}`;
      assert.equal(answer.executedVersion, version, title);
      assert.equal(answer.payload['functionVersion'], version, title);
      assert.equal(answer.payload['invokedFunctionArn'], invokedArn, title);
    }
  });

  test('refuses two qualifiers that differ, and names that nothing has', async () => {
    for (const [name, qualifier] of [
      ['nothing', undefined],
      ['probe', '7'],
      ['probe', 'nobody'],
    ] as const) {
      await assert.rejects(
        lambda.send(new InvokeCommand({ FunctionName: name, Qualifier: qualifier })),
        { name: 'ResourceNotFoundException' },
        `${name} ${qualifier}`,
      );
    }
    await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'probe:1', Qualifier: '2' })), {
      name: 'InvalidParameterValueException',
    });
  });

  test('refuses a function that has Failed, with its state', async () => {
    // A runtime that this host cannot have makes a function Failed, as a bad image does on AWS.
    await using other = await start({
      port: 0,
      dataDir: 'temporary',
      logLevel: 'error',
      runtimes: { 'python3.13': '/nonexistent/python3.13' },
    });
    const client = new LambdaClient(clientSettings(other));
    await createProbe(client, 'unavailable', { Runtime: 'python3.13' });
    await assert.rejects(client.send(new InvokeCommand({ FunctionName: 'unavailable' })), (error: Error) => {
      assert.equal(error.name, 'ResourceConflictException');
      assert.match(error.message, /The function is currently in the following state: Failed$/);
      return true;
    });
    const { State } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: 'unavailable' }));
    assert.equal(State, 'Failed');
    client.destroy();
  });

  test('says what is wrong with a package that has no bootstrap', async () => {
    await createProbe(lambda, 'bare', { Runtime: 'provided.al2023' });
    const answer = await invokeProbe<Record<string, string>>(lambda, 'bare', {});
    assert.equal(answer.functionError, 'Unhandled');
    assert.equal(answer.payload['errorType'], 'Runtime.InvalidEntrypoint');
    assert.match(
      answer.payload['errorMessage']!,
      /^RequestId: [0-9a-f-]{36} Error: Couldn't find valid bootstrap\(s\): \[\/var\/task\/bootstrap \/opt\/bootstrap\]$/,
    );
  });

  test('is let finish when the server closes, and then nothing is left', async () => {
    const closing = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
    const client = new LambdaClient(clientSettings(closing));
    await createProbe(client, 'last');
    await using gate = openGate(closing);
    const held = invokeProbe(client, 'last', { action: 'outlast', gate: gate.name, value: 'finished' });
    await gate.arrived(1);
    const closed = closing.close();
    assert.equal((await held).payload, 'finished');
    await closed;
    client.destroy();
  });
});
