/**
 * botocore's vectors of answers: ours to the recorded result must be read as that result, and so must
 * the recorded one by the same reader; the two bodies must have the same form.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AwsError } from '../../src/core/errors.ts';
import type { ProtocolName, WireRequestHead, WireResponse } from '../../src/wire/contract.ts';
import { GeneratedModel } from '../../src/wire/model/open.ts';
import { Shape } from '../../src/wire/model/shape.ts';
import { outputResponse } from '../../src/wire/protocols/output-response.ts';
import type { Answer } from './protocol-answers.ts';
import { plainBody, readError, readMembers } from './protocol-answers.ts';
import { OTHER_FORMS, OUTPUT_EXCEPTIONS } from './protocol-exceptions.ts';
import type { OutputCase, Vector } from './protocol-vectors.ts';
import { fromRecorded, lowerCaseNames, vectors } from './protocol-vectors.ts';

/** Floor against a folder that is there but incomplete. */
const LEAST_VECTORS = 350;

function protocolOf({ file }: Vector<OutputCase>): ProtocolName {
  switch (file.service.protocols[0]) {
    case 'ec2':
      return 'ec2Query';
    case 'query':
      return 'awsQuery';
    case 'rest-json':
      return 'restJson1';
    case 'rest-xml':
      return 'restXml';
    case 'smithy-rpc-v2-cbor':
      return 'rpcv2Cbor';
    default:
      return file.service.jsonVersion === '1.0' ? 'awsJson1_0' : 'awsJson1_1';
  }
}

function recorded({ case: { response }, isCbor }: Vector<OutputCase>): Answer {
  return {
    status: response.status_code,
    headers: lowerCaseNames(response.headers),
    body: Buffer.from(response.body ?? '', isCbor ? 'base64' : 'utf8'),
  };
}

/** Ours, without the header fields that stand in every answer. */
function ours({ status, headers, body }: WireResponse): Answer {
  const { 'x-amzn-requestid': id, 'content-type': _type, ...bound } = headers;
  assert.equal(id, 'request-1');
  return { status, headers: bound, body: Buffer.from((body ?? '') as Buffer) };
}

/** What the vectors leave out: an operation without output has no members. */
const NOTHING = new Shape('Nothing', { type: 'structure' });

interface Answers {
  readonly protocol: ProtocolName;
  readonly ours: Answer;
  readonly recorded: Answer;
}

function checkResult(vector: Vector<OutputCase>): Answers {
  const { file, operation } = vector;
  const protocol = protocolOf(vector);
  const shape = operation.output ?? NOTHING;
  const result = fromRecorded(shape, vector.case.result) as Record<string, unknown>;
  const answers = {
    protocol,
    ours: ours(outputResponse(file.service, operation, protocol, result, 'request-1')),
    recorded: recorded(vector),
  };
  checkMembers(shape, answers, result);
  assert.equal(answers.ours.status, answers.recorded.status);
  return answers;
}

function checkMembers(shape: Shape, answers: Answers, expected: unknown): void {
  const { protocol } = answers;
  assert.deepStrictEqual(readMembers(shape, protocol, answers.recorded), expected, 'the recorded answer');
  assert.deepStrictEqual(readMembers(shape, protocol, answers.ours), expected, 'our answer');
}

function checkError(vector: Vector<OutputCase>): void {
  const { errorCode, errorMessage = '', error, response } = vector.case;
  const shape = [...vector.shapes.values()].find(({ file }) => file.exception === true);
  assert.ok(shape, 'the vector has no error shape');
  const protocol = protocolOf(vector);
  const members = fromRecorded(shape, error) as Record<string, unknown>;
  const status = shape.file.error?.httpStatusCode === undefined ? response.status_code : undefined;
  const raised = new AwsError(shape.name, errorMessage, members, status);
  const model = new GeneratedModel(vector.file);
  const answers = {
    protocol,
    ours: ours(model.encodeError(undefined, headOf(protocol), raised, 'request-1')),
    recorded: recorded(vector),
  };
  assert.equal(answers.ours.status, answers.recorded.status);
  assert.deepEqual(readError(protocol, answers.ours), { code: errorCode, message: errorMessage });
  // The message has been compared; where the recorded answer has none, ours is empty.
  const { message: _message, Message: _Message, ...others } = members;
  const { message: _ours, Message: _Ours, ...read } = readMembers(shape, protocol, answers.ours);
  assert.deepStrictEqual(read, others);
}

/** A request by which the model knows its protocol. */
function headOf(protocol: ProtocolName): WireRequestHead {
  const headers: Record<string, string> = {};
  if (protocol === 'rpcv2Cbor') headers['smithy-protocol'] = 'rpc-v2-cbor';
  if (protocol.startsWith('awsJson')) headers['x-amz-target'] = 'Service.Operation';
  return { method: 'POST', path: '/', query: '', headers };
}

describe('the vectors of answers', () => {
  const all = vectors<OutputCase>('output');
  const names = new Set(all.map(({ name }) => name));
  let holding = 0;
  let literally = 0;
  after(() => {
    const excepted = Object.keys(OUTPUT_EXCEPTIONS).length;
    console.log(
      `protocol vectors, answers: ${holding} of ${all.length} hold, ${excepted} exceptions; ` +
        `${literally} results have the recorded form too`,
    );
  });

  it('are there, and so is every exception', () => {
    assert.ok(all.length >= LEAST_VECTORS, `only ${all.length} vectors`);
    assert.equal(names.size, all.length, 'two vectors have one name');
    const listed = [...Object.keys(OUTPUT_EXCEPTIONS), ...Object.keys(OTHER_FORMS)];
    assert.deepEqual(
      listed.filter((name) => !names.has(name)),
      [],
    );
  });

  for (const vector of all) {
    const { name } = vector;
    const reason = OUTPUT_EXCEPTIONS[name];
    if (reason !== undefined) {
      it(`${name} is out of reach: ${reason}`, () => assert.throws(() => checkResult(vector)));
    } else if (vector.case.error !== undefined) {
      it(name, () => {
        checkError(vector);
        holding += 1;
      });
    } else {
      it(name, () => {
        const { protocol, ours, recorded } = checkResult(vector);
        const forms = [plainBody(protocol, ours.body), plainBody(protocol, recorded.body)] as const;
        if (OTHER_FORMS[name] === undefined) {
          assert.deepStrictEqual(forms[0], forms[1], 'the form of the body');
          literally += 1;
        } else assert.notDeepStrictEqual(forms[0], forms[1], 'the form is the same by now');
        holding += 1;
      });
    }
  }
});
