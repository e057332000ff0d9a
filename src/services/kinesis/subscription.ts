import { setTimeout as delay } from 'node:timers/promises';
import type { SubscribeToShardEvent, SubscribeToShardEventStream } from '@aws-sdk/client-kinesis';
import { AwsError } from '../../core/errors.ts';
import type { ConsumerRecord } from './consumers.ts';
import { consumerArn } from './consumers.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { addressOfArn, shardOf } from './kinesis-context.ts';
import { inUse, notFound, streamNotFound } from './kinesis-errors.ts';
import type { ShardLog } from './shard-log.ts';
import type { ShardPage } from './shard-reader.ts';
import { apiRecords, childShards, MAX_RECORDS, readShard } from './shard-reader.ts';
import { positionAfter } from './starting-position.ts';
import type { Stream } from './stream.ts';
import { recordSequence } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

/** Source: API reference of SubscribeToShard: it ends after five minutes. Real time, since a connection is open. */
const LIFE_MS = 300_000;
/** Without records a client hears that often where it stands; on AWS several times within a minute. */
const HEARTBEAT_MS = 5_000;
/** A call for the same consumer and shard takes a subscription over that is at least as old as this. */
const TAKE_OVER_MS = 5_000;

/** Subscriptions that are open, by consumer and shard. */
export class Subscriptions {
  private readonly open = new Map<string, Subscription>();

  /** Throws `ResourceInUseException` where another has begun just now. */
  begin(key: string, nowMs: number): Subscription {
    const before = this.open.get(key);
    if (before !== undefined) {
      if (nowMs - before.begunMs < TAKE_OVER_MS) {
        throw inUse(`Another active subscription exists for this consumer: ${key}`);
      }
      before.end.abort(inUse(`Another subscription has taken over from this one: ${key}`));
    }
    const subscription = { begunMs: nowMs, end: new AbortController() };
    this.open.set(key, subscription);
    return subscription;
  }

  finish(key: string, subscription: Subscription): void {
    if (this.open.get(key) === subscription) this.open.delete(key);
  }

  /** Ends all: they would hold up a server that waits for its answers in flight. */
  endAll(): void {
    for (const { end } of this.open.values()) end.abort();
  }
}

interface Subscription {
  /** Monotonic. */
  readonly begunMs: number;
  readonly end: AbortController;
}

export function subscribeOperation(
  kinesis: KinesisContext,
  subscriptions: Subscriptions,
): Required<Pick<KinesisOperations, 'SubscribeToShard'>> {
  return {
    async SubscribeToShard(input, { signal }) {
      const { stream, consumer } = subscribed(kinesis, input.ConsumerARN!);
      const shard = shardOf(stream, input.ShardId!);
      const { log, clock } = kinesis;
      const { Type, SequenceNumber: sequenceNumber, Timestamp: timestamp } = input.StartingPosition!;
      const after = await positionAfter(
        { log, stream, shard, nowMs: clock.now(), operation: 'SubscribeToShard' },
        { type: Type!, sequenceNumber, timestamp },
      );
      const key = `${consumerArn(consumer)} ${shardId(shard.index)}`;
      const subscription = subscriptions.begin(key, clock.monotonic());
      const stop = AbortSignal.any([signal, subscription.end.signal]);
      const events = eventsOf(kinesis, { stream, consumer, shard, after, stop });
      return { EventStream: finishing(events, () => subscriptions.finish(key, subscription)) };
    },
  };
}

interface Following {
  readonly stream: Stream;
  readonly consumer: ConsumerRecord;
  readonly shard: ShardRecord;
  readonly after: number;
  readonly stop: AbortSignal;
}

/**
 * Records as they come, and between them where the reader stands; ends with the shard and with its life. What stands
 * in the way is told as an event: the answer has begun.
 */
async function* eventsOf(
  kinesis: KinesisContext,
  following: Following,
): AsyncGenerator<SubscribeToShardEventStream> {
  try {
    yield* recordsOf(kinesis, following);
    if (following.stop.reason instanceof AwsError) throw following.stop.reason;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    yield { [error.code]: error } as unknown as SubscribeToShardEventStream;
  }
}

async function* recordsOf(
  kinesis: KinesisContext,
  { stream, consumer, shard, after, stop }: Following,
): AsyncGenerator<SubscribeToShardEventStream> {
  const { log, clock, consumers } = kinesis;
  const arn = consumerArn(consumer);
  const endMs = clock.monotonic() + LIFE_MS;
  let position = after;
  while (clock.monotonic() < endMs && !stop.aborted) {
    const now = stream.shard(shard.index);
    if (stream.isDeleted || now === undefined || consumers.findByArn(arn) === undefined) {
      throw notFound(`Stream or consumer not found: ${arn}`);
    }
    const page = await readShard(kinesis, stream, now, position, MAX_RECORDS);
    position = page.after;
    yield { SubscribeToShardEvent: shardEvent(stream, now, page) };
    if (page.isEnd) return;
    await untilMore(log, stream.logName(shard.index), position, stop);
  }
}

async function untilMore(log: ShardLog, name: string, position: number, stop: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const signal = AbortSignal.any([stop, settled.signal]);
  const beat = delay(HEARTBEAT_MS, undefined, { signal, ref: false }).catch(() => {});
  await Promise.race([log.changed(name, position, signal), beat]);
  settled.abort();
}

function shardEvent(stream: Stream, shard: ShardRecord, page: ShardPage): SubscribeToShardEvent {
  const last = page.records.at(-1);
  const arrivedMs = last?.arrivedMs ?? shard.createdMs;
  return {
    Records: apiRecords(shard, page.records),
    ContinuationSequenceNumber: recordSequence(shard, { position: page.after, arrivedMs }),
    MillisBehindLatest: page.millisBehindLatest,
    ...(page.isEnd ? { ChildShards: childShards(stream, shard) } : {}),
  };
}

function subscribed(kinesis: KinesisContext, arn: string) {
  const { streams, consumers } = kinesis;
  const address = addressOfArn(arn);
  const stream = address && streams.find(address);
  const consumer = consumers.findByArn(arn);
  if (consumer === undefined) throw notFound(`Consumer ${arn} not found.`);
  if (stream === undefined || !stream.isThere) throw streamNotFound(address!);
  if (consumer.status !== 'ACTIVE') {
    throw inUse(`Consumer ${arn} is not ACTIVE, instead in state ${consumer.status}`);
  }
  return { stream, consumer };
}

/** `done` is called when the events end or nobody takes them any more, also where none was ever taken. */
function finishing<T>(events: AsyncGenerator<T>, done: () => void): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const next = await events.next();
        if (next.done) done();
        return next;
      },
      async return() {
        done();
        await events.return(undefined);
        return { done: true as const, value: undefined };
      },
    }),
  };
}
