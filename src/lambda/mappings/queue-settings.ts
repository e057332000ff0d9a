/** What a mapping may set where its source is a queue, in AWS's words. */
import type { SourceDescription } from '../../ports/event-source.ts';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { MappingInput, MappingSettings } from './mapping-input.ts';
import { BROKER_MEMBERS, refuseMembers } from './mapping-input.ts';

/** Messages that AWS takes at most without a window. */
const MAX_BATCH_WITHOUT_WINDOW = 10;
export const DEFAULT_QUEUE_BATCH_SIZE = 10;

const STARTING_MEMBERS = ['StartingPosition', 'StartingPositionTimestamp'] as const;

/** Members that sources of other kinds have. */
const STREAM_MEMBERS = [
  'ParallelizationFactor',
  'BisectBatchOnFunctionError',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'TumblingWindowInSeconds',
  'DestinationConfig',
] as const;

export function refuseStreamMembers(input: MappingInput): void {
  for (const member of STARTING_MEMBERS) {
    if (input[member] !== undefined) throw invalidParameter(`${member} is not valid for SQS event sources.`);
  }
  refuseMembers(input, [...STREAM_MEMBERS, ...BROKER_MEMBERS]);
}

/** What the settings, the queue and the function are to one another. */
export function checkQueue(
  { batchSize, windowSeconds }: MappingSettings,
  queue: SourceDescription | undefined,
  { timeoutSeconds }: FunctionRecord,
): void {
  if (queue === undefined) {
    // Recorded.
    throw invalidParameter(
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
    );
  }
  if (queue.isOrdered && windowSeconds > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues.');
  }
  if (queue.isOrdered && batchSize > MAX_BATCH_WITHOUT_WINDOW) {
    throw invalidParameter('Maximum batch size for a FIFO queue is 10.');
  }
  if (batchSize > MAX_BATCH_WITHOUT_WINDOW && windowSeconds === 0) {
    // Recorded.
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (queue.visibilityTimeoutSeconds < timeoutSeconds) {
    throw invalidParameter(
      `Queue visibility timeout: ${queue.visibilityTimeoutSeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
}
