import assert from 'node:assert/strict';
import { test } from 'node:test';
import { violatedConstraints } from '../../../src/wire/model/constraints.ts';
import type { ShapeFile } from '../../../src/wire/model/model-file.ts';
import type { Shape } from '../../../src/wire/model/shape.ts';
import { linkShapes } from '../../../src/wire/model/shape.ts';

/** An input with these members, beside shapes they refer to. */
function inputOf(
  members: ShapeFile['members'],
  shapes: Record<string, ShapeFile>,
  required: string[] = [],
): Shape {
  const service = { name: 'test', apiVersion: '', endpointPrefix: '', signingName: '', protocols: [] };
  const input: ShapeFile = { type: 'structure', required, ...(members === undefined ? {} : { members }) };
  return linkShapes({ service, operations: {}, shapes: { ...shapes, Input: input } }).get('Input')!;
}

const NAME: ShapeFile = { type: 'string', min: 2, max: 4, pattern: '[a-z]+' };
const SIZE: ShapeFile = { type: 'integer', min: 1, max: 10 };
const WEIGHT: ShapeFile = { type: 'double', min: 0, max: 1 };
const COLOUR: ShapeFile = { type: 'string', enum: ['red', 'blue'] };

test('a value that keeps every rule is not complained of', () => {
  const shape = inputOf({ Name: 'Name', Size: 'Size' }, { Name: NAME, Size: SIZE }, ['Name']);
  assert.equal(violatedConstraints(shape, { Name: 'abc', Size: 10 }), undefined);
  assert.equal(violatedConstraints(shape, { Name: 'ab' }), undefined);
});

test('each rule has its words, and all that are broken are counted', () => {
  const shape = inputOf(
    { Name: 'Name', Size: 'Size', Colour: 'Colour', Weight: 'Weight' },
    {
      Name: NAME,
      Size: SIZE,
      Colour: COLOUR,
      Weight: WEIGHT,
    },
  );
  assert.equal(
    violatedConstraints(shape, { Name: 'TOO-LONG', Size: 0, Colour: 'green', Weight: 2 }),
    "5 validation errors detected: Value 'TOO-LONG' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4; " +
      "Value 'TOO-LONG' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+; " +
      "Value '0' at 'size' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
      "Value 'green' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [red, blue]; " +
      "Value '2.0' at 'weight' failed to satisfy constraint: Member must have value less than or equal to 1.0",
  );
});

test("classes of characters are Java's", () => {
  for (const [pattern, fits, not] of [
    ['\\p{Print}+', 'a B-1~', 'tab\t'],
    ['[\\p{L}\\p{N}]+', 'äß9', '-'],
    ['[\\p{ASCII}]+', 'a', 'ä'],
  ] as const) {
    const shape = inputOf({ Text: 'Text' }, { Text: { type: 'string', pattern } });
    assert.equal(violatedConstraints(shape, { Text: fits }), undefined, pattern);
    assert.notEqual(violatedConstraints(shape, { Text: not }), undefined, pattern);
  }
});

test('what is missing is null', () => {
  const shape = inputOf({ Name: 'Name' }, { Name: NAME }, ['Name']);
  assert.equal(
    violatedConstraints(shape, {}),
    "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
  );
});

test('what is part of the path comes after the rest', () => {
  const shape = inputOf(
    { Name: { shape: 'Name', location: 'uri' }, Size: { shape: 'Size', location: 'querystring' } },
    { Name: NAME, Size: SIZE },
  );
  assert.match(
    violatedConstraints(shape, { Name: '', Size: 11 })!,
    /^3 validation errors detected: Value '11' at 'size' .*; Value '' at 'name' /,
  );
});

test('elements, keys and values are complained of together, with every rule of theirs', () => {
  const shape = inputOf(
    { Names: 'Names', Weights: 'Weights' },
    {
      Name: NAME,
      Weight: WEIGHT,
      Names: { type: 'list', member: 'Name' },
      Weights: { type: 'map', key: 'Name', value: 'Weight' },
    },
  );
  assert.equal(
    violatedConstraints(shape, { Names: ['ok', 'x'] }),
    "1 validation error detected: Value '[ok, x]' at 'names' failed to satisfy constraint: Member must satisfy constraint: " +
      '[Member must have length less than or equal to 4, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]',
  );
  assert.equal(
    violatedConstraints(shape, { Weights: { A1: 2 } }),
    "2 validation errors detected: Value '{A1=2.0}' at 'weights' failed to satisfy constraint: Map keys must satisfy constraint: " +
      '[Member must have length less than or equal to 4, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]; ' +
      "Value '{A1=2.0}' at 'weights' failed to satisfy constraint: Map value must satisfy constraint: " +
      '[Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]',
  );
});

test('structures in lists and maps are counted from 1 and named by their key', () => {
  const shape = inputOf(
    { Items: 'Items', ByKey: 'ByKey' },
    {
      Name: NAME,
      Item: { type: 'structure', members: { Name: 'Name' }, required: ['Name'] },
      Items: { type: 'list', member: 'Item', max: 2 },
      ByKey: { type: 'map', key: 'Key', value: 'Item' },
      Key: { type: 'string' },
    },
  );
  assert.equal(
    violatedConstraints(shape, { Items: [{ Name: 'ab' }, {}], ByKey: { first: {} } }),
    "2 validation errors detected: Value null at 'items.2.member.name' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'byKey.first.member.name' failed to satisfy constraint: Member must not be null",
  );
});

test('paths begin with a root where the service names one, and members it checks itself are left to it', () => {
  const shape = inputOf({ Size: 'Size', Colour: 'Colour' }, { Size: SIZE, Colour: COLOUR });
  const value = { Size: 11, Colour: 'green' };
  assert.match(
    violatedConstraints(shape, value, { root: 'createInput' })!,
    /at 'createInput\.size' .* at 'createInput\.colour'/,
  );
  assert.match(
    violatedConstraints(shape, value, { unchecked: new Set(['Colour']) })!,
    /^1 validation error detected: Value '11'/,
  );
});
