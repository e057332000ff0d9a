import { batchAnswer, batchEntries, entryOutcome } from './batch.ts';
import { receivedAgain, rememberAttempt } from './receive-attempts.ts';
import { wireMessage } from './received-message.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { queueOf, required } from './sqs-context.ts';
import { invalidValue, notForThisQueueType } from './sqs-errors.ts';

/** Source: API reference of ReceiveMessage. */
const MAX_MESSAGES = 10;
const MAX_WAIT_SECONDS = 20;
const MAX_VISIBILITY_SECONDS = 43_200;

type ReceiveOperations =
  | 'ReceiveMessage'
  | 'DeleteMessage'
  | 'DeleteMessageBatch'
  | 'ChangeMessageVisibility'
  | 'ChangeMessageVisibilityBatch';

export function receiveOperations(sqs: SqsContext): Required<Pick<SqsOperations, ReceiveOperations>> {
  const { receiver, clock } = sqs;
  return {
    async ReceiveMessage(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const { settings } = queue;
      const max = checked(input.MaxNumberOfMessages ?? 1, 'MaxNumberOfMessages', 1, MAX_MESSAGES);
      const waitSeconds = checked(input.WaitTimeSeconds ?? 0, 'WaitTimeSeconds', 0, MAX_WAIT_SECONDS);
      const attemptId = input.ReceiveRequestAttemptId;
      if (attemptId !== undefined && !settings.isFifo) {
        throw notForThisQueueType(attemptId, 'ReceiveRequestAttemptId');
      }
      const visibilityMs =
        input.VisibilityTimeout === undefined
          ? settings.visibilityTimeoutMs
          : checkedVisibility(input.VisibilityTimeout) * 1000;
      const before =
        attemptId === undefined ? undefined : await receivedAgain(sqs, queue, attemptId, visibilityMs);
      const received =
        before ??
        (await receiver.receive(queue, {
          max,
          visibilityMs,
          waitMs: input.WaitTimeSeconds === undefined ? settings.waitMs : waitSeconds * 1000,
          signal: caller.signal,
        }));
      if (received.length === 0) return {};
      if (attemptId !== undefined) rememberAttempt(queue, attemptId, received, clock.now());
      return { Messages: received.map((message) => wireMessage(message, input)) };
    },

    async DeleteMessage(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const [error] = await receiver.delete(queue, [required(input.ReceiptHandle, 'ReceiptHandle')]);
      if (error !== undefined) throw error;
      return {};
    },

    async DeleteMessageBatch(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const entries = batchEntries(input.Entries, 'DeleteMessageBatchRequestEntry');
      const errors = await receiver.delete(
        queue,
        entries.map(({ ReceiptHandle }) => required(ReceiptHandle, 'ReceiptHandle')),
      );
      return batchAnswer(entries.map(({ Id }, index) => entryOutcome(Id, errors[index], {})));
    },

    async ChangeMessageVisibility(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const handle = required(input.ReceiptHandle, 'ReceiptHandle');
      const timeoutMs = checkedVisibility(required(input.VisibilityTimeout, 'VisibilityTimeout')) * 1000;
      const [error] = await receiver.changeVisibility(queue, [{ handle, timeoutMs }]);
      if (error !== undefined) throw error;
      return {};
    },

    async ChangeMessageVisibilityBatch(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const entries = batchEntries(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
      const errors = await receiver.changeVisibility(
        queue,
        entries.map(({ ReceiptHandle, VisibilityTimeout }) => ({
          handle: required(ReceiptHandle, 'ReceiptHandle'),
          timeoutMs: checkedVisibility(required(VisibilityTimeout, 'VisibilityTimeout')) * 1000,
        })),
      );
      return batchAnswer(entries.map(({ Id }, index) => entryOutcome(Id, errors[index], {})));
    },
  };
}

function checked(value: number, name: 'MaxNumberOfMessages' | 'WaitTimeSeconds', min: number, max: number) {
  if (value >= min && value <= max) return value;
  // Recorded, both.
  const bounds =
    name === 'WaitTimeSeconds' ? `Must be >= ${min} and <= ${max}` : `Must be between ${min} and ${max}`;
  throw invalidValue(value, name, `${bounds}, if provided.`);
}

function checkedVisibility(seconds: number): number {
  if (seconds >= 0 && seconds <= MAX_VISIBILITY_SECONDS) return seconds;
  throw invalidValue(
    seconds,
    'VisibilityTimeout',
    `VisibilityTimeout must be an integer between 0 and ${MAX_VISIBILITY_SECONDS}`,
  );
}
