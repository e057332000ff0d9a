/** What polls the source of one mapping, be it a queue or a stream. */
import { parseArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { QueuePoller } from '../../polling/queue-poller.ts';
import { StreamPoller } from '../../polling/stream-poller.ts';
import type { OpenBrokerQueue } from '../../ports/broker-queue.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import type { Invoker } from '../invoke/invoke.ts';
import type { MappingRecord, StreamMapping } from '../records/mapping-table.ts';
import { brokerPoller } from './broker-poller.ts';
import { FilterCipher } from './filter-cipher.ts';
import { queueBatches } from './function-batches.ts';
import type { KafkaConnectionDependencies } from './kafka-connection.ts';
import { kafkaPoller } from './kafka-poller.ts';
import { MappingMetrics } from './mapping-metrics.ts';
import type { MappingPoller } from './poller.ts';
import { SealedPoller } from './sealed-poller.ts';
import type { ProcessingResult } from './stream-batches.ts';
import { streamBatches } from './stream-batches.ts';
import { startOf } from './stream-settings.ts';

export interface MappingPollerDependencies extends KafkaConnectionDependencies {
  readonly openBrokerQueue: OpenBrokerQueue;
  /** By the service that an ARN names. */
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly streams: ReadonlyMap<string, StreamSource>;
  readonly state: StateStore;
  readonly invoker: Pick<Invoker, 'run'>;
  /** The ARN of the role by which the function of a mapping runs now. */
  readonly roleOf: (mapping: MappingRecord) => string | undefined;
  readonly call: Call;
  readonly deliver: Deliver;
  readonly requireOfRole: RequireOfRole;
  readonly metrics: MetricSink;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export function sourceOf<T>(sources: ReadonlyMap<string, T>, eventSourceArn: string): T | undefined {
  return sources.get(parseArn(eventSourceArn)?.service ?? '');
}

/** Undefined where the source cannot be polled here. */
export function mappingPoller(
  deps: MappingPollerDependencies,
  mapping: MappingRecord,
  processed: (result: ProcessingResult) => void,
): MappingPoller | undefined {
  const { stream, kafka, broker } = mapping;
  if (mapping.sealedFilters !== undefined) {
    const sealed = { ...deps, cipher: new FilterCipher(deps.call) };
    return new SealedPoller(sealed, mapping, (opened) => mappingPoller(deps, opened, processed));
  }
  if (broker !== undefined) return brokerPoller({ ...deps, processed }, mapping, broker);
  if (stream === undefined) return queuePoller(deps, mapping);
  if (kafka !== undefined) return kafkaPoller(deps, mapping, stream, kafka, processed);
  return streamPoller(deps, mapping, stream, processed);
}

function queuePoller(deps: MappingPollerDependencies, mapping: MappingRecord): QueuePoller | undefined {
  const { eventSourceArn: sourceArn, functionName } = mapping;
  const source = sourceOf(deps.sources, sourceArn);
  if (source === undefined) return undefined;
  const metrics = new MappingMetrics(deps.metrics, mapping);
  return new QueuePoller(
    {
      ...deps,
      source,
      handle: queueBatches({ ...deps, metrics }, mapping),
      polled: (count, filteredOut) => {
        metrics.count('PolledEventCount', count);
        metrics.count('FilteredOutEventCount', filteredOut);
      },
      deleted: (count) => metrics.count('DeletedEventCount', count),
    },
    { ...mapping, sourceArn, logFields: { functionName, sourceArn } },
  );
}

function streamPoller(
  deps: MappingPollerDependencies,
  mapping: MappingRecord,
  stream: StreamMapping,
  processed: (result: ProcessingResult) => void,
): MappingPoller | undefined {
  const { uuid, eventSourceArn: streamArn, functionName } = mapping;
  const source = sourceOf(deps.streams, streamArn);
  if (source === undefined) return undefined;
  const handler = streamBatches(
    {
      ...deps,
      metrics: new MappingMetrics(deps.metrics, mapping),
      role: () => deps.roleOf(mapping),
      processed,
    },
    mapping,
  );
  return new StreamPoller(
    { ...deps, source, handler, owner: uuid },
    {
      ...stream,
      ...mapping,
      streamArn,
      start: startOf(stream),
      logFields: { functionName, streamArn },
    },
  );
}
