/** Hands the record of a batch that is given up to the failure destination of its mapping. */
import type { DiscardedBatch } from '../../polling/stream-batch.ts';
import type { RecordDeliveryDependencies } from '../events/record-delivery.ts';
import { deliverRecord } from '../events/record-delivery.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { FunctionRun } from './discarded-record.ts';
import { discardedFolder, discardedRecord } from './discarded-record.ts';
import type { KafkaBatches } from './kafka-batches.ts';
import { KAFKA_DESTINATION } from './kafka-settings.ts';

export interface DiscardedDeliveryDependencies extends RecordDeliveryDependencies {
  /** The ARN of the role by which the function runs now. */
  readonly role: () => string | undefined;
  /** What batches look like, and who writes to their cluster, where they are of Kafka. */
  readonly kafka?: KafkaBatches;
}

/** Resolves when the destination has it; rejects where it does not take it. `event` is what the function was given. */
export async function deliverDiscarded(
  deps: DiscardedDeliveryDependencies,
  mapping: MappingRecord,
  targetArn: string,
  batch: DiscardedBatch<FunctionRun>,
  event: () => string,
): Promise<void> {
  const { kafka } = deps;
  const circumstances = {
    mapping,
    requestId: deps.ids.uuid(),
    nowMs: deps.clock.now(),
    ...(kafka === undefined ? {} : { kafkaInfo: kafka.batchInfo(batch) }),
  };
  if (kafka !== undefined && targetArn.startsWith(KAFKA_DESTINATION)) {
    await kafka.produce(targetArn, batch, (kafkaInfo, payload) =>
      discardedRecord(batch, { ...circumstances, kafkaInfo }, payload),
    );
    return;
  }
  const { accountId, region, functionName, qualifier } = mapping;
  const owner = { accountId, region, functionName, qualifier, roleArn: deps.role() };
  await deliverRecord(deps, owner, targetArn, {
    body: discardedRecord(batch, circumstances),
    folder: discardedFolder(mapping.uuid, batch.shardId),
    objectBody: () => discardedRecord(batch, circumstances, event()),
  });
}
