/** Pipes as what handles batches of the pollers. */
import { AwsError } from '../../core/errors.ts';
import type { Batch } from '../../polling/batch.ts';
import type { BatchOutcome, StreamBatch, StreamHandler } from '../../polling/stream-batch.ts';
import type { SourceRecord } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { StreamRecord } from '../../ports/stream-source.ts';
import { deadLetter } from './dead-letter.ts';
import type { FlowRecord, PipeFlowDependencies } from './pipe-flow.ts';
import { PipeFlow } from './pipe-flow.ts';
import type { PipeRecord } from './pipe-record.ts';
import { callerOf, isUnavailable } from './role-caller.ts';
import { deadLetterArn } from './source-settings.ts';

export interface BatchHandlerDependencies extends PipeFlowDependencies {
  readonly log: Log;
}

/** Resolves to the messages that are done with. */
export function queueHandler(
  pipe: PipeRecord,
  deps: BatchHandlerDependencies,
): (batch: Batch) => Promise<readonly SourceRecord[]> {
  const run = attempts(pipe, deps);
  return async ({ records }) => {
    const failed = await run(records);
    return records.filter(({ itemId }) => !failed.has(itemId));
  };
}

export function streamHandler(pipe: PipeRecord, deps: BatchHandlerDependencies): StreamHandler<undefined> {
  const run = attempts(pipe, deps);
  return {
    async handle({ records }: StreamBatch): Promise<BatchOutcome<undefined>> {
      const failed = await run(records.map(flowRecord));
      const failedFrom = records.findIndex(({ sequenceNumber }) => failed.has(sequenceNumber));
      return failedFrom < 0 ? { run: undefined } : { failedFrom, run: undefined };
    },

    async discard(batch) {
      const arn = deadLetterArn(pipe);
      if (arn === undefined) return;
      const { service, operation, input } = deadLetter(arn, pipe, batch, deps.clock.now());
      await callerOf(deps.callAs, pipe)(service, operation, input);
    },
  };
}

/** A function reports sequence numbers of what it has failed for, as it does to Lambda's mappings. */
function flowRecord({ sequenceNumber, record }: StreamRecord): FlowRecord {
  return { itemId: sequenceNumber, record };
}

/** One attempt at a batch: ids of what has failed. Rejects where another batch would fare no better. */
function attempts(
  pipe: PipeRecord,
  deps: BatchHandlerDependencies,
): (records: readonly FlowRecord[]) => Promise<ReadonlySet<string>> {
  const flow = new PipeFlow(pipe, deps);
  return async (records) => {
    try {
      return await flow.run(records);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      const about = { pipe: pipe.name, error: error instanceof AwsError ? error.code : String(error) };
      deps.log.warn(about, 'A pipe could not deal with a batch.');
      return new Set(records.map(({ itemId }) => itemId));
    }
  };
}
