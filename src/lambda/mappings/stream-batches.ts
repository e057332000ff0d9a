/** Batches of a stream as invocations of the function that a mapping names. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { reportedFailures } from '../../polling/batch-result.ts';
import type { BatchOutcome, StreamBatch, StreamHandler } from '../../polling/stream-batch.ts';
import type { StreamRecord } from '../../ports/stream-source.ts';
import type { Invoker } from '../invoke/invoke.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import { newTraceHeader } from '../invoke/trace-header.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { DiscardedDeliveryDependencies } from './discarded-delivery.ts';
import { deliverDiscarded } from './discarded-delivery.ts';
import type { FunctionRun } from './discarded-record.ts';
import type { KafkaBatches } from './kafka-batches.ts';
import type { MappingMetrics } from './mapping-metrics.ts';

/** What a mapping says of its last invocation. */
export type ProcessingResult = 'No records processed' | 'OK' | `PROBLEM: ${string}`;

export const NOTHING_PROCESSED: ProcessingResult = 'No records processed';

export interface StreamBatchesDependencies extends DiscardedDeliveryDependencies {
  readonly invoker: Pick<Invoker, 'run'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly metrics: MappingMetrics;
  readonly processed: (result: ProcessingResult) => void;
}

/** What handles batches of a stream by the function of `mapping`. */
export function streamBatches(
  deps: StreamBatchesDependencies,
  mapping: MappingRecord,
): StreamHandler<FunctionRun> {
  const { invoker, clock, ids, metrics, processed, kafka } = deps;
  const eventOf = (batch: StreamBatch) => kafka?.event(batch) ?? streamEvent(mapping, batch);
  return {
    text: ({ record }) => JSON.stringify(withIdentity(record, deps.role)),

    async handle(batch) {
      const requestId = ids.uuid();
      const last = batch.records.at(-1);
      if (last !== undefined) metrics.iteratorAge(Math.max(0, clock.now() - last.arrivedAtMs));
      const event = {
        requestId,
        payload: Buffer.from(eventOf(batch)),
        traceId: newTraceHeader(requestId),
      };
      const { executedVersion, outcome } = await invoker.run(mapping, event).catch((error: unknown) => {
        processed('PROBLEM: Function call failed');
        throw error;
      });
      const run: FunctionRun = { requestId, executedVersion, ...errorOf(outcome) };
      const answer = batchOutcome(mapping, batch, outcome, kafka);
      metrics.count('InvokedEventCount', batch.records.length);
      metrics.count('FailedInvokeEventCount', failedCount(batch, answer.failedFrom));
      processed(answer.failedFrom === undefined ? 'OK' : 'PROBLEM: Function call failed');
      return { ...answer, run };
    },

    async discard(batch) {
      const { onFailureArn } = mapping.stream!;
      const { length } = batch.records;
      if (onFailureArn !== undefined) {
        try {
          await deliverDiscarded(deps, mapping, onFailureArn, batch, () => eventOf(batch));
        } catch (error) {
          metrics.destinationFailed();
          throw error;
        }
        metrics.count('OnFailureDestinationDeliveredEventCount', length);
      }
      metrics.count('DroppedEventCount', length);
    },

    polled(count, filteredOut) {
      metrics.count('PolledEventCount', count);
      metrics.count('FilteredOutEventCount', filteredOut);
    },
  };
}

/** Recorded: a record of Kinesis tells by which role it was read, between its event's name and its region. */
function withIdentity(record: StreamRecord['record'], role: () => string | undefined): object {
  if (record['eventSource'] !== 'aws:kinesis') return record;
  const { awsRegion, eventSourceARN, ...others } = record;
  return { ...others, invokeIdentityArn: role(), awsRegion, eventSourceARN };
}

/** JSON text. Source for windows: Lambda developer guide, "Using Kinesis for time-based aggregation". */
function streamEvent({ eventSourceArn }: MappingRecord, { texts, window, shardId }: StreamBatch): string {
  const records = `{"Records":[${texts.join(',')}]`;
  if (window === undefined) return `${records}}`;
  const members = JSON.stringify({
    window: { start: secondsText(window.startMs), end: secondsText(window.endMs) },
    state: window.state,
    shardId,
    eventSourceARN: eventSourceArn,
    isFinalInvokeForWindow: window.isFinal,
    isWindowTerminatedEarly: window.isTerminatedEarly,
  });
  return `${records},${members.slice(1)}`;
}

function secondsText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function errorOf({ functionError }: InvocationResult): { readonly functionError?: string } {
  return functionError === undefined ? {} : { functionError };
}

function batchOutcome(
  { reportsItemFailures, stream }: MappingRecord,
  batch: StreamBatch,
  { functionError, payload }: InvocationResult,
  kafka: KafkaBatches | undefined,
): Omit<BatchOutcome<FunctionRun>, 'run'> {
  if (functionError !== undefined) return { failedFrom: 0 };
  const first = () =>
    kafka === undefined ? firstReported(batch, payload) : kafka.firstReported(batch, payload);
  const failedFrom = reportsItemFailures ? first() : undefined;
  const state = stream!.tumblingWindowSeconds > 0 ? { state: stateIn(payload) } : {};
  return { ...state, ...(failedFrom === undefined ? {} : { failedFrom }) };
}

/**
 * Index of the first record that is reported as failed. Source: "Configuring partial batch response with Kinesis Data
 * Streams": of several the lowest sequence number counts; recorded: an answer of another form, or that names what
 * was not there, fails the whole batch.
 */
function firstReported({ records }: StreamBatch, payload: Buffer): number | undefined {
  const failures = reportedFailures(payload);
  if (failures === undefined) return 0;
  if (failures.length === 0) return undefined;
  const indexes = new Map(records.map(({ sequenceNumber }, index) => [sequenceNumber, index]));
  return Math.min(...failures.map((failure) => indexes.get(failure) ?? 0));
}

/** What a function answers as the state of its window; none is an empty one. */
function stateIn(payload: Buffer): unknown {
  try {
    return (JSON.parse(payload.toString()) as { readonly state?: unknown } | null)?.state ?? {};
  } catch {
    return {};
  }
}

function failedCount({ records }: StreamBatch, failedFrom: number | undefined): number {
  return failedFrom === undefined ? 0 : records.length - failedFrom;
}
