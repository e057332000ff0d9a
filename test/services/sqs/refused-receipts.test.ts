/** Receipts that the disk refuses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { WorkClock } from '../../../src/core/clock.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { MessageChanges, MessageStore } from '../../../src/ports/message-store.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openSqs } from '../../../src/services/sqs/sqs.ts';
import { openSqliteMessageStore } from '../../../src/storage/messages/message-store.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { SettableClock } from '../settable-clock.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

const CALLER: RequestContext = {
  requestId: 'r',
  region: 'us-east-1',
  accountId: '000000000000',
  accessKeyId: undefined,
  headers: {},
  origin: 'http://localhost:4566',
  signal: new AbortController().signal,
  answerHeaders: {},
};

/** SQS on stores of its own; of what it commits, that is refused which `refuses` says. */
async function opened(context: TestContext) {
  const directory = await scratchDirectory(context);
  const state = await openSqliteStateStore({ file: join(directory, 'records.db'), log });
  context.after(() => state.close());
  const disk = await openSqliteMessageStore({ file: join(directory, 'messages.db'), log });
  context.after(() => disk.close());
  const full = { refuses: (_changes: MessageChanges): boolean => false };
  const messages: MessageStore = {
    lastPosition: disk.lastPosition,
    messages: () => disk.messages(),
    deduplications: () => disk.deduplications(),
    async commit(changes) {
      if (full.refuses(changes)) throw new Error('no space left');
      return disk.commit(changes);
    },
  };
  const clock: WorkClock = Object.assign(new SettableClock(Date.UTC(2026, 0, 1)), {
    during: (work: Promise<unknown>) => void work.catch(() => undefined),
  });
  const senderIdOf = (): string => '000000000000';
  const sqs = await openSqs({ state, messages, clock, ids: randomIds, senderIdOf });
  context.after(() => sqs.close());
  const { CreateQueue, GetQueueAttributes, SendMessage, ReceiveMessage } = sqs.service.operations;
  const queue = async (QueueName: string, Attributes = {}): Promise<string> =>
    (await CreateQueue!({ QueueName, Attributes }, CALLER)).QueueUrl!;
  const receive = async (QueueUrl: string): Promise<(string | undefined)[]> => {
    const { Messages = [] } = await ReceiveMessage!(
      { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 },
      CALLER,
    );
    return Messages.map(({ Body }) => Body);
  };
  const send = (QueueUrl: string, MessageBody: string) => SendMessage!({ QueueUrl, MessageBody }, CALLER);
  const count = async (QueueUrl: string): Promise<number> => {
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes } = await GetQueueAttributes!({ QueueUrl, AttributeNames }, CALLER);
    return Number(Attributes!.ApproximateNumberOfMessages);
  };
  return { full, queue, receive, send, count };
}

/** One message that has been received as often as it may, and one that has not. */
async function withDeadLetter(context: TestContext) {
  const sqs = await opened(context);
  const dead = await sqs.queue('dead');
  const url = await sqs.queue('q', {
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead',
      maxReceiveCount: 1,
    }),
  });
  await sqs.send(url, 'old');
  assert.deepEqual(await sqs.receive(url), ['old']);
  await sqs.send(url, 'new');
  return { ...sqs, dead, url };
}

const isMove = ({ move = [] }: MessageChanges): boolean => move.length > 0;

test('where receipt and move to the dead letters are refused, nothing is lost', async (context) => {
  const { full, dead, url, receive } = await withDeadLetter(context);
  full.refuses = () => true;
  await assert.rejects(receive(url), /no space left/);
  full.refuses = () => false;
  // Received once more in vain: the disk was not there to say how often.
  assert.deepEqual(await receive(url), []);
  assert.deepEqual((await receive(dead)).sort(), ['new', 'old']);
});

test('what was moved to the dead letters stays there where the receipt beside it is refused', async (context) => {
  const { full, dead, url, receive, count } = await withDeadLetter(context);
  full.refuses = (changes) => !isMove(changes);
  await assert.rejects(receive(url), /no space left/);
  full.refuses = () => false;
  assert.deepEqual(await receive(dead), ['old']);
  await receive(url);
  assert.deepEqual((await receive(dead)).sort(), ['new', 'old']);
  assert.equal(await count(dead), 2, 'each is there once');
});
