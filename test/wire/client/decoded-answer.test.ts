import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodedError, decodedOutput } from '../../../src/wire/client/decoded-answer.ts';
import { openGeneratedModel } from '../../../src/wire/model/open.ts';

const OK = { status: 200, headers: {} };

test('the location of a bucket is read in the form in which S3 has it', () => {
  const operation = openGeneratedModel('s3')!.operation('GetBucketLocation')!;
  const read = (body: string) => decodedOutput(operation, 'rest-xml', OK, Buffer.from(body));
  const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  // Source: API reference of GetBucketLocation, its examples.
  assert.deepEqual(read(`<LocationConstraint ${namespace}>eu-west-1</LocationConstraint>`), {
    LocationConstraint: 'eu-west-1',
  });
  assert.deepEqual(read(`<LocationConstraint ${namespace}/>`), {});
});

test('an answer that is none of the API tells its status', () => {
  const error = decodedError(
    { status: 502, headers: {} },
    Buffer.from('<html><p>bad gateway</html>'),
    () => undefined,
  );
  assert.deepEqual(
    [error.code, error.message, error.status],
    ['UnknownError', 'The endpoint answered with the status 502.', 502],
  );
});

test('an error of Query is known by the name that its model has for the code', () => {
  const model = openGeneratedModel('sns')!;
  const body =
    '<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>';
  const error = decodedError({ status: 404, headers: {} }, Buffer.from(body), (code) =>
    model.errorShape(code),
  );
  assert.deepEqual(
    [error.code, error.message, error.status],
    ['NotFoundException', 'Topic does not exist', 404],
  );
});
