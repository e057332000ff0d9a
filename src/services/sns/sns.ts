/** Simple Notification Service: topics and subscriptions in the state store, deliveries in the event queue. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { Deliveries } from './deliveries.ts';
import { permissionOperations } from './permission-operations.ts';
import { publishOperations } from './publish-operations.ts';
import { Publisher } from './publisher.ts';
import { receiveDelivery } from './receive.ts';
import type { SigningKeyFile } from './signing-key.ts';
import { SigningKey } from './signing-key.ts';
import type { SnsContext, SnsOperations } from './sns-context.ts';
import { snsEndpoints } from './sns-endpoints.ts';
import { subscriptionOperations } from './subscription-operations.ts';
import { Subscriptions } from './subscriptions.ts';
import { tagOperations } from './tag-operations.ts';
import { TakenMessages } from './taken-messages.ts';
import { topicPolicy } from './topic-attributes.ts';
import { topicOperations } from './topic-operations.ts';
import { Topics } from './topics.ts';

export interface SnsDependencies {
  readonly state: StateStore;
  /** Queues of its own. */
  readonly queue: EventQueue;
  readonly signingKeyFile: SigningKeyFile;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly deliver: Deliver;
  /** `http://host:port` of this server, once it listens. */
  readonly origin: () => string;
}

export interface Sns {
  readonly service: Service & { readonly operations: SnsOperations };
  /** Delivers what an earlier process has left. */
  resume(): Promise<void>;
  /** Ends deliveries under way; the stores stay open. */
  close(): Promise<void>;
}

export async function openSns(dependencies: SnsDependencies): Promise<Sns> {
  const { state, clock, ids, signingKeyFile } = dependencies;
  const [topics, subscriptions, taken] = await Promise.all([
    Topics.open(state),
    Subscriptions.open(state),
    TakenMessages.open(state, clock, ids),
  ]);
  const signingKey = new SigningKey({ file: signingKeyFile, clock, ids });
  const deliveries = new Deliveries({ ...dependencies, topics, subscriptions, signingKey });
  const publisher = new Publisher({ subscriptions, deliveries, taken, clock, ids });
  const context: SnsContext = { topics, subscriptions, publisher, deliveries, clock, ids };
  const operations: SnsOperations = {
    ...topicOperations(context),
    ...subscriptionOperations(context),
    ...publishOperations(context),
    ...tagOperations(context),
    ...permissionOperations(context),
  };
  return {
    service: {
      name: 'sns',
      operations: operations as Service['operations'] & SnsOperations,
      endpoints: snsEndpoints(context, signingKey),
      receive: receiveDelivery(context),
      resourcePolicy: async (arn) => {
        const topic = topics.find(arn);
        return topic === undefined ? undefined : topicPolicy(topic);
      },
    },
    resume: () => deliveries.resume(),
    close: () => deliveries.close(),
  };
}
