/**
 * Kills at random: processes of functions and of extensions, and the server itself. Whatever dies, no invocation
 * outlasts its time-out, the next one works, and nothing is left behind.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { TEST_CREDENTIALS, TEST_REGION } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { KilledServer } from './killed-server.ts';
import { SeededRandom } from './seeded-random.ts';

const STEPS = 2_000;
const TIMEOUT_SECONDS = 3;
/** For an init and a second one, and a machine that is busy with other tests; milliseconds. */
const PATIENCE_MS = (TIMEOUT_SECONDS + 27) * 1_000;

const NODE = `
exports.handler = async ({ action }) => {
  if (action === 'work') await new Promise((resolve) => setTimeout(resolve, 20));
  if (action === 'exit') process.exit(3);
  if (action === 'throw') throw new Error('thrown');
  return action;
};`;

const PYTHON = `
import os, time
def handler(event, context):
    action = event["action"]
    if action == "work":
        time.sleep(0.02)
    if action == "exit":
        os._exit(3)
    if action == "throw":
        raise Exception("thrown")
    return action
`;

/** An external extension in Python: registers, and takes one event after the other. */
const EXTENSION = `#!/usr/bin/env python3
import json, os, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
register = urllib.request.Request(base + "register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}).encode(),
                                  {"Lambda-Extension-Name": "watcher"})
identifier = urllib.request.urlopen(register).headers["Lambda-Extension-Identifier"]
while True:
    event = urllib.request.urlopen(urllib.request.Request(base + "event/next",
                                                          headers={"Lambda-Extension-Identifier": identifier}))
    if json.load(event)["eventType"] == "SHUTDOWN":
        break
`;

const FUNCTIONS = ['node', 'python', 'extended'] as const;
const ACTIONS = ['echo', 'echo', 'work', 'work', 'exit', 'throw'] as const;

type Ending = 'answered' | 'failed' | 'cut off';

describe('a server whose processes are killed at random', () => {
  const random = new SeededRandom();
  let dataDirectory: string;
  let server: KilledServer;
  let lambda: LambdaClient;

  before(async () => {
    console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
    dataDirectory = await mkdtemp(join(tmpdir(), 'selfsame-faults-'));
    server = await KilledServer.start(dataDirectory);
    lambda = new LambdaClient({
      endpoint: server.origin,
      region: TEST_REGION,
      credentials: TEST_CREDENTIALS,
      maxAttempts: 1,
    });
    await createFunctions(lambda);
  });

  after(async () => {
    lambda.destroy();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  async function invoke(FunctionName: string, action: string): Promise<Ending> {
    const payload = JSON.stringify({ action });
    const command = new InvokeCommand({ FunctionName, Payload: Buffer.from(payload) });
    try {
      const answer = await lambda.send(command, { abortSignal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.FunctionError !== undefined) return 'failed';
      assert.equal(Buffer.from(answer.Payload!).toString(), JSON.stringify(action));
      return 'answered';
    } catch (error) {
      const { name } = error as Error;
      assert.notEqual(name, 'AbortError', `an invocation of ${FunctionName} (${action}) never ended`);
      if (error instanceof assert.AssertionError) throw error;
      return 'cut off';
    }
  }

  test('answers every invocation in time, and works after each fault', { timeout: 1_500_000 }, async () => {
    const endings: Record<Ending, number> = { answered: 0, failed: 0, 'cut off': 0 };
    const faults = { processes: 0, servers: 0 };
    let inFlight: Promise<void>[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const dice = random.next();
      if (dice < 0.85) {
        const name = random.of(FUNCTIONS);
        const counted = invoke(name, random.of(ACTIONS)).then((ending) => {
          endings[ending] += 1;
        });
        inFlight.push(counted);
      } else if (dice < 0.995) {
        const victims = await server.processes();
        if (victims.length > 0 && killed(random.of(victims))) faults.processes += 1;
      } else {
        await server.kill();
        faults.servers += 1;
        await server.start();
        assert.deepEqual(
          await server.traces(),
          [],
          'what the killed server made is gone after the next start',
        );
      }
      if (inFlight.length < 4) continue;
      await Promise.all(inFlight);
      inFlight = [];
    }
    await Promise.all(inFlight);
    console.log(JSON.stringify({ ...endings, ...faults }));
    assert.ok(faults.processes > STEPS / 20 && faults.servers > 0, JSON.stringify(faults));
    assert.ok(endings.answered > STEPS / 4, JSON.stringify(endings));
    for (const name of FUNCTIONS) assert.equal(await invoke(name, 'echo'), 'answered');
  });

  test('leaves nothing when it is stopped', async () => {
    assert.equal(await server.stop(), 0);
    assert.deepEqual(await server.processes(), []);
    assert.deepEqual(await server.traces(), []);
    assert.deepEqual(await readdir(join(dataDirectory, 'environments')), []);
  });
});

/** False for one that has ended by itself. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

async function createFunctions(lambda: LambdaClient): Promise<void> {
  const extension = { 'extensions/watcher': { content: EXTENSION, mode: 0o100755 } };
  const layer = await lambda.send(
    new PublishLayerVersionCommand({ LayerName: 'watcher', Content: { ZipFile: await zipOf(extension) } }),
  );
  const codes = {
    node: { 'index.js': NODE },
    python: { 'index.py': PYTHON },
    extended: { 'index.py': PYTHON },
  };
  for (const name of FUNCTIONS) {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: name === 'node' ? 'nodejs24.x' : 'python3.11',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/r',
        Timeout: TIMEOUT_SECONDS,
        MemorySize: 512,
        Layers: name === 'extended' ? [layer.LayerVersionArn!] : [],
        Code: { ZipFile: await zipOf(codes[name]) },
      }),
    );
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60 }, { FunctionName: name });
  }
}
