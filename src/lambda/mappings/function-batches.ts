/** Batches of an event source as invocations of the function that a mapping names. */
import type { Ids } from '../../core/ids.ts';
import type { Batch } from '../../polling/batch.ts';
import { processedRecords } from '../../polling/batch-result.ts';
import type { SourceRecord } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { newTraceHeader } from '../invoke/trace-header.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { MappingMetrics } from './mapping-metrics.ts';

export interface FunctionBatchesDependencies {
  readonly invoker: Pick<Invoker, 'run'>;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: MappingMetrics;
}

/** What handles batches of a queue by the function of `mapping`. */
export function queueBatches(
  { invoker, ids, log, metrics }: FunctionBatchesDependencies,
  mapping: MappingRecord,
): (batch: Batch) => Promise<readonly SourceRecord[]> {
  return async ({ records, texts }) => {
    const requestId = ids.uuid();
    const traceId = records.find(({ traceHeader }) => traceHeader !== undefined)?.traceHeader;
    const { outcome } = await invoker.run(mapping, {
      requestId,
      payload: Buffer.from(`{"Records":[${texts.join(',')}]}`),
      traceId: traceId ?? newTraceHeader(requestId),
    });
    metrics.count('InvokedEventCount', records.length);
    if (outcome.functionError !== undefined) {
      const { functionName } = mapping;
      log.debug({ functionName, requestId }, 'a function failed for a batch of its event source');
      metrics.count('FailedInvokeEventCount', records.length);
      return [];
    }
    const processed = mapping.reportsItemFailures ? processedRecords(records, outcome.payload) : records;
    metrics.count('FailedInvokeEventCount', records.length - processed.length);
    return processed;
  };
}
