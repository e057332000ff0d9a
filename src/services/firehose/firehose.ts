/** Amazon Data Firehose: delivery streams in the state store, their records in the event queue, delivered to S3. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { DeliveryLog } from './delivery-log.ts';
import { DeliveryStreams } from './delivery-streams.ts';
import type { FirehoseContext, FirehoseOperations } from './firehose-context.ts';
import { ObjectWriter } from './object-writer.ts';
import { putOperations } from './put-operations.ts';
import { receiveDelivery } from './receive.ts';
import { streamOperations } from './stream-operations.ts';
import { tagOperations } from './tag-operations.ts';
import { Transformer } from './transformation.ts';

export interface FirehoseDependencies {
  readonly state: StateStore;
  /** Queues of its own. */
  readonly queue: EventQueue;
  /** Kinesis streams. */
  readonly source: StreamSource;
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface Firehose {
  readonly service: Service & { readonly operations: FirehoseOperations };
  /** Delivers what an earlier process has left. */
  resume(): Promise<void>;
  /** Ends deliveries; the stores stay open. */
  close(): Promise<void>;
}

export async function openFirehose(dependencies: FirehoseDependencies): Promise<Firehose> {
  const { source, clock, ids } = dependencies;
  const streams = await DeliveryStreams.open({
    ...dependencies,
    writer: new ObjectWriter(dependencies),
    transformer: new Transformer(dependencies),
    deliveryLog: new DeliveryLog(dependencies),
  });
  const context: FirehoseContext = { streams, source, clock, ids };
  const operations: FirehoseOperations = {
    ...streamOperations(context),
    ...putOperations(context),
    ...tagOperations(context),
  };
  return {
    service: {
      name: 'firehose',
      operations: operations as Service['operations'] & FirehoseOperations,
      receive: receiveDelivery(context),
    },
    resume: () => streams.resume(),
    close: () => streams.close(),
  };
}
