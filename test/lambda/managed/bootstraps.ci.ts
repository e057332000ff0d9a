/**
 * How the runtimes for Node.js and Python take several events at once. Sources: AWS, "Node.js runtime for Lambda Managed
 * Instances" (worker threads, each with several events) and "Python runtime for Lambda Managed Instances" (processes).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from '../invoke/gate.ts';
import { invokeStreaming } from '../invoke/streamed-invocation.ts';
import type { ManagedFunctions } from './managed-functions.ts';
import { managedFunctions } from './managed-functions.ts';

const EVENTS = 10;

/** Characters of a log line that a pipe does not keep whole by itself. */
const LONG_LINE = 100_000;

const NODE_HANDLER = `
const pass = ${PASS_GATE};
const { threadId } = require('node:worker_threads');
exports.handler = async (event, context) => {
  if (event.gate) await pass(event.gate);
  if (event.exits) process.exit(5);
  if (event.throws) throw new TypeError('as asked');
  console.log({ said: event.say, long: 'x'.repeat(event.length ?? 0) });
  return {
    pid: process.pid,
    threadId,
    id: context.awsRequestId,
    stored: globalThis.awslambda.InvokeStore.getRequestId(),
    variable: process.env.AWS_LAMBDA_MAX_CONCURRENCY,
    type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE,
  };
};
`;

/** `gate.ts` in Python: the meeting place is the server's logs. */
const PYTHON_HANDLER = `
import json, logging, os, time, urllib.request, uuid

def call(operation, body):
    headers = {"x-amz-target": "Logs_20140328." + operation, "content-type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(body).encode(), headers)
    return json.loads(urllib.request.urlopen(request).read() or "{}")

def pass_gate(gate):
    call("CreateLogGroup", {"logGroupName": f"{gate}/arrived/{uuid.uuid4()}"})
    while not call("DescribeLogGroups", {"logGroupNamePrefix": f"{gate}/open"})["logGroups"]:
        time.sleep(0.005)

def handler(event, context):
    if "gate" in event:
        pass_gate(event["gate"])
    if event.get("exits"):
        os._exit(5)
    if event.get("throws"):
        raise TypeError("as asked")
    logging.getLogger().info({"said": event.get("say"), "long": "x" * event.get("length", 0)})
    return {"parent": os.getppid(), "pid": os.getpid(), "id": context.aws_request_id}
`;

let platform: Platform;
let functions: ManagedFunctions;
let logs: CloudWatchLogsClient;

before(async () => {
  platform = await openPlatform();
  functions = managedFunctions(platform);
  logs = new CloudWatchLogsClient(clientSettings(platform));
  await functions.createProvider();
});
after(async () => {
  functions[Symbol.dispose]();
  logs.destroy();
  await platform.close();
});

async function meeting(name: string): Promise<Record<string, unknown>[]> {
  await using gate = openGate(platform);
  const invoked = Array.from({ length: EVENTS }, (_, number) =>
    functions.invoke(name, { gate: gate.name, say: `number ${number}`, length: LONG_LINE }),
  );
  await gate.arrived(EVENTS);
  await gate.open();
  return (await Promise.all(invoked)).map((text) => JSON.parse(text) as Record<string, unknown>);
}

/** What the function has written of each number, by request id. */
async function said(name: string): Promise<Map<string, string>> {
  for (;;) {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: `/aws/lambda/${name}`,
        filterPattern: '{ $.message.said = "number*" }',
      }),
    );
    const lines = events.map(
      ({ message }) => JSON.parse(message!) as { requestId: string; message: { said: string } },
    );
    if (lines.length === EVENTS)
      return new Map(lines.map(({ requestId, message }) => [requestId, message.said]));
  }
}

async function errorOf(name: string, event: object): Promise<Record<string, unknown>> {
  return JSON.parse(await functions.invoke(name, event)) as Record<string, unknown>;
}

describe('Node.js', () => {
  before(async () => {
    const code = await zipOf({ 'index.js': NODE_HANDLER });
    const Environment = { Variables: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' } };
    const settings = { code, Environment, Runtime: 'nodejs24.x', maxConcurrency: EVENTS } as const;
    await functions.create('node', settings, { min: 1, max: 1 });
  });

  test('has ten events at once in the threads of one process, and knows whose each log line is', async () => {
    const answers = await meeting('node');
    assert.equal(new Set(answers.map(({ pid }) => pid)).size, 1);
    assert.equal(new Set(answers.map(({ threadId }) => threadId)).size, 2);
    assert.equal(new Set(answers.map(({ id }) => id)).size, EVENTS);
    for (const { id, stored } of answers) assert.equal(stored, id);
    assert.deepEqual([answers[0]?.['variable'], answers[0]?.['type']], ['10', 'lambda-managed-instances']);
    const lines = await said('node');
    answers.forEach(({ id }, number) => {
      assert.equal(lines.get(String(id)), `number ${number}`);
    });
  });

  test('tells of an error by the event that it is of', async () => {
    const { errorType, errorMessage } = await errorOf('node', { throws: true });
    assert.deepEqual([errorType, errorMessage], ['TypeError', 'as asked']);
  });

  test('goes on with its other threads where one has ended', async () => {
    const { errorType } = await errorOf('node', { exits: true });
    assert.equal(errorType, 'Runtime.ExitError');
    const { pid } = JSON.parse(await functions.invoke('node', {})) as { pid: number };
    assert.equal(typeof pid, 'number');
  });
});

describe('streaming in Node.js', () => {
  const HANDLER = `
    const pass = ${PASS_GATE};
    exports.handler = awslambda.streamifyResponse(async ({ gate, name, fails }, stream) => {
      stream.setContentType('text/plain');
      stream.write(name + ' first, ');
      await pass(gate);
      if (fails) throw new RangeError('in the middle');
      stream.write('then second');
      stream.end();
    });
  `;
  before(async () => {
    const settings = {
      code: await zipOf({ 'index.js': HANDLER }),
      Runtime: 'nodejs24.x',
      maxConcurrency: 3,
    } as const;
    await functions.create('streams', settings, { min: 1, max: 1 });
  });

  test('several responses are written at once, and fail each by itself', async () => {
    await using gate = openGate(platform);
    const event = { gate: gate.name };
    const streams = await Promise.all(
      [{ name: 'one' }, { name: 'two' }, { name: 'three', fails: true }].map((more) =>
        invokeStreaming(functions.lambda, 'streams', { ...event, ...more }),
      ),
    );
    const firsts = await Promise.all(streams.map((stream) => stream.piece()));
    assert.deepEqual(firsts, ['one first, ', 'two first, ', 'three first, ']);
    await gate.open();
    const rests = await Promise.all(streams.map((stream) => stream.rest()));
    assert.deepEqual(
      rests.map(({ text, code }) => [text, code]),
      [
        ['then second', undefined],
        ['then second', undefined],
        ['', 'Unhandled'],
      ],
    );
  });
});

describe('Python', () => {
  before(async () => {
    const code = await zipOf({ 'index.py': PYTHON_HANDLER });
    const found = (await platform.runtimes()).filter(
      ({ runtime, resolution }) => /^python3\.1[3-9]/.test(runtime) && resolution.available,
    );
    const Runtime =
      (found[0]?.runtime as Runtime | undefined) ?? assert.fail('no Python of 3.13 or later is on this host');
    const settings = { code, Runtime, maxConcurrency: EVENTS };
    await functions.create('python', settings, { min: 1, max: 1 });
  });

  test('has ten events at once in as many processes, and knows whose each log line is', async () => {
    const answers = await meeting('python');
    assert.equal(new Set(answers.map(({ parent }) => parent)).size, 1);
    assert.equal(new Set(answers.map(({ pid }) => pid)).size, EVENTS);
    const lines = await said('python');
    answers.forEach(({ id }, number) => {
      assert.equal(lines.get(String(id)), `number ${number}`);
    });
  });

  test('tells of an error by the event that it is of', async () => {
    const { errorType, errorMessage } = await errorOf('python', { throws: true });
    assert.deepEqual([errorType, errorMessage], ['TypeError', 'as asked']);
  });

  test('goes on with its other processes where one has ended', async () => {
    const { errorType } = await errorOf('python', { exits: true });
    assert.equal(errorType, 'Runtime.ExitError');
    const { pid } = JSON.parse(await functions.invoke('python', {})) as { pid: number };
    assert.equal(typeof pid, 'number');
  });
});
