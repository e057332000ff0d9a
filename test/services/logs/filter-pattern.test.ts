import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilterPattern } from '../../../src/services/logs/filter-pattern/filter-pattern.ts';

/** [pattern, messages that match, messages that do not] */
type Case = readonly [pattern: string, matching: readonly string[], others: readonly string[]];

function holds(cases: readonly Case[]): void {
  for (const [pattern, matching, others] of cases) {
    const matches = compileFilterPattern(pattern);
    for (const message of matching) assert.ok(matches(message), `${pattern} matches ${message}`);
    for (const message of others) assert.ok(!matches(message), `${pattern} does not match ${message}`);
  }
}

test('terms must all be contained, in any place and with their case', () =>
  holds([
    ['', ['anything', ''], []],
    ['  ', ['anything'], []],
    ['ERROR', ['[ERROR 400] bad', 'ERRORCODE'], ['error', '']],
    ['ERROR ARGUMENTS', ['ARGUMENTS then ERROR'], ['ERROR', 'ARGUMENTS']],
    ['"INTERNAL SERVER ERROR"', ['x INTERNAL SERVER ERROR y'], ['INTERNAL ERROR SERVER']],
    ['"say \\"hi\\""', ['please say "hi"'], ['say hi']],
    ['"[ERROR]"', ['a [ERROR] b'], ['ERROR']],
  ]));

test('a term after a minus must not be contained', () =>
  holds([
    ['ERROR -ARGUMENTS', ['ERROR 400'], ['ERROR ARGUMENTS', 'fine']],
    ['-"not this"', ['anything'], ['but not this one']],
  ]));

test('of terms after question marks one suffices, and beside others they count for nothing', () =>
  holds([
    ['?ERROR ?WARN', ['ERROR', 'a WARN b'], ['INFO']],
    ['?"two words" ?x', ['two words', 'x'], ['two']],
    ['?ERROR ?WARN REQUEST', ['REQUEST'], ['ERROR', 'WARN']],
  ]));

test('a regular expression stands between percent signs', () =>
  holds([
    ['%colou?r%', ['color', 'the colour red'], ['colr']],
    ['%^ERR.*[0-9]{3}$%', ['ERROR 500', 'ERROR 500\n'], ['an ERROR 500', 'ERROR 50']],
    ['%10\\.10\\.0\\.1%', ['from 10.10.0.1'], ['10a10b0c1']],
    ['%gr[ae]y|white%', ['gray', 'white'], ['green']],
  ]));

test('JSON selectors compare strings, numbers, and parts of them', () =>
  holds([
    [
      '{ $.eventType = "UpdateTrail" }',
      ['{"eventType":"UpdateTrail"}'],
      ['{"eventType":"X"}', 'UpdateTrail', '{}'],
    ],
    ['{ $.a.b[1] = x }', ['{"a":{"b":[0,"x"]}}'], ['{"a":{"b":["x"]}}', '{"a":1}']],
    ['{ $.ip != 123.123.* }', ['{"ip":"10.0.0.1"}'], ['{"ip":"123.123.4.5"}', '{}']],
    ['{ $.ip = "10.*.1" }', ['{"ip":"10.0.0.1"}'], ['{"ip":"10.0.0.2"}']],
    ['{ $.ms > 500 }', ['{"ms":501}', '{"ms":"600"}'], ['{"ms":500}', '{"ms":"x"}', '{}']],
    ['{ $.ms <= 1e3 }', ['{"ms":1000}', '{"ms":-1}'], ['{"ms":1000.5}']],
    ['{ $.bandwidth = 75 }', ['{"bandwidth":75}', '{"bandwidth":75.0}'], ['{"bandwidth":750}']],
    ['{ $["odd key"] = 1 }', ['{"odd key":1}'], ['{"odd":1}']],
    ['{ $.ip = %10\\.0\\.[0-9]+% }', ['{"ip":"10.0.77"}'], ['{"ip":"10.1.77"}']],
    ['{ $.list[*].id = 2 }', ['{"list":[{"id":1},{"id":2}]}'], ['{"list":[{"id":1}]}']],
  ]));

test('JSON selectors tell null, booleans and what is not there', () =>
  holds([
    ['{ $.x IS NULL }', ['{"x":null}'], ['{"x":0}', '{}']],
    ['{ $.x NOT EXISTS }', ['{"y":1}'], ['{"x":null}', 'not json']],
    ['{ $.x EXISTS }', ['{"x":null}'], ['{}']],
    ['{ $.x IS TRUE }', ['{"x":true}'], ['{"x":"true"}', '{"x":false}']],
    ['{ $.x IS FALSE }', ['{"x":false}'], ['{"x":true}', '{}']],
  ]));

test('JSON conditions combine, && before ||, with parentheses', () => {
  const user = (id: number, email: string) => JSON.stringify({ user: { id }, users: [{ email }] });
  holds([
    [
      '{ ($.user.id = 1) && ($.users[0].email = "a@b.c") }',
      [user(1, 'a@b.c')],
      [user(2, 'a@b.c'), user(1, 'x')],
    ],
    ['{ $.a = 1 || $.a = 2 && $.b = 3 }', ['{"a":1}', '{"a":2,"b":3}'], ['{"a":2}']],
    ['{ ($.a = 1 || $.a = 2) && $.b = 3 }', ['{"a":1,"b":3}'], ['{"a":1}']],
  ]);
});

const REQUEST = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';

test('columns stand for fields by position; brackets and quotes make one field', () =>
  holds([
    ['[ip, server, user, time, request, status, bytes]', [REQUEST], ['too few fields']],
    ['[ip, server, user, time, request = *.html*, status = 4*, bytes]', [REQUEST], []],
    ['[ip, server, user, time, request, status = 404, bytes < 1000]', [], [REQUEST]],
    ['[ip, server, user, time = "10/Oct/*", ...]', [REQUEST], []],
    ['[..., status = 404, bytes > 1000]', [REQUEST, '404 1001'], ['404 1000', '1001']],
    ['[ip = %127\\.0\\.0\\.[0-9]%, ...]', [REQUEST], ['128.0.0.1 x']],
    ['[w1 = ERROR || w1 = WARN, w2]', ['ERROR x', 'WARN y z'], ['INFO x', 'ERROR']],
    ['[w1 != ERROR && w1 != WARN, w2]', ['INFO x'], ['WARN x']],
  ]));

test('the last column takes the rest of the event', () =>
  holds([['[level, id = *-*, event = "*in 5 ms"]', ['INFO a-b done in 5 ms'], ['INFO ab done in 5 ms']]]));

test('what is not a pattern is refused', () => {
  for (const pattern of [
    'foo-bar',
    '"open',
    '%a(b)%',
    '%[%',
    '{ $.a }',
    '{ $.a = }',
    '{ $.a = 1 } x',
    '{ $.a = 1',
    '{ a = 1 }',
    '[a, b',
    '[a = ]',
    '[..., a, ...]',
    '-',
  ]) {
    assert.throws(() => compileFilterPattern(pattern), { code: 'InvalidParameterException' }, pattern);
  }
});
