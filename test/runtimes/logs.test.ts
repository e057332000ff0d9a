/** What functions write and what becomes of it: one event a call, in order, with time, request id and level. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import { deploy } from './deployed-function.ts';

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const ID = '[0-9a-f]{8}-[0-9a-f-]{27}';
const EVENT_BYTES = 256 * 1024;

let platform: Platform;
let python: Runtime;
before(async () => {
  platform = await openPlatform({ runtimes: { 'nodejs22.x': process.execPath } });
  const found = (await platform.runtimes()).filter(
    ({ runtime, resolution }) => runtime.startsWith('python') && resolution.available,
  );
  python =
    (found.at(-1)?.runtime as Runtime | undefined) ??
    assert.fail('no Python of 3.10 or later is on this host');
});
after(() => platform.close());

/** The log events between START and END. */
function own(events: readonly string[]): string[] {
  const first = events.findIndex((event) => event.startsWith('START'));
  return events.slice(
    first + 1,
    events.findIndex((event) => event.startsWith('END')),
  );
}

/** The JSON log events of the function, without the platform's. */
function records(events: readonly string[]): Record<string, unknown>[] {
  return events
    .map((event) => JSON.parse(event) as Record<string, unknown>)
    .filter(({ type }) => typeof type !== 'string' || !type.startsWith('platform.'));
}

test('Node.js writes console calls as one event each, text format', async () => {
  const { invoke, logEvents } = await deploy(platform, {
    'index.js': `console.log('at init');
exports.handler = async () => {
  console.log('two\\nlines', { a: 1 }, '%s');
  console.trace('t'); console.debug('d'); console.info('i'); console.warn('w'); console.error(new RangeError('e').message); console.fatal('f');
  console.log(); console.log('%s is %d', 'x', 7); console.table([[1]]);
};`,
  });
  await invoke();
  const events = await logEvents();
  assert.match(
    events.find((event) => event.endsWith('at init')) ?? '',
    new RegExp(`^${TIME}\t-\tINFO\tat init$`),
  );
  const written = own(events);
  assert.match(written[0]!, new RegExp(`^${TIME}\t${ID}\tINFO\ttwo\nlines \\{ a: 1 \\} %s$`));
  assert.deepEqual(
    written.slice(1, 9).map((event) => event.split('\t').slice(2)),
    [
      ['TRACE', 't'],
      ['DEBUG', 'd'],
      ['INFO', 'i'],
      ['WARN', 'w'],
      ['ERROR', 'e'],
      ['FATAL', 'f'],
      // AWS's runtime hands the missing first value to util.format.
      ['INFO', 'undefined'],
      ['INFO', 'x is 7'],
    ],
  );
  assert.match(written[9]!, /\tINFO\t┌─+.*\n/);
});

test('Node.js writes JSON records and leaves out lower levels', async () => {
  const { invoke, logEvents } = await deploy(
    platform,
    {
      'index.js': `exports.handler = async () => {
  console.info('dropped'); console.warn({ order: 7 }); console.warn('a', new TypeError('b')); console.error(new RangeError('c'));
  const loop = {}; loop.loop = loop; console.warn(loop); console.fatal('last');
  throw new Error('end');
};`,
    },
    { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' } },
  );
  await invoke();
  const written = records(await logEvents());
  assert.deepEqual(
    written.map(({ level }) => level),
    ['WARN', 'WARN', 'ERROR', 'WARN', 'FATAL', 'ERROR'],
  );
  const [object, pair, error, loop, , failure] = written;
  assert.deepEqual(Object.keys(object!), ['timestamp', 'level', 'requestId', 'message']);
  assert.match(String(object!['timestamp']), new RegExp(`^${TIME}$`));
  assert.match(String(object!['requestId']), new RegExp(`^${ID}$`));
  assert.deepEqual(object!['message'], { order: 7 });
  assert.match(String(pair!['message']), /^a TypeError: b\n/);
  assert.deepEqual([pair!['errorType'], pair!['errorMessage']], ['TypeError', 'b']);
  assert.ok(Array.isArray(pair!['stackTrace']));
  const { errorType, errorMessage, stackTrace } = error!['message'] as Record<string, unknown>;
  assert.deepEqual([errorType, errorMessage, Array.isArray(stackTrace)], ['RangeError', 'c', true]);
  assert.match(String(loop!['message']), /^<ref \*1> \{ loop: \[Circular \*1\] \}$/);
  assert.equal((failure!['message'] as Record<string, unknown>)['errorMessage'], 'end');
});

test('Python writes prints line by line and log records whole, text format', async () => {
  const { invoke, logEvents } = await deploy(
    platform,
    {
      'app.py': `
import logging
logger = logging.getLogger()
def handler(event, context):
    print("printed", end=" ")
    print("text")
    logger.info("below the default level")
    logger.warning("two\\nlines %s", "x")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("caught")
    logger.handlers[0].setFormatter(logging.Formatter("%(aws_request_id)s says %(message)s"))
    logger.error("own format")
    context.log("by the context")
`,
    },
    { Runtime: python, Handler: 'app.handler' },
  );
  const { functionError, text } = await invoke();
  assert.equal(functionError, undefined, text);
  const written = own(await logEvents());
  const print = written.indexOf('printed text');
  // Standard output is a channel of its own; its place among log records is not certain.
  assert.ok(print >= 0);
  written.splice(print, 1);
  assert.match(written[0]!, new RegExp(`^\\[WARNING\\]\t${TIME}\t${ID}\ttwo\nlines x$`));
  assert.match(
    written[1]!,
    new RegExp(
      `^\\[ERROR\\]\t${TIME}\t${ID}\tcaught\nTraceback \\(most recent call last\\):\n  File "[^]*ZeroDivisionError: division by zero$`,
    ),
  );
  assert.match(written[2]!, new RegExp(`^${ID} says own format$`));
  assert.equal(written[3], 'by the context');
});

test('Python writes JSON records and leaves out lower levels', async () => {
  const { invoke, logEvents } = await deploy(
    platform,
    {
      'app.py': `
import logging
logger = logging.getLogger("shop")
def handler(event, context):
    logger.debug("dropped")
    logger.info("größer", extra={"order": 7, "odd": {1}})
    logger.warning({"as": "object"})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("caught")
    raise ValueError("end")
`,
    },
    {
      Runtime: python,
      Handler: 'app.handler',
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' },
    },
  );
  await invoke();
  const written = records(await logEvents());
  assert.deepEqual(
    written.map(({ level }) => level),
    ['INFO', 'WARNING', 'ERROR', 'ERROR'],
  );
  const [info, object, caught, failure] = written;
  assert.deepEqual(Object.keys(info!), [
    'timestamp',
    'level',
    'message',
    'logger',
    'requestId',
    'order',
    'odd',
  ]);
  assert.match(String(info!['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    [info!['message'], info!['logger'], info!['order'], info!['odd']],
    ['größer', 'shop', 7, '{1}'],
  );
  assert.deepEqual(object!['message'], { as: 'object' });
  assert.deepEqual(
    [caught!['errorType'], caught!['errorMessage']],
    ['ZeroDivisionError', 'division by zero'],
  );
  assert.match(String(caught!['location']), /app\.py:handler:\d+$/);
  assert.deepEqual([failure!['errorType'], failure!['errorMessage']], ['ValueError', 'end']);
});

test('cuts a long event into pieces of 256 KB, between characters', async () => {
  const { invoke, logEvents } = await deploy(platform, {
    'index.js': `exports.handler = async () => {
  console.log('ä'.repeat(200_000));
  process.stdout.write('€'.repeat(100_000) + '\\n');
};`,
  });
  await invoke();
  const written = own(await logEvents());
  for (const event of written) assert.ok(Buffer.byteLength(event) <= EVENT_BYTES);
  const all = written.join('');
  assert.ok(!all.includes('\ufffd'));
  assert.equal(all.split('ä').length - 1, 200_000);
  assert.equal(all.split('€').length - 1, 100_000);
});

test('takes whatever bytes a function writes', async () => {
  const { invoke, logEvents } = await deploy(platform, {
    'index.js': `exports.handler = async () => {
  process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x41, 0x0d, 0x0a, 0x42]));
  process.stderr.write('to standard error\\n');
};`,
  });
  const { functionError } = await invoke();
  assert.equal(functionError, undefined);
  // What has no line end yet is written when its process ends, or with the next line.
  await invoke();
  const events = await logEvents();
  assert.ok(events.includes('\ufffd\ufffd\u0000A'));
  assert.ok(events.includes('to standard error'));
  assert.ok(events.includes('B\ufffd\ufffd\u0000A'));
});
