/** What a mapping may set where its source is a stream, in AWS's words where they are known. */
import { parseArn } from '../../core/arn.ts';
import type { StreamSource, StreamStart } from '../../ports/stream-source.ts';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { MappingRecord, StreamMapping } from '../records/mapping-table.ts';
import { isKafka, KAFKA_DESTINATION } from './kafka-settings.ts';
import type { MappingInput } from './mapping-input.ts';
import { BROKER_MEMBERS, refuseMembers } from './mapping-input.ts';

/** Source: API reference of CreateEventSourceMapping. */
export const DEFAULT_STREAM_BATCH_SIZE = 100;

/** Seconds; an age between is no age. Source: the same. */
const MIN_RECORD_AGE = 60;
const MAX_RECORD_AGE = 604_800;

const DESTINATION_SERVICES = ['sqs', 'sns', 's3'];

export function refuseQueueMembers(input: MappingInput): void {
  refuseMembers(input, ['ScalingConfig', ...BROKER_MEMBERS]);
}

/** How the stream was to be read with what `input` changes of it. */
export function changedStream(
  eventSourceArn: string,
  before: StreamMapping | undefined,
  input: MappingInput,
): StreamMapping {
  const onFailureArn =
    input.DestinationConfig === undefined ? before?.onFailureArn : checkedDestination(eventSourceArn, input);
  const stream: StreamMapping = {
    ...(before === undefined ? startingPosition(eventSourceArn, input) : placeOf(before)),
    parallelizationFactor: input.ParallelizationFactor ?? before?.parallelizationFactor ?? 1,
    maximumRecordAgeSeconds: input.MaximumRecordAgeInSeconds ?? before?.maximumRecordAgeSeconds ?? -1,
    maximumRetryAttempts: input.MaximumRetryAttempts ?? before?.maximumRetryAttempts ?? -1,
    bisectsOnError: input.BisectBatchOnFunctionError ?? before?.bisectsOnError ?? false,
    tumblingWindowSeconds: input.TumblingWindowInSeconds ?? before?.tumblingWindowSeconds ?? 0,
    ...(onFailureArn === undefined ? {} : { onFailureArn }),
  };
  checkStream(stream);
  return stream;
}

/** Where reading begins in what is there when the mapping is made. */
export function startOf({ startingPosition, startingTimestampMs }: StreamMapping): StreamStart {
  return startingPosition === 'AT_TIMESTAMP'
    ? { at: startingPosition, timestampMs: startingTimestampMs! }
    : { at: startingPosition };
}

type Place = Pick<StreamMapping, 'startingPosition' | 'startingTimestampMs'>;

function placeOf({ startingPosition, startingTimestampMs }: StreamMapping): Place {
  return { startingPosition, ...(startingTimestampMs === undefined ? {} : { startingTimestampMs }) };
}

function startingPosition(eventSourceArn: string, input: MappingInput): Place {
  const { StartingPosition: position, StartingPositionTimestamp: timestamp } = input;
  if (position === undefined) {
    // Recorded, with this code.
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (position !== 'AT_TIMESTAMP') {
    if (timestamp !== undefined) {
      throw invalidParameter(
        'StartingPositionTimestamp is only valid for the starting position AT_TIMESTAMP.',
      );
    }
    return { startingPosition: position };
  }
  if (parseArn(eventSourceArn)?.service === 'dynamodb') {
    // Recorded.
    throw invalidParameter(`Unsupported starting position for arn type: ${eventSourceArn}`);
  }
  if (timestamp === undefined) {
    throw invalidParameter('StartingPositionTimestamp is required for the starting position AT_TIMESTAMP.');
  }
  return { startingPosition: position, startingTimestampMs: new Date(timestamp).getTime() };
}

function checkStream(stream: StreamMapping): void {
  const { maximumRecordAgeSeconds: age, tumblingWindowSeconds, parallelizationFactor } = stream;
  if (age !== -1 && age < MIN_RECORD_AGE) {
    // Words quoted in hashicorp/terraform-provider-aws#16113.
    throw invalidParameter(
      `MaximumRecordAgeInSeconds must be either -1 (forever) or between ${MIN_RECORD_AGE} and ${MAX_RECORD_AGE} (inclusive)`,
    );
  }
  // That AWS refuses it is known from terraform-aws-modules/terraform-aws-lambda#619; the words are not.
  if (tumblingWindowSeconds > 0 && parallelizationFactor > 1) {
    throw invalidParameter('ParallelizationFactor must be 1 when TumblingWindowInSeconds is set.');
  }
}

/** Undefined where there is to be none. */
function checkedDestination(eventSourceArn: string, { DestinationConfig }: MappingInput): string | undefined {
  if (DestinationConfig?.OnSuccess?.Destination) {
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.');
  }
  const destination = DestinationConfig?.OnFailure?.Destination || undefined;
  if (destination === undefined) return undefined;
  // Source: "Using a Kafka topic as an on-failure destination": a topic of the cluster that is read, and no other.
  if (destination.startsWith(KAFKA_DESTINATION) && isKafka(eventSourceArn)) return destination;
  if (DESTINATION_SERVICES.includes(parseArn(destination)?.service ?? '')) return destination;
  throw invalidParameter(
    `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${destination})) is invalid.`,
  );
}

export async function checkStreamExists(
  { eventSourceArn }: Pick<MappingRecord, 'eventSourceArn'>,
  source: StreamSource | undefined,
): Promise<void> {
  // Recorded for Kinesis.
  if ((await source?.exists(eventSourceArn)) !== true)
    throw invalidParameter(`Stream not found: ${eventSourceArn}`);
}
