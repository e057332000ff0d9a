import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import type { Extended } from './extended-environment.ts';
import { extendedEnvironment } from './extended-environment.ts';

interface Told {
  readonly time: string;
  readonly type: string;
  readonly record: Record<string, unknown> | string;
}

export interface SubscriberOptions {
  readonly api?: 'telemetry' | 'logs';
  readonly protocol?: 'HTTP' | 'TCP';
  readonly types: readonly string[];
  readonly schemaVersion?: string;
  /** Default: any free one. */
  readonly port?: number;
}

const PATHS = { telemetry: '/2022-07-01/telemetry', logs: '/2020-08-15/logs' } as const;

/** Subscribes and prints what it is told, an event a line, but for what it has printed itself. */
export function subscriber(level: IsolationLevel, options: SubscriberOptions): string {
  const { api = 'telemetry', protocol = 'HTTP', types, schemaVersion = '2022-12-13', port = 0 } = options;
  // The host's own hosts file does not know the name; there an extension listens on loopback.
  const host = level === 'process' ? '127.0.0.1' : 'sandbox.localdomain';
  return `
const say = (text) => {
  for (const event of text) if (!String(event.record).startsWith('told ')) console.log('told ' + JSON.stringify(event));
};
(async () => {
  await register('subscriber', ['INVOKE', 'SHUTDOWN']);
  const protocol = ${JSON.stringify(protocol)};
  const server = protocol === 'HTTP'
    ? require('node:http').createServer(async (request, response) => {
        const chunks = []; for await (const chunk of request) chunks.push(chunk);
        response.end(); say(JSON.parse(Buffer.concat(chunks).toString()));
      })
    : require('node:net').createServer(async (socket) => {
        const chunks = []; for await (const chunk of socket) chunks.push(chunk);
        socket.end(); say(Buffer.concat(chunks).toString().trim().split('\\n').map((line) => JSON.parse(line)));
      });
  await new Promise((done) => server.listen(${port}, ${JSON.stringify(host)}, done));
  const port = server.address().port;
  const destination = protocol === 'HTTP' ? { protocol, URI: 'http://sandbox.localdomain:' + port + '/x' } : { protocol, port };
  const answer = await fetch(base + ${JSON.stringify(PATHS[api])}, { method: 'PUT', headers: { 'Lambda-Extension-Identifier': id },
    body: JSON.stringify({ schemaVersion: ${JSON.stringify(schemaVersion)}, types: ${JSON.stringify(types)}, destination, buffering: { timeoutMs: 25 } }) });
  console.log('answer ' + answer.status + ' ' + (await answer.text()));
  for (;;) if ((await next()).eventType === 'SHUTDOWN') process.exit(0);
})();
`;
}

/** What the subscriber of an environment was told, in order, from its start over one invocation to its end. */
export async function toldInOneLife(
  context: TestContext,
  level: IsolationLevel,
  options: SubscriberOptions,
): Promise<{ readonly told: Told[]; readonly sink: Extended['sink'] }> {
  const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
    code: `exports.handler = async () => { console.log('from the function'); return 1; };`,
    extensions: { subscriber: subscriber(level, options) },
  });
  await environment.start();
  const ready = owner.change();
  await invoke('id-1');
  await ready;
  await environment.stop();
  return { told: toldIn(sink.messages), sink };
}

function toldIn(messages: readonly string[]): Told[] {
  return messages
    .filter((message) => message.startsWith('told '))
    .map((message) => JSON.parse(message.slice('told '.length)) as Told);
}

/** Without the subscription itself: the runtime starts while the extension subscribes. */
function typesOf(told: readonly Told[]): string[] {
  return told.map(({ type }) => type).filter((type) => !/^platform\.\w+Subscription$/.test(type));
}

export function testTelemetry(level: IsolationLevel): void {
  describe(`telemetry at the level ${level}`, () => {
    test('a subscriber to the Telemetry API is told every event from platform.initStart to platform.report in order', async (context) => {
      const { told, sink } = await toldInOneLife(context, level, { types: ['platform', 'function'] });
      assert.ok(sink.messages.includes('answer 200 "OK"\n'));
      assert.ok(
        sink.messages.includes(
          'TELEMETRY\tName: subscriber\tState: Subscribed\tTypes: [Platform, Function]\n',
        ),
      );
      assert.deepEqual(typesOf(told), [
        'platform.initStart',
        'platform.initRuntimeDone',
        'platform.extension',
        'platform.initReport',
        'platform.start',
        'function',
        'platform.runtimeDone',
        'platform.report',
      ]);
      const record = (type: string): Record<string, unknown> => {
        const found = told.find((event) => event.type === type)?.record;
        assert.ok(typeof found === 'object', type);
        return found;
      };
      assert.deepEqual(record('platform.telemetrySubscription')['types'], ['platform', 'function']);
      assert.match(String(told.find(({ type }) => type === 'function')?.record), /from the function/);
      assert.equal(record('platform.runtimeDone')['status'], 'success');
      assert.equal(
        (record('platform.runtimeDone')['metrics'] as Record<string, unknown>)['producedBytes'],
        1,
      );
      const metrics = record('platform.report')['metrics'] as Record<string, unknown>;
      assert.deepEqual(Object.keys(metrics).sort(), [
        'billedDurationMs',
        'durationMs',
        'initDurationMs',
        'maxMemoryUsedMB',
        'memorySizeMB',
      ]);
    });

    test('a subscriber to the Logs API is told by TCP in the older shapes', async (context) => {
      const { told } = await toldInOneLife(context, level, {
        api: 'logs',
        protocol: 'TCP',
        types: ['platform'],
        schemaVersion: '2021-03-18',
      });
      assert.deepEqual(typesOf(told), [
        'platform.extension',
        'platform.start',
        'platform.runtimeDone',
        'platform.end',
        'platform.report',
      ]);
    });

    test('a subscriber is told what other extensions print', async (context) => {
      const { environment, sink } = await extendedEnvironment(context, level, {
        code: 'exports.handler = async () => 1;',
        extensions: {
          subscriber: subscriber(level, { types: ['extension'] }),
          talker: `(async () => { await register('talker', []); console.log('hello'); await next(); })();`,
        },
      });
      await environment.start();
      await sink.line(/^told \{.*"type":"extension","record":"hello\\n"\}/);
      assert.deepEqual(
        toldIn(sink.messages).filter(({ type }) => type !== 'extension'),
        [],
      );
    });
  });
}
