/** Streamed responses of AWS's own library for Rust, unchanged, read by the SDK and by boto3. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { boto3 } from '../kit/boto3.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { createProbe } from '../lambda/invoke/probe-function.ts';
import { invokeStreaming } from '../lambda/invoke/streamed-invocation.ts';
import { builtFunction } from './built-function.ts';

/** lambda_runtime 1.5.0 writes it before every streamed response, for front ends that speak HTTP. */
const PRELUDE = `{"statusCode":200,"headers":{"content-type":"application/octet-stream"},"cookies":[]}${'\0'.repeat(8)}`;

let platform: Platform;
let lambda: LambdaClient;
before(async () => {
  platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
  lambda = new LambdaClient(clientSettings(platform));
  const Code = { ZipFile: await builtFunction('rust') };
  await createProbe(lambda, 'rust', { Runtime: 'provided.al2023', Handler: 'bootstrap', Code });
});
after(async () => {
  lambda.destroy();
  await platform.close();
});

test('what the Rust runtime client streams comes whole', async () => {
  const { text, code } = await (await invokeStreaming(lambda, 'rust', { action: 'stream' })).rest();
  assert.deepEqual([text, code], [`${PRELUDE}firstsecond`, undefined]);
});

test('a stream that the Rust runtime client breaks off comes as it was sent, and the next one is well', async () => {
  const ended = await (await invokeStreaming(lambda, 'rust', { action: 'stream', fails: true })).rest();
  // It announces trailers, but what it sends of them are the last bytes of the body (`ToStreamErrorTrailer`).
  assert.ok(
    ended.text.startsWith(`${PRELUDE}firstLambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n`),
    ended.text,
  );
  const next = await (await invokeStreaming(lambda, 'rust', { action: 'stream' })).rest();
  assert.deepEqual([next.text, next.code], [`${PRELUDE}firstsecond`, undefined]);
});

test('boto3 reads a streamed response', async () => {
  const seen = await boto3<{ text: string; complete: Record<string, unknown>; status: number; type: string }>(
    platform,
    `
import base64, boto3, json
answer = boto3.client('lambda').invoke_with_response_stream(FunctionName='rust', Payload='{"action":"stream"}', LogType='Tail')
events = list(answer['EventStream'])
print(json.dumps({
    'text': b''.join(event['PayloadChunk']['Payload'] for event in events[:-1]).decode(),
    'complete': events[-1]['InvokeComplete'],
    'status': answer['StatusCode'],
    'type': answer['ResponseStreamContentType'],
}))
`,
  );
  const { LogResult, ...complete } = seen.complete;
  assert.match(Buffer.from(String(LogResult), 'base64').toString(), /^START RequestId: /);
  assert.deepEqual(
    { ...seen, complete },
    { text: `${PRELUDE}firstsecond`, complete: {}, status: 200, type: 'application/vnd.amazon.eventstream' },
  );
});
