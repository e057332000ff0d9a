/** Hands the record of a batch that is given up to the failure destination of its mapping. */
import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { DiscardedBatch } from '../../polling/stream-batch.ts';
import type { Call } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { FunctionRun } from './discarded-record.ts';
import { discardedObjectKey, discardedRecord } from './discarded-record.ts';

/** In whose name Lambda delivers. */
const PRINCIPAL = 'lambda.amazonaws.com';

export interface DiscardedDeliveryDependencies {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly call: Call;
  readonly deliver: Deliver;
}

/** Resolves when the destination has it; rejects where it does not take it. */
export async function deliverDiscarded(
  { clock, ids, call, deliver }: DiscardedDeliveryDependencies,
  mapping: MappingRecord,
  targetArn: string,
  batch: DiscardedBatch<FunctionRun>,
  event: () => string,
): Promise<void> {
  const target = parseArn(targetArn);
  const nowMs = clock.now();
  const circumstances = { mapping, requestId: ids.uuid(), nowMs };
  if (target?.service === 's3') {
    await call(mapping, 's3', 'PutObject', {
      Bucket: target.resource,
      Key: discardedObjectKey(mapping.uuid, batch.shardId, nowMs, ids.uuid()),
      Body: Buffer.from(discardedRecord(batch, circumstances, event())),
    });
    return;
  }
  await deliver(targetArn, {
    body: discardedRecord(batch, circumstances),
    principal: PRINCIPAL,
    sourceArn: functionArn({ ...mapping, qualifier: mapping.qualifier }),
  });
}
