import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Deliveries } from './deliveries.ts';
import type { Draft } from './draft.ts';
import { attributesMatch, bodyMatches } from './filter-policy.ts';
import type { SentMessage } from './message.ts';
import type { Subscription } from './subscription-record.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Publication, TakenMessages } from './taken-messages.ts';
import type { TopicRecord } from './topic-record.ts';

export interface PublisherDependencies {
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly taken: TakenMessages;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Gives each message to the subscriptions that want it. */
export class Publisher {
  private readonly deps: PublisherDependencies;

  constructor(deps: PublisherDependencies) {
    this.deps = deps;
  }

  /** What it delivers is on disk when it resolves. */
  publish(topic: TopicRecord, draft: Draft): Promise<Publication> {
    const { taken, ids } = this.deps;
    const { deduplicationId } = draft;
    if (deduplicationId === undefined) return this.distribute(topic, draft, { messageId: ids.uuid() });
    return taken.once(topic.arn, deduplicationId, (publication) =>
      this.distribute(topic, draft, publication),
    );
  }

  private async distribute(topic: TopicRecord, draft: Draft, publication: Publication): Promise<Publication> {
    const { subscriptions, deliveries, clock } = this.deps;
    const { texts, sizeBytes: _, ...others } = draft;
    const publishedMs = clock.now();
    const wanting = subscriptions.ofTopic(topic.arn).filter((one) => wants(one, draft));
    await Promise.all(
      wanting.map((subscription) => {
        const message: SentMessage = {
          ...others,
          ...publication,
          type: 'Notification',
          topicArn: topic.arn,
          publishedMs,
          signatureVersion: topic.attributes['SignatureVersion'] === '2' ? '2' : '1',
          text: textFor(subscription, texts),
        };
        return deliveries.send(subscription, message);
      }),
    );
    return publication;
  }
}

function wants(subscription: Subscription, { attributes, texts }: Draft): boolean {
  const { filter, scope, isPending } = subscription;
  if (isPending) return false;
  if (filter === undefined) return true;
  if (scope === 'MessageAttributes') return attributesMatch(filter, attributes);
  return bodyMatches(filter, textFor(subscription, texts));
}

function textFor({ record }: Subscription, texts: Draft['texts']): string {
  return (Object.hasOwn(texts, record.protocol) ? texts[record.protocol] : undefined) ?? texts['default']!;
}
