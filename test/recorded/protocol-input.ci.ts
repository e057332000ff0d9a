/** botocore's vectors of requests: the bytes that a client sends must be read as what it was given. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { WireRequest } from '../../src/wire/contract.ts';
import { GeneratedModel } from '../../src/wire/model/open.ts';
import { INPUT_EXCEPTIONS } from './protocol-exceptions.ts';
import type { InputCase, Vector } from './protocol-vectors.ts';
import { fromRecorded, lowerCaseNames, vectors } from './protocol-vectors.ts';

/** Floor against a folder that is there but incomplete. */
const LEAST_VECTORS = 350;

function requestOf({ case: { serialized }, isCbor }: Vector<InputCase>): WireRequest & { body: Buffer } {
  const mark = serialized.uri.indexOf('?');
  return {
    method: serialized.method,
    path: mark < 0 ? serialized.uri : serialized.uri.slice(0, mark),
    query: mark < 0 ? '' : serialized.uri.slice(mark + 1),
    headers: lowerCaseNames(serialized.headers),
    body: Buffer.from(serialized.body ?? '', isCbor ? 'base64' : 'utf8'),
  };
}

function check(vector: Vector<InputCase>): void {
  const model = new GeneratedModel(vector.file);
  const request = requestOf(vector);
  const match = model.match(request, request.body);
  assert.equal(match?.operation, vector.operation.name);
  const { input } = vector.operation;
  const expected = input === undefined ? {} : fromRecorded(input, vector.case.params);
  assert.deepStrictEqual(model.parse(match, request), expected);
}

describe('the vectors of requests', () => {
  const all = vectors<InputCase>('input');
  let holding = 0;
  after(() => {
    const excepted = Object.keys(INPUT_EXCEPTIONS).length;
    console.log(`protocol vectors, requests: ${holding} of ${all.length} hold, ${excepted} exceptions`);
  });

  it('are there, and so is every exception', () => {
    assert.ok(all.length >= LEAST_VECTORS, `only ${all.length} vectors`);
    const names = new Set(all.map(({ name }) => name));
    assert.equal(names.size, all.length, 'two vectors have one name');
    assert.deepEqual(
      Object.keys(INPUT_EXCEPTIONS).filter((name) => !names.has(name)),
      [],
    );
  });

  for (const vector of all) {
    const reason = INPUT_EXCEPTIONS[vector.name];
    if (reason === undefined) {
      it(vector.name, () => {
        check(vector);
        holding += 1;
      });
    } else it(`${vector.name} is out of reach: ${reason}`, () => assert.throws(() => check(vector)));
  }
});
