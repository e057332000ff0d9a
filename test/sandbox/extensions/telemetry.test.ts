import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { extendedEnvironment, levels } from './extended-environment.ts';

interface Told {
  readonly time: string;
  readonly type: string;
  readonly record: Record<string, unknown>;
}

/** Subscribes and prints what it is told, an event a line, by HTTP or TCP. */
function subscriber(
  level: IsolationLevel,
  { path, protocol, types }: { path: string; protocol: 'HTTP' | 'TCP'; types: string[] },
): string {
  // The host's own hosts file does not know the name; there an extension listens on loopback.
  const host = level === 'process' ? '127.0.0.1' : 'sandbox.localdomain';
  return `
const say = (text) => { for (const event of text) console.log('told ' + JSON.stringify(event)); };
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
  await new Promise((done) => server.listen(0, ${JSON.stringify(host)}, done));
  const port = server.address().port;
  const destination = protocol === 'HTTP' ? { protocol, URI: 'http://sandbox.localdomain:' + port + '/x' } : { protocol, port };
  const answer = await fetch(base + ${JSON.stringify(path)}, { method: 'PUT', headers: { 'Lambda-Extension-Identifier': id },
    body: JSON.stringify({ schemaVersion: '2022-12-13', types: ${JSON.stringify(types)}, destination, buffering: { timeoutMs: 25 } }) });
  console.log('answer ' + answer.status + ' ' + (await answer.text()));
  for (;;) if ((await next()).eventType === 'SHUTDOWN') process.exit(0);
})();
`;
}

function toldIn(messages: readonly string[]): Told[] {
  return messages
    .filter((message) => message.startsWith('told '))
    .map((message) => JSON.parse(message.slice(5)) as Told);
}

const LOGGING = `exports.handler = async () => { console.log('from the function'); return 1; };`;

for (const level of await levels()) {
  describe(`at the level ${level}`, () => {
    test('a subscriber to the Telemetry API is told every event from platform.initStart to platform.report in order', async (context) => {
      const script = subscriber(level, {
        path: '/2022-07-01/telemetry',
        protocol: 'HTTP',
        types: ['platform', 'function'],
      });
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        code: LOGGING,
        extensions: { subscriber: script },
      });
      await environment.start();
      const ready = owner.change();
      await invoke('id-1');
      await ready;
      await environment.stop();
      assert.ok(sink.messages.includes('answer 200 "OK"\n'));
      assert.ok(
        sink.messages.includes(
          'TELEMETRY\tName: subscriber\tState: Subscribed\tTypes: [Platform, Function]\n',
        ),
      );
      const told = toldIn(sink.messages);
      assert.deepEqual(
        // The runtime starts while the extension subscribes.
        told.map(({ type }) => type).filter((type) => type !== 'platform.telemetrySubscription'),
        [
          'platform.initStart',
          'platform.initRuntimeDone',
          'platform.extension',
          'platform.initReport',
          'platform.start',
          'function',
          'platform.runtimeDone',
          'platform.report',
        ],
      );
      const record = (type: string): Record<string, unknown> =>
        told.find((event) => event.type === type)!.record;
      assert.deepEqual(record('platform.telemetrySubscription')['types'], ['platform', 'function']);
      assert.match(String(record('function')), /from the function/);
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
      const script = subscriber(level, { path: '/2020-08-15/logs', protocol: 'TCP', types: ['platform'] });
      const { environment, sink, owner, invoke } = await extendedEnvironment(context, level, {
        code: LOGGING,
        extensions: { subscriber: script },
      });
      await environment.start();
      const ready = owner.change();
      await invoke('id-1');
      await ready;
      await environment.stop();
      assert.deepEqual(
        toldIn(sink.messages)
          .map(({ type }) => type)
          .filter((type) => type !== 'platform.logsSubscription'),
        ['platform.extension', 'platform.start', 'platform.runtimeDone', 'platform.end', 'platform.report'],
      );
    });
  });
}
