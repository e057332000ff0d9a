import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EventPatternError,
  eventPattern,
  parseEventPattern,
} from '../../../src/core/event-pattern/event-pattern.ts';

type Json = Readonly<Record<string, unknown>>;

/** Operators with events they let through and events they do not; after the EventBridge user guide. */
const CASES: readonly [name: string, pattern: Json, matching: readonly Json[], other: readonly Json[]][] = [
  [
    'a value',
    { a: ['x', 1, null, true] },
    [{ a: 'x' }, { a: 1 }, { a: null }, { a: true }],
    [{ a: 'X' }, { a: '1' }, {}],
  ],
  [
    'fields within fields',
    { a: { b: ['x'] }, c: [1] },
    [{ a: { b: 'x', d: 2 }, c: 1 }],
    [{ a: { b: 'x' } }, { a: 'x', c: 1 }],
  ],
  ['a list in the event', { a: ['x'] }, [{ a: ['y', 'x'] }, { a: [['x']] }], [{ a: [] }, { a: ['y'] }]],
  [
    'objects in a list',
    { a: { b: ['x'], c: [1] } },
    [{ a: [{ b: 'x', c: 1 }] }],
    [
      {
        a: [
          { b: 'x', c: 2 },
          { b: 'y', c: 1 },
        ],
      },
    ],
  ],
  ['prefix', { a: [{ prefix: 'us-' }] }, [{ a: 'us-1' }], [{ a: 'eu-1' }, { a: 5 }]],
  [
    'prefix, ignoring case',
    { a: [{ prefix: { 'equals-ignore-case': 'US' } }] },
    [{ a: 'us-1' }],
    [{ a: 'eu' }],
  ],
  ['suffix', { a: [{ suffix: '.png' }] }, [{ a: 'b.png' }], [{ a: 'b.pngx' }]],
  [
    'suffix, ignoring case',
    { a: [{ suffix: { 'equals-ignore-case': '.PNG' } }] },
    [{ a: 'b.png' }],
    [{ a: 'png' }],
  ],
  ['equals-ignore-case', { a: [{ 'equals-ignore-case': 'Alice' }] }, [{ a: 'aLICE' }], [{ a: 'alices' }]],
  [
    'wildcard',
    { a: [{ wildcard: 'dir/*.p*g' }] },
    [{ a: 'dir/b.png' }, { a: 'dir/.pg' }],
    [{ a: 'dir/b.pn' }, { a: 'x/dir/b.png' }],
  ],
  ['wildcard with a star of its own', { a: [{ wildcard: 'a\\**' }] }, [{ a: 'a*b' }], [{ a: 'ab' }]],
  [
    'wildcard whose ends must not overlap',
    { a: [{ wildcard: 'aba*aba' }] },
    [{ a: 'abaaba' }],
    [{ a: 'aba' }, { a: 'ababa' }],
  ],
  [
    'numeric',
    { a: [{ numeric: ['>', 0, '<=', 5] }] },
    [{ a: 5 }, { a: 0.1 }],
    [{ a: 0 }, { a: 6 }, { a: '3' }],
  ],
  ['numeric equality', { a: [{ numeric: ['=', 3.018e2] }] }, [{ a: 301.8 }], [{ a: 301 }]],
  ['cidr', { a: [{ cidr: '10.0.0.0/24' }] }, [{ a: '10.0.0.255' }], [{ a: '10.0.1.0' }, { a: 'x' }]],
  ['cidr of IPv6', { a: [{ cidr: '2001:db8::/32' }] }, [{ a: '2001:db8::1' }], [{ a: '2001:db9::1' }]],
  ['exists', { a: [{ exists: true }] }, [{ a: 'x' }, { a: null }], [{}, { a: {} }]],
  ['exists not', { a: { b: [{ exists: false }] } }, [{}, { a: {} }, { a: { c: 1 } }], [{ a: { b: 1 } }]],
  ['absent or a value', { a: [{ exists: false }, 'x'] }, [{}, { a: 'x' }], [{ a: 'y' }]],
  ['anything-but', { a: [{ 'anything-but': ['x', 1] }] }, [{ a: 'y' }, { a: 2 }], [{ a: 'x' }, { a: 1 }, {}]],
  [
    'anything-but a prefix',
    { a: [{ 'anything-but': { prefix: 'init' } }] },
    [{ a: 'stop' }],
    [{ a: 'initial' }],
  ],
  [
    'anything-but suffixes',
    { a: [{ 'anything-but': { suffix: ['.a', '.b'] } }] },
    [{ a: 'x.c' }],
    [{ a: 'x.b' }],
  ],
  [
    'anything-but, ignoring case',
    { a: [{ 'anything-but': { 'equals-ignore-case': ['Init'] } }] },
    [{ a: 'x' }],
    [{ a: 'INIT' }],
  ],
  [
    'anything-but a wildcard',
    { a: [{ 'anything-but': { wildcard: '*/lib/*' } }] },
    [{ a: 'x' }],
    [{ a: 'a/lib/b' }],
  ],
  [
    '$or',
    { $or: [{ a: ['x'] }, { b: [{ numeric: ['>', 1] }] }], c: [1] },
    [
      { a: 'x', c: 1 },
      { b: 2, c: 1 },
    ],
    [{ a: 'x' }, { b: 1, c: 1 }],
  ],
  ['a field named $or', { $or: ['x'] }, [{ $or: 'x' }], [{ a: 'x' }]],
  ['a field of every object', { constructor: [{ exists: true }] }, [{ constructor: 1 }], [{}]],
];

describe('a pattern with', () => {
  for (const [name, pattern, matching, other] of CASES) {
    it(`${name} tells events apart`, () => {
      const matches = eventPattern(pattern);
      for (const event of matching) assert.equal(matches(event), true, JSON.stringify(event));
      for (const event of other) assert.equal(matches(event), false, JSON.stringify(event));
    });
  }
});

it('refuses what is no pattern', () => {
  for (const text of [
    '',
    '{',
    '"x"',
    '[]',
    '{}',
    '{"a":"x"}',
    '{"a":[]}',
    '{"a":{}}',
    '{"a":[{"prefix":1}]}',
    '{"a":[{"nothing":"x"}]}',
    '{"a":[{"prefix":"x","suffix":"y"}]}',
    '{"a":[{"numeric":[">"]}]}',
    '{"a":[{"numeric":["!",1]}]}',
    '{"a":[{"cidr":"10.0.0.0/33"}]}',
    '{"a":[{"wildcard":"**"}]}',
    '{"a":[{"exists":"x"}]}',
    '{"a":[{"anything-but":{"numeric":[">",1]}}]}',
    `${'{"a":'.repeat(200)}["x"]${'}'.repeat(200)}`,
  ]) {
    assert.throws(() => parseEventPattern(text), EventPatternError, text);
  }
});
