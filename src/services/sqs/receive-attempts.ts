/** ReceiveRequestAttemptId: who did not get the answer of a receipt from a FIFO queue asks for it again. */
import type { Queue } from './queue.ts';
import type { ReceivedMessage } from './receiver.ts';
import type { SqsContext } from './sqs-context.ts';

/** Source: API reference of ReceiveMessage. */
const ATTEMPT_MS = 5 * 60_000;

interface Attempt {
  readonly received: readonly ReceivedMessage[];
  /** By position, which receipt it was. */
  readonly receiveCounts: readonly number[];
  readonly expiresMs: number;
}

const ATTEMPTS = new WeakMap<Queue, Map<string, Attempt>>();

export function rememberAttempt(
  queue: Queue,
  attemptId: string,
  received: readonly ReceivedMessage[],
  nowMs: number,
): void {
  const attempts = ATTEMPTS.get(queue) ?? new Map<string, Attempt>();
  ATTEMPTS.set(queue, attempts);
  for (const [id, { expiresMs }] of attempts) {
    if (expiresMs > nowMs) break;
    attempts.delete(id);
  }
  const receiveCounts = received.map(({ message }) => message.receiveCount);
  attempts.set(attemptId, { received, receiveCounts, expiresMs: nowMs + ATTEMPT_MS });
}

/**
 * The same messages under the same handles, with their visibility time-out begun anew; undefined where
 * there was no such attempt, or one of its messages was deleted, returned or received otherwise since.
 */
export async function receivedAgain(
  { receiver, clock }: SqsContext,
  queue: Queue,
  attemptId: string,
  visibilityMs: number,
): Promise<readonly ReceivedMessage[] | undefined> {
  const attempt = ATTEMPTS.get(queue)?.get(attemptId);
  if (attempt === undefined || attempt.expiresMs <= clock.now()) return undefined;
  const { received, receiveCounts } = attempt;
  queue.backlog.settle(clock.now());
  const isWhole = received.every(
    ({ message }, index) => message.state === 'inFlight' && message.receiveCount === receiveCounts[index],
  );
  if (!isWhole) return undefined;
  await receiver.changeVisibility(
    queue,
    received.map(({ receiptHandle }) => ({ handle: receiptHandle, timeoutMs: visibilityMs })),
  );
  return received;
}
