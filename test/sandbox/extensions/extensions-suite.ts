import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { EXTENSION, extendedEnvironment } from './extended-environment.ts';

const ECHO = `exports.handler = async (event) => event;`;

/** Registers for both events, says what it gets, and ends when it is told to. */
const WATCHER = `
(async () => {
  const { body } = await register('watcher.js', ['INVOKE', 'SHUTDOWN'], { 'Lambda-Extension-Accept-Feature': 'accountId' });
  console.log('registered ' + JSON.stringify(body));
  console.log('variables ' + JSON.stringify([process.env._HANDLER ?? null, process.env.AWS_LAMBDA_FUNCTION_NAME]));
  for (;;) {
    const event = await next();
    console.log('event ' + JSON.stringify(event));
    if (event.eventType === 'SHUTDOWN') return;
  }
})();
`;

/** An internal extension: asks for its events in a thread of the runtime. */
const PYTHON_INSIDE = `
import json, os, signal, sys, threading, urllib.request

BASE = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"

def call(path, headers, body=None):
    return urllib.request.urlopen(urllib.request.Request(BASE + path, body, headers))

registered = call("register", {"Lambda-Extension-Name": "inside"}, json.dumps({"events": ["INVOKE"]}).encode())
identifier = registered.headers["Lambda-Extension-Identifier"]

def events():
    while True:
        event = json.load(call("event/next", {"Lambda-Extension-Identifier": identifier}))
        print("event", event["requestId"], flush=True)

def ended(*_):
    print("ended in peace", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, ended)
threading.Thread(target=events, daemon=True).start()

def handler(event, context):
    return event
`;

export function testExtensions(level: IsolationLevel): void {
  describe(`extensions at the level ${level}`, () => {
    test('an external extension registers before the runtime starts, gets INVOKE and SHUTDOWN, and its output is logged', async (context) => {
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        code: ECHO,
        extensions: { 'watcher.js': WATCHER },
      });
      await environment.start();
      assert.equal(environment.state, 'ready');
      const ready = owner.change();
      const outcome = await invoke('id-1', { a: 1 });
      assert.equal(outcome.payload.toString(), '{"a":1}');
      await ready;
      await environment.stop();
      const { messages } = sink;
      assert.ok(messages.includes('EXTENSION\tName: watcher.js\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n'));
      assert.ok(
        messages.includes(
          'registered {"functionName":"echo","functionVersion":"$LATEST","handler":"index.handler","accountId":"123456789012"}\n',
        ),
      );
      assert.ok(messages.includes('variables [null,"echo"]\n'));
      const [invoked, shutDown, ...more] = messages
        .filter((message) => message.startsWith('event '))
        .map((message) => JSON.parse(message.slice(6)) as Record<string, unknown>);
      assert.deepEqual(more, []);
      const { deadlineMs, ...rest } = invoked!;
      assert.equal(typeof deadlineMs, 'number');
      assert.deepEqual(rest, {
        eventType: 'INVOKE',
        requestId: 'id-1',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
        tracing: { type: 'X-Amzn-Trace-Id', value: '' },
      });
      assert.equal(shutDown!['eventType'], 'SHUTDOWN');
      assert.equal(shutDown!['shutdownReason'], 'spindown');
    });

    test('the response does not wait for an extension that is still at work, the next invocation does', async (context) => {
      const { environment, sink, owner, invoke, codeDirectory } = await extendedEnvironment(context, level, {
        code: ECHO,
        extensions: {
          slow: `const { existsSync } = require('node:fs');
          (async () => {
            await register('slow', ['INVOKE']);
            for (;;) {
              await next();
              console.log('at work');
              while (!existsSync(process.env.TASK + '/open')) await new Promise((wake) => setTimeout(wake, 5));
            }
          })();`,
        },
      });
      await environment.start();
      const ready = owner.change();
      const outcome = await invoke('id-1', 1);
      assert.equal(outcome.payload.toString(), '1');
      await sink.line(/^at work/);
      assert.equal(environment.state, 'busy');
      assert.equal(sink.messages.filter((message) => message.startsWith('REPORT')).length, 0);
      await writeFile(join(codeDirectory, 'open'), '');
      await ready;
      assert.equal(environment.state, 'ready');
      assert.equal(sink.messages.filter((message) => message.startsWith('REPORT')).length, 1);
    });

    test('the time-out covers extensions, and the environment is reset', async (context) => {
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        code: ECHO,
        change: { timeoutSeconds: 1 },
        extensions: {
          endless: `(async () => {
            await register('endless', ['INVOKE']);
            await next();
            setInterval(() => {}, 1000);
          })();`,
        },
      });
      await environment.start();
      const gone = owner.change();
      const outcome = await invoke('id-1', 1);
      assert.equal(outcome.functionError, undefined);
      await gone;
      assert.equal(environment.state, 'stopping');
      await sink.line(/ id-1 Task timed out after 1\.00 seconds/);
      await sink.line(/^REPORT .*Status: timeout/);
    });

    test('an extension that ends fails the invocation as Extension.Crash', async (context) => {
      const { environment, invoke } = await extendedEnvironment(context, level, {
        code: `exports.handler = () => new Promise(() => setInterval(() => {}, 1000));`,
        extensions: {
          crashing: `(async () => {
            await register('crashing', ['INVOKE']);
            await next();
            process.exit(3);
          })();`,
        },
      });
      await environment.start();
      const outcome = await invoke('id-1');
      assert.equal(outcome.functionError, 'Unhandled');
      assert.deepEqual(JSON.parse(outcome.payload.toString()), {
        errorType: 'Extension.Crash',
        errorMessage: 'RequestId: id-1 Error: exit status 3',
      });
    });

    test('an extension that reports a failed init breaks the environment', async (context) => {
      const { environment, sink } = await extendedEnvironment(context, level, {
        code: ECHO,
        extensions: {
          failing: `(async () => {
            await register('failing', ['INVOKE']);
            await report('init', 'Extension.ConfigInvalid');
          })();`,
        },
      });
      await environment.start();
      assert.equal(environment.state, 'broken');
      await sink.line(/^INIT_REPORT .*Status: error\tError Type: Extension\.InitError/);
    });

    test('a runtime that exits gives its extensions SHUTDOWN with the reason failure', async (context) => {
      const { environment, sink, invoke } = await extendedEnvironment(context, level, {
        code: `exports.handler = () => process.exit(7);`,
        extensions: { 'watcher.js': WATCHER },
      });
      await environment.start();
      const outcome = await invoke('id-1');
      assert.deepEqual(JSON.parse(outcome.payload.toString()), {
        errorType: 'Runtime.ExitError',
        errorMessage: 'RequestId: id-1 Error: Runtime exited with error: exit status 7',
      });
      await sink.line(/"shutdownReason":"failure"/);
    });

    test('an internal extension gets INVOKE too, no SHUTDOWN, and its runtime gets SIGTERM', async (context) => {
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        language: 'module',
        code: `${EXTENSION}
          console.log('refused ' + JSON.stringify((await register('inside', ['INVOKE', 'SHUTDOWN'])).body));
          await register('inside', ['INVOKE']);
          (async () => { for (;;) console.log('event ' + (await next()).requestId); })();
          process.on('SIGTERM', () => { console.log('ended in peace'); process.exit(0); });
          export const handler = async (event) => event;`,
      });
      await environment.start();
      assert.equal(environment.state, 'ready');
      const again = owner.change();
      assert.equal((await invoke('id-1', 1)).payload.toString(), '1');
      await again;
      await sink.line(/^.*event id-1/);
      await sink.line(/ShutdownEventNotSupportedForInternalExtension/);
      await environment.stop();
      await sink.line(/ended in peace/);
    });

    test('an internal extension in a thread of a Python function does so too', async (context) => {
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        language: 'python',
        code: PYTHON_INSIDE,
      });
      await environment.start();
      assert.equal(environment.state, 'ready');
      const again = owner.change();
      assert.equal((await invoke('id-1', 1)).payload.toString(), '1');
      await again;
      await sink.line(/^event id-1/);
      await environment.stop();
      await sink.line(/ended in peace/);
    });
  });
}
