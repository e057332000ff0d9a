/** Keys of durable executions, and what is sealed with them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ExecutionKey } from '../../../src/lambda/durable/execution-cipher.ts';
import { ExecutionCipher, opened, sealed } from '../../../src/lambda/durable/execution-cipher.ts';
import type { Call } from '../../../src/ports/call.ts';
import { SettableClock } from '../../services/settable-clock.ts';

const OWNER = { accountId: '000000000000', region: 'us-east-1', functionName: 'f' };
const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/k';
const QUARTER_MS = 15 * 60_000;

/** KMS whose encrypted data keys are themselves, backwards. */
function cipher() {
  const asked: string[] = [];
  const backwards = (bytes: Uint8Array) => Buffer.from(bytes).reverse();
  const call: Call = async (_caller, _service, operation, input) => {
    asked.push(operation);
    if (operation === 'Decrypt') {
      return { Plaintext: backwards((input as { readonly CiphertextBlob: Uint8Array }).CiphertextBlob) };
    }
    const Plaintext = randomBytes(32);
    return { Plaintext, CiphertextBlob: backwards(Plaintext) };
  };
  const clock = new SettableClock(0);
  const inUse: ExecutionKey[] = [];
  return { cipher: new ExecutionCipher({ call, clock, keysInUse: () => inUse }), clock, asked, inUse };
}

test('executions of a quarter of an hour share a data key, of which they know the encrypted form alone', async () => {
  const { cipher: keys, clock, asked } = cipher();
  const first = await keys.begin(OWNER, KEY_ARN);
  assert.deepEqual(Object.keys(first), ['kmsKeyArn', 'dataKey']);
  assert.deepEqual(await keys.begin(OWNER, KEY_ARN), first);
  assert.deepEqual(asked, ['GenerateDataKey']);
  await clock.advance(QUARTER_MS);
  assert.notEqual((await keys.begin(OWNER, KEY_ARN)).dataKey, first.dataKey);
  const plain = await keys.open(OWNER, first);
  assert.equal(Buffer.from(plain).reverse().toString('base64'), first.dataKey);
  assert.deepEqual(asked, ['GenerateDataKey', 'GenerateDataKey', 'Decrypt']);
});

test('a data key is known for as long as an execution is under way with it, and no longer than it is used', async () => {
  const { cipher: keys, clock, inUse } = cipher();
  const running = await keys.begin(OWNER, KEY_ARN);
  const other = { ...OWNER, functionName: 'other' };
  const ended = await keys.begin(other, KEY_ARN);
  inUse.push(running);
  await clock.advance(QUARTER_MS);
  await keys.begin(OWNER, KEY_ARN);
  assert.notEqual(keys.lastKnown(running), undefined);
  assert.equal(keys.lastKnown(ended), undefined);
});

test('what carries data is sealed, and nothing else; times stay what they are stored as', () => {
  const key = randomBytes(32);
  const event = {
    eventId: 3,
    details: {
      EventType: 'InvocationCompleted',
      InvocationCompletedDetails: {
        StartTimestamp: new Date(5),
        Error: { Payload: { ErrorType: 'secret' } },
      },
    },
  };
  const kept = JSON.parse(JSON.stringify(sealed(event, key)));
  assert.doesNotMatch(JSON.stringify(kept), /secret/);
  assert.deepEqual(opened(kept, key), JSON.parse(JSON.stringify(event)));
});
