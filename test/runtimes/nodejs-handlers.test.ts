/** Which functions a handler string finds, and what their results become. nodejs24.x, at the default isolation. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import { deploy } from './deployed-function.ts';

let platform: Platform;
before(async () => {
  platform = await openPlatform();
});
after(() => platform.close());

const ECHO = 'exports.handler = async (event) => event;';

/** A handler string, the files it is looked for in, and what `{}` gives. */
const FOUND: readonly [title: string, handler: string, files: Record<string, string>, result: unknown][] = [
  ['CommonJS', 'index.handler', { 'index.js': 'exports.handler = async () => "cjs"' }, 'cjs'],
  ['a .cjs file', 'index.handler', { 'index.cjs': 'exports.handler = async () => "cjs"' }, 'cjs'],
  [
    'an ES module with top-level await',
    'index.handler',
    { 'index.mjs': 'const text = await Promise.resolve("mjs"); export const handler = async () => text;' },
    'mjs',
  ],
  [
    'an ES module by its package.json',
    'src/index.handler',
    {
      'src/index.js': 'export const handler = async () => import.meta.url.slice(-12)',
      'package.json': '{"type":"module"}',
    },
    'src/index.js',
  ],
  [
    'CommonJS below a package.json of ES modules',
    'old/index.handler',
    {
      'old/index.js': 'exports.handler = async () => "cjs"',
      'old/package.json': '{}',
      'package.json': '{"type":"module"}',
    },
    'cjs',
  ],
  [
    'a folder and a nested export',
    'src/app.api.v1.handler',
    { 'src/app.js': 'exports.api = { v1: { handler: async () => "nested" } }' },
    'nested',
  ],
  [
    'a file without extension first',
    'index.handler',
    { index: 'exports.handler = async () => "bare"', 'index.js': ECHO },
    'bare',
  ],
  [
    '.js before .mjs',
    'index.handler',
    { 'index.js': 'exports.handler = async () => "js"', 'index.mjs': 'export const handler = () => "mjs"' },
    'js',
  ],
  [
    'a package in node_modules',
    'pack.handler',
    { 'node_modules/pack/index.js': 'exports.handler = async () => "packaged"' },
    'packaged',
  ],
  [
    'a default export, since nodejs24.x',
    'index.handler',
    { 'index.mjs': 'export default { handler: async () => "default" }' },
    'default',
  ],
  [
    'a value without a promise, since nodejs24.x',
    'index.handler',
    { 'index.js': 'exports.handler = () => ({ plain: true })' },
    { plain: true },
  ],
  ['nothing, which is null', 'index.handler', { 'index.js': 'exports.handler = async () => {}' }, null],
  [
    'a date',
    'index.handler',
    { 'index.js': 'exports.handler = async () => new Date(0)' },
    '1970-01-01T00:00:00.000Z',
  ],
  [
    'a buffer',
    'index.handler',
    { 'index.js': 'exports.handler = async () => Buffer.from("ab")' },
    { type: 'Buffer', data: [97, 98] },
  ],
  [
    'text beyond ASCII',
    'index.handler',
    { 'index.js': 'exports.handler = async () => "größer als 😀 \\u2028"' },
    'größer als 😀 \u2028',
  ],
];

for (const [title, Handler, files, result] of FOUND) {
  test(`finds ${title}`, async () => {
    const { invoke } = await deploy(platform, files, { Handler });
    const { value, functionError } = await invoke();
    assert.equal(functionError, undefined);
    assert.deepEqual(value, result);
  });
}

/** Handlers that cannot be loaded: AWS's error type and the beginning of its message. */
const NOT_FOUND: readonly [
  title: string,
  handler: string,
  files: Record<string, string>,
  type: string,
  message: string | RegExp,
][] = [
  [
    'a module that is not there',
    'other.handler',
    { 'index.js': ECHO },
    'Runtime.ImportModuleError',
    /^Error: Cannot find module 'other'\nRequire stack:\n- .*\/index\.mjs$/,
  ],
  [
    'a required package that is not there',
    'index.handler',
    { 'index.js': 'require("left-pad-of-nobody")' },
    'Runtime.ImportModuleError',
    /^Error: Cannot find module 'left-pad-of-nobody'\nRequire stack:\n- .*\/index\.js/,
  ],
  // Node.js gives an import's error another code, and AWS's runtime looks for one code only.
  [
    'an imported package that is not there',
    'index.handler',
    { 'index.mjs': 'import "left-pad-of-nobody"' },
    'Error',
    /^Cannot find package 'left-pad-of-nobody' imported from .*\/index\.mjs$/,
  ],
  [
    'an export that is not there',
    'index.main',
    { 'index.js': ECHO },
    'Runtime.HandlerNotFound',
    'index.main is undefined or not exported',
  ],
  [
    'an export that is no function',
    'index.handler',
    { 'index.js': 'exports.handler = 7' },
    'Runtime.HandlerNotFound',
    'index.handler is not a function',
  ],
  ['a handler without a dot', 'index', { 'index.js': ECHO }, 'Runtime.MalformedHandlerName', 'Bad handler'],
  [
    'a handler that climbs',
    '../index.handler',
    { 'index.js': ECHO },
    'Runtime.MalformedHandlerName',
    "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
  ],
  [
    'a file that does not parse',
    'index.handler',
    { 'index.js': 'exports.handler = {' },
    'Runtime.UserCodeSyntaxError',
    /^SyntaxError: /,
  ],
  [
    'a module that does not parse',
    'index.handler',
    { 'index.mjs': 'export const = 1' },
    'Runtime.UserCodeSyntaxError',
    /^SyntaxError: /,
  ],
  [
    'a module that throws',
    'index.handler',
    { 'index.js': 'throw new RangeError("too far")' },
    'RangeError',
    'too far',
  ],
  [
    'a handler with a callback, since nodejs24.x',
    'index.handler',
    { 'index.js': 'exports.handler = async (event, context, callback) => callback(null, 1)' },
    'Runtime.CallbackHandlerDeprecated',
    /^ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node\.js 24\. /,
  ],
];

for (const [title, Handler, files, type, message] of NOT_FOUND) {
  test(`refuses ${title}`, async () => {
    const { fail } = await deploy(platform, files, { Handler });
    const { errorType, errorMessage, trace, tail } = await fail();
    assert.equal(errorType, type);
    if (typeof message === 'string') assert.equal(errorMessage, message);
    else assert.match(errorMessage, message);
    assert.ok(Array.isArray(trace) && trace.length > 0);
    // The log of the init that was tried again within this invocation.
    assert.match(tail, /\t-\tERROR\tInit Error \t\{"errorType":"/);
  });
}

test('starts Node.js with the flags that AWS starts it with', async () => {
  const files = {
    'index.js': `exports.handler = async () => {
  let required;
  try { required = require('./module.mjs').text; } catch (error) { required = error.code; }
  return { required, heapMb: require('node:v8').getHeapStatistics().heap_size_limit / 1048576 };
};`,
    'module.mjs': 'export const text = "required"',
  };
  const standard = await deploy(platform, files, { MemorySize: 512 });
  const { required, heapMb } = (await standard.invoke()).value as { required: string; heapMb: number };
  assert.equal(required, 'ERR_REQUIRE_ESM');
  // 90 % of the memory for old objects, and three semi-spaces of a sixth of the rest.
  assert.ok(heapMb >= 461 && heapMb <= 512, `the heap may have ${heapMb} MB`);
  const changed = await deploy(platform, files, {
    MemorySize: 512,
    Environment: { Variables: { NODE_OPTIONS: '--experimental-require-module --max-old-space-size=100' } },
  });
  const own = (await changed.invoke()).value as { required: string; heapMb: number };
  assert.equal(own.required, 'required');
  assert.ok(own.heapMb < 300, `the heap may have ${own.heapMb} MB`);
});
