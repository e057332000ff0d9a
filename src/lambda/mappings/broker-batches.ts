/** Batches of a broker's queue as invocations of the function that a mapping names. */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Ids } from '../../core/ids.ts';
import type { Batch } from '../../polling/batch.ts';
import { MAX_EVENT_BYTES } from '../../polling/batch.ts';
import type { Rests } from '../../polling/rests.ts';
import type { EventSource, SourceRecord } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { newTraceHeader } from '../invoke/trace-header.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { MappingMetrics } from './mapping-metrics.ts';
import type { ProcessingResult } from './stream-batches.ts';

export interface BrokerBatchesDependencies {
  readonly invoker: Pick<Invoker, 'run'>;
  readonly source: Pick<EventSource, 'release'> & {
    giveBackFailed(handles: readonly string[]): Promise<void>;
  };
  readonly rests: Rests;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: MappingMetrics;
  readonly processed: (result: ProcessingResult) => void;
}

/** What is around the messages of a batch. */
export interface EventFrame {
  readonly start: string;
  readonly end: string;
}

/** Between an error of the function and the same messages again. AWS tells no figures. */
const REDELIVERY: BackOff = { firstMs: 1_000, maxMs: 60_000 };

/** Source: Lambda developer guide, "Using Lambda with Amazon MQ". */
export function eventFrame(mapping: MappingRecord, kind: 'rabbitmq' | 'activemq'): EventFrame {
  const { eventSourceArn, broker } = mapping;
  const source = `{"eventSource":"${kind === 'rabbitmq' ? 'aws:rmq' : 'aws:mq'}","eventSourceArn":${JSON.stringify(eventSourceArn)},`;
  if (kind === 'activemq') return { start: `${source}"messages":[`, end: ']}' };
  const queue = JSON.stringify(`${broker!.queue}::${broker!.virtualHost ?? '/'}`);
  return { start: `${source}"rmqMessagesByQueue":{${queue}:[`, end: ']}}' };
}

/** Messages that a function has failed for go back after a while; those that no event can hold are dropped. */
export function brokerBatches(
  deps: BrokerBatchesDependencies,
  mapping: MappingRecord,
  { start, end }: EventFrame,
): (batch: Batch) => Promise<readonly SourceRecord[]> {
  const { invoker, source, rests, ids, log, metrics, processed } = deps;
  const { eventSourceArn, functionName } = mapping;
  let failures = 0;
  const failed = (records: readonly SourceRecord[]): void => {
    failures += 1;
    metrics.count('FailedInvokeEventCount', records.length);
    processed('PROBLEM: Function call failed');
    // Not waited for: until they are given back they take the places of others, as the broker counts them.
    void rests
      .rest(backOffMs(REDELIVERY, failures))
      .then(() => source.giveBackFailed(handlesOf(records)))
      .catch((error: unknown) =>
        log.warn({ functionName, error: String(error) }, 'Messages could not be given back to their broker.'),
      );
  };
  return async ({ records, texts }) => {
    const requestId = ids.uuid();
    const payload = Buffer.from(`${start}${texts.join(',')}${end}`);
    if (payload.length > MAX_EVENT_BYTES) {
      const bytes = payload.length;
      log.warn({ functionName, bytes }, 'A message is larger than an event may be, and is dropped.');
      metrics.count('DroppedEventCount', records.length);
      return records;
    }
    const event = { requestId, payload, traceId: newTraceHeader(requestId) };
    const { outcome } = await invoker.run(mapping, event).catch(async (error: unknown) => {
      processed('PROBLEM: Function call failed');
      await source.release(eventSourceArn, handlesOf(records));
      throw error;
    });
    metrics.count('InvokedEventCount', records.length);
    if (outcome.functionError !== undefined) {
      log.debug({ functionName, requestId }, 'a function failed for a batch of its event source');
      failed(records);
      return [];
    }
    failures = 0;
    processed('OK');
    return records;
  };
}

function handlesOf(records: readonly SourceRecord[]): string[] {
  return records.map(({ handle }) => handle);
}
