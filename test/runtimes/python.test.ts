/**
 * Python functions, with whatever Python of 3.10 or later this host has. The words are those of AWS's own client,
 * awslambdaric 4.2.2 (`bootstrap.py`, `lambda_runtime_marshaller.py`, `lambda_context.py`).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { deploy } from './deployed-function.ts';

const NBSP = '\u00a0';

const CODE = `
import datetime, decimal, json, os, sys, threading

class Refusal(Exception):
    pass

def raises():
    raise Refusal("no")

def caused():
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("outer") from error

CASES = {
    "raises": raises,
    "empty": lambda: (_ for _ in ()).throw(RuntimeError()),
    "caused": caused,
    "exit": lambda: sys.exit(3),
    "exitWell": lambda: sys.exit(),
    "hardExit": lambda: os._exit(4),
    "set": lambda: {1},
    "date": lambda: datetime.datetime(2026, 1, 1),
    "keys": lambda: {(1, 2): 3},
    "badBytes": lambda: {"a": b"\\xff"},
    "none": lambda: None,
    "decimal": lambda: {"a": decimal.Decimal("1.10"), "b": [decimal.Decimal(3)], "c": decimal.Decimal("1E+2")},
    "nan": lambda: [decimal.Decimal("NaN"), float("inf")],
    "bytes": lambda: b"raw bytes",
    "innerBytes": lambda: {"body": b"inner"},
    "text": lambda: "größer 😀",
    "tuple": lambda: (1, 2),
    "looksFailed": lambda: {"errorMessage": "x", "errorType": "y"},
    "threads": lambda: [threading.Thread(target=print, args=("from a thread",)).start(), threading.active_count() > 0][1],
    "modules": lambda: __import__("channel").NAME,
}

def handler(event, context):
    return CASES[event["what"]]()
`;

let platform: Platform;
let runtime: Runtime;
let python: DeployedFunction;
before(async () => {
  platform = await openPlatform();
  const found = (await platform.runtimes()).filter(
    ({ runtime: name, resolution }) => name.startsWith('python') && resolution.available,
  );
  runtime =
    (found.at(-1)?.runtime as Runtime | undefined) ??
    assert.fail('no Python of 3.10 or later is on this host');
  python = await deploy(
    platform,
    // A file named like one of the bootstrap's own.
    { 'app.py': CODE, 'channel.py': 'NAME = "own"' },
    { Runtime: runtime, Handler: 'app.handler' },
  );
});
after(() => platform.close());

const fail = (what: string) => python.fail({ what });

for (const [what, text] of [
  ['none', 'null'],
  ['decimal', '{"a": 1.10, "b": [3], "c": 1E+2}'],
  ['nan', '[NaN, Infinity]'],
  ['bytes', 'raw bytes'],
  ['innerBytes', '{"body": "inner"}'],
  ['tuple', '[1, 2]'],
  ['threads', 'true'],
  ['modules', '"own"'],
] as const) {
  test(`answers: ${what}`, async () => {
    const answer = await python.invoke({ what });
    assert.equal(answer.functionError, undefined, answer.text);
    assert.equal(answer.text, text);
  });
}

test('answers text as it is since python3.12, as escapes before', async () => {
  const { text } = await python.invoke({ what: 'text' });
  const escapes = '"gr\\u00f6\\u00dfer \\ud83d\\ude00"';
  assert.equal(text, ['python3.10', 'python3.11'].includes(runtime) ? escapes : '"größer 😀"');
});

test('takes a result that looks like an error for a result', async () => {
  const { value, functionError } = await python.invoke({ what: 'looksFailed' });
  assert.equal(functionError, undefined);
  assert.deepEqual(value, { errorMessage: 'x', errorType: 'y' });
});

test('tells what was raised and where, in the answer and in the log', async () => {
  const { tail, ...failure } = await fail('raises');
  assert.deepEqual(Object.keys(failure), ['errorMessage', 'errorType', 'requestId', 'stackTrace']);
  assert.deepEqual([failure.errorType, failure.errorMessage], ['Refusal', 'no']);
  const [requestId] = /[0-9a-f-]{36}/.exec(tail)!;
  assert.equal(failure.requestId, requestId);
  assert.match(
    failure.stackTrace![0]!,
    /^ {2}File ".*\/app\.py", line \d+, in handler\n {4}return CASES\[event\["what"\]\]\(\)\n/,
  );
  assert.equal(failure.stackTrace!.length, 2);
  // No-break spaces keep the indentation in log viewers.
  assert.match(
    tail,
    new RegExp(
      `^\\[ERROR\\] Refusal: no\\nTraceback \\(most recent call last\\):\\n${NBSP}{2}File ".*app\\.py", line \\d+, in handler\\n${NBSP}{4}return CASES`,
      'm',
    ),
  );
});

test('tells the last error of a chain alone', async () => {
  const { errorType, errorMessage } = await fail('caused');
  assert.deepEqual([errorType, errorMessage], ['ValueError', 'outer']);
});

test('logs an error without a message without a colon', async () => {
  const { errorMessage, tail } = await fail('empty');
  assert.equal(errorMessage, '');
  assert.match(tail, /^\[ERROR\] RuntimeError\nTraceback/m);
});

for (const [what, message] of [
  ['set', 'Object of type set is not JSON serializable'],
  ['date', 'Object of type datetime is not JSON serializable'],
  ['keys', 'keys must be str, int, float, bool or None, not tuple'],
  ['badBytes', "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"],
] as const) {
  test(`refuses a result that is not JSON: ${what}`, async () => {
    const { errorType, errorMessage, stackTrace } = await fail(what);
    assert.equal(errorType, 'Runtime.MarshalError');
    assert.equal(errorMessage, `Unable to marshal response: ${message}`);
    assert.deepEqual(stackTrace, []);
  });
}

for (const [what, reason] of [
  ['exit', 'Runtime exited with error: exit status 3'],
  ['hardExit', 'Runtime exited with error: exit status 4'],
  ['exitWell', 'Runtime exited without providing a reason'],
] as const) {
  test(`says how the runtime ended: ${what}`, async () => {
    const { errorType, errorMessage } = await fail(what);
    assert.equal(errorType, 'Runtime.ExitError');
    assert.match(errorMessage, new RegExp(`^RequestId: [0-9a-f-]{36} Error: ${reason}$`));
  });
}

for (const [title, Handler, source, type, message] of [
  [
    'a module that is not there',
    'other.handler',
    '',
    'Runtime.ImportModuleError',
    "Unable to import module 'other': No module named 'other'",
  ],
  [
    'a folder that is not there',
    'src/app.handler',
    '',
    'Runtime.ImportModuleError',
    "Unable to import module 'src/app': No module named 'src'",
  ],
  [
    'a package that is not there',
    'app.handler',
    'import nothing_of_the_kind',
    'Runtime.ImportModuleError',
    "Unable to import module 'app': No module named 'nothing_of_the_kind'",
  ],
  [
    'a function that is not there',
    'app.main',
    '',
    'Runtime.HandlerNotFound',
    "Handler 'main' missing on module 'app'",
  ],
  [
    'a handler without a dot',
    'app',
    '',
    'Runtime.MalformedHandlerName',
    "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
  ],
  [
    'a built-in module',
    'sys.handler',
    '',
    'Runtime.BuiltInModuleConflict',
    'Cannot use built-in module sys as a handler module',
  ],
  ['a module that raises', 'app.handler', 'raise LookupError("at import")', 'LookupError', 'at import'],
] as const) {
  test(`refuses ${title}`, async () => {
    const { fail: failInit } = await deploy(platform, { 'app.py': source }, { Runtime: runtime, Handler });
    const { errorType, errorMessage, requestId, tail } = await failInit();
    assert.deepEqual([errorType, errorMessage, requestId], [type, message, '']);
    assert.ok(tail.includes(`[ERROR] ${type}: ${message}\nTraceback (most recent call last):\n`), tail);
  });
}

test('refuses a module that does not parse, and shows the line', async () => {
  const { fail: failInit } = await deploy(
    platform,
    { 'app.py': 'def handler(:\n  pass\n' },
    { Runtime: runtime, Handler: 'app.handler' },
  );
  const { errorType, errorMessage, stackTrace } = await failInit();
  assert.equal(errorType, 'Runtime.UserCodeSyntaxError');
  assert.match(errorMessage, /^Syntax error in module 'app': invalid syntax \(app\.py, line 1\)$/);
  assert.equal(stackTrace?.length, 1);
  assert.match(stackTrace![0]!, /^ {2}File ".*app\.py" Line 1\n {4}def handler\(:\n$/);
});
