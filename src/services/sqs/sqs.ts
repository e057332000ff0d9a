/** Simple Queue Service: queues in the state store, messages in the message store. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { MessageStore } from '../../ports/message-store.ts';
import type { RequestContext, Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { receiveDelivery } from './delivery.ts';
import { queueEventSource } from './event-source.ts';
import { MessageBroker } from './message-broker.ts';
import { moveTaskOperations } from './move-task-operations.ts';
import { MoveTasks } from './move-tasks.ts';
import { permissionOperations } from './permission-operations.ts';
import { queueOperations } from './queue-operations.ts';
import { Queues } from './queues.ts';
import { receiveOperations } from './receive-operations.ts';
import { Receiver } from './receiver.ts';
import { sendOperations } from './send-operations.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { tagOperations } from './tag-operations.ts';

export interface SqsDependencies {
  readonly state: StateStore;
  readonly messages: MessageStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  /** `SenderId` of what a caller sends: its account, or its role's id with the session's name. */
  readonly senderIdOf: (caller: RequestContext) => string;
}

export interface Sqs {
  readonly service: Service & { readonly operations: SqsOperations };
  /** Queues, for those who pull messages without the wire. */
  readonly eventSource: EventSource;
  /** Answers long polls at once: they would hold up a server that waits for its requests in flight. */
  endPolls(): void;
  /** Stops timers; the stores stay open. */
  close(): void;
}

export async function openSqs(dependencies: SqsDependencies): Promise<Sqs> {
  const { state, messages: store, clock, ids, senderIdOf } = dependencies;
  const queues = await Queues.open(state, clock, ids);
  const broker = new MessageBroker({ store, clock, ids });
  await broker.restore(queues.byId());
  const receiver = new Receiver({ store, clock, broker, queueByArn: (arn) => queues.findByArn(arn) });
  const tasks = await MoveTasks.open({ state, store, clock, ids, queues, broker });
  const context: SqsContext = { queues, broker, receiver, store, clock, senderIdOf };
  const operations: SqsOperations = {
    ...queueOperations(context),
    ...sendOperations(context),
    ...receiveOperations(context),
    ...tagOperations(context),
    ...permissionOperations(context),
    ...moveTaskOperations(context, tasks),
  };
  return {
    service: {
      name: 'sqs',
      operations: operations as Service['operations'] & SqsOperations,
      receive: receiveDelivery(context),
      resourcePolicy: async (arn) => queues.findByArn(arn)?.settings.policy,
    },
    eventSource: queueEventSource(context),
    endPolls: () => receiver.endPolls(),
    close() {
      tasks.close();
      broker.close();
    },
  };
}
