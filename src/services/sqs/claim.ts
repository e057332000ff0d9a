/** What a receipt takes of a queue's memory, at once and before anything is stored. */
import { AwsError } from '../../core/errors.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

/** What a receipt found: some may be to be moved or thrown away instead of received. */
export interface Claim {
  readonly taken: readonly Message[];
  readonly dead: readonly Message[];
  readonly expired: readonly Message[];
}

/** Source: "Amazon SQS message quotas", in flight per queue, standard and FIFO alike. */
const MAX_IN_FLIGHT = 120_000;

/** Undefined where nothing is available, or too much is in flight. `mayDie`: there is a dead-letter queue. */
export function claimed(
  queue: Queue,
  max: number,
  nowMs: number,
  visibilityMs: number,
  mayDie: boolean,
): Claim | undefined {
  const { backlog, settings } = queue;
  const room = MAX_IN_FLIGHT - backlog.counts.inFlight;
  if (!backlog.ready || room <= 0) return undefined;
  const expired: Message[] = [];
  const dead: Message[] = [];
  const maxReceives = mayDie ? settings.redrive!.maxReceiveCount : Number.POSITIVE_INFINITY;
  const taken = backlog.take(Math.min(max, room), nowMs + visibilityMs, (message) => {
    const isOver = queue.isExpired(message, nowMs);
    const isDead = !isOver && message.receiveCount >= maxReceives;
    if (isOver) expired.push(message);
    if (isDead) dead.push(message);
    return !isOver && !isDead;
  });
  for (const message of taken) {
    message.receiveCount += 1;
    message.receivedMs = nowMs;
    if (message.firstReceivedMs === 0) message.firstReceivedMs = nowMs;
  }
  return taken.length + dead.length + expired.length === 0 ? undefined : { taken, dead, expired };
}

/** A FIFO queue answers with nothing instead. Source: API reference of ReceiveMessage, `OverLimit`. */
export function refuseTooManyInFlight({ settings, backlog }: Queue): void {
  if (settings.isFifo || backlog.counts.inFlight < MAX_IN_FLIGHT) return;
  throw new AwsError(
    'OverLimit',
    'Too many messages are in flight: delete those that were processed before receiving more.',
  );
}
