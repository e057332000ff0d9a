import { parseArn } from '../../core/arn.ts';
import type { RequestContext } from '../../ports/service.ts';
import { confirm } from './confirmation.ts';
import type { SnsContext, SnsOperations } from './sns-context.ts';
import { page, topicOf } from './sns-context.ts';
import { foreignSubscription, invalidParameter, subscriptionDoesNotExist } from './sns-errors.ts';
import {
  checkRole,
  checkSubscriptionAttributes,
  describedSubscription,
  keptAttributes,
} from './subscription-attributes.ts';
import { checkEndpoint, needsConfirmation } from './subscription-endpoint.ts';
import type { Subscription, SubscriptionRecord } from './subscription-record.ts';

type Names =
  | 'Subscribe'
  | 'ConfirmSubscription'
  | 'Unsubscribe'
  | 'ListSubscriptions'
  | 'ListSubscriptionsByTopic'
  | 'GetSubscriptionAttributes'
  | 'SetSubscriptionAttributes';
type Attributes = Readonly<Record<string, string>>;

/** AWS's tokens are 288 hexadecimal digits long. */
const TOKEN_BYTES = 144;

export function subscriptionOperations(sns: SnsContext): Required<Pick<SnsOperations, Names>> {
  const { subscriptions } = sns;
  /** Policies know no subscriptions as resources: whose one is decides, and the topic's owner may not look. */
  const subscriptionOf = (arn: string | undefined, { accountId }: RequestContext): Subscription => {
    const subscription = subscriptions.find(arn ?? '');
    if (subscription === undefined) throw subscriptionDoesNotExist();
    if (subscription.record.accountId !== accountId) throw foreignSubscription();
    return subscription;
  };
  return {
    async Subscribe(input, caller) {
      const topic = topicOf(sns, input.TopicArn, caller);
      const { Protocol = '', Endpoint: endpoint = '' } = input;
      const given = (input.Attributes ?? {}) as Attributes;
      const protocol = checkEndpoint(topic, Protocol, endpoint);
      checkSubscriptionAttributes(given);
      checkRole(protocol, given);
      const attributes = keptAttributes(given);
      const existing = subscriptions.ofEndpoint(topic.arn, protocol, endpoint);
      if (existing !== undefined) checkSame(existing, attributes);
      const record =
        existing?.record ?? newRecord(sns, caller, { topicArn: topic.arn, protocol, endpoint, attributes });
      const isChanged = existing === undefined || existing.isPending;
      // Whoever asks again has all the time again in which to confirm.
      const subscription = isChanged
        ? await subscriptions.save({ ...record, tokenMs: sns.clock.now() })
        : existing;
      if (subscription.isPending) await sns.deliveries.askConfirmation(subscription);
      const isShown = !subscription.isPending || input.ReturnSubscriptionArn === true;
      return { SubscriptionArn: isShown ? subscription.record.arn : 'pending confirmation' };
    },

    async ConfirmSubscription(input, caller) {
      const mustAuthenticate = input.AuthenticateOnUnsubscribe === 'true';
      const isSigned = caller.accessKeyId !== undefined;
      const arn = await confirm(sns, input.TopicArn ?? '', input.Token ?? '', isSigned, mustAuthenticate);
      return { SubscriptionArn: arn };
    },

    async Unsubscribe(input, { accountId }) {
      const arn = input.SubscriptionArn ?? '';
      const elements = arn.split(':').length;
      if (elements < 6) {
        throw invalidParameter(
          `SubscriptionArn Reason: An ARN must have at least 6 elements, not ${elements}`,
        );
      }
      const held = subscriptions.find(arn);
      // Source: API reference of Unsubscribe: the owner of the subscription may, and that of the topic.
      if (held !== undefined && ![held.record.accountId, parseArn(arn)?.accountId].includes(accountId))
        throw foreignSubscription();
      if (held?.isPending) {
        throw invalidParameter('This operation is not permitted on a pending subscription.');
      }
      // Recorded: to end one that is not there is no error.
      await subscriptions.delete(arn);
      return {};
    },

    async ListSubscriptions(input, { accountId, region }) {
      return listed(subscriptions.list(accountId, region), input.NextToken);
    },

    async ListSubscriptionsByTopic(input, caller) {
      const { arn } = topicOf(sns, input.TopicArn, caller);
      const held = subscriptions.ofTopic(arn).sort((a, b) => (a.record.arn < b.record.arn ? -1 : 1));
      return listed(held, input.NextToken);
    },

    async GetSubscriptionAttributes(input, caller) {
      return { Attributes: { ...describedSubscription(subscriptionOf(input.SubscriptionArn, caller)) } };
    },

    async SetSubscriptionAttributes(input, caller) {
      const { record } = subscriptionOf(input.SubscriptionArn, caller);
      const { AttributeName: name = '', AttributeValue: value = '' } = input;
      const attributes = { ...record.attributes, [name]: value };
      checkSubscriptionAttributes({ [name]: value });
      // A filter policy must be one in its scope, whichever of the two is set.
      checkSubscriptionAttributes(attributes);
      await subscriptions.save({ ...record, attributes: keptAttributes(attributes) });
      return {};
    },
  };
}

function newRecord(
  { ids, clock }: SnsContext,
  caller: RequestContext,
  given: Pick<SubscriptionRecord, 'topicArn' | 'protocol' | 'endpoint' | 'attributes'>,
): SubscriptionRecord {
  const { accountId } = caller;
  const isPending = needsConfirmation(given.protocol, given.endpoint, accountId);
  return {
    ...given,
    arn: `${given.topicArn}:${ids.uuid()}`,
    accountId,
    principal: caller.identity?.principal.arn ?? `arn:aws:iam::${accountId}:root`,
    ...(isPending ? { token: ids.hex(TOKEN_BYTES) } : {}),
    tokenMs: clock.now(),
    wasAuthenticated: !isPending,
    authenticatesUnsubscribe: false,
  };
}

/** Recorded for "subscribe_idempotency": only what is given is compared. */
function checkSame({ record }: Subscription, attributes: Attributes): void {
  const held: Attributes = { RawMessageDelivery: 'false', ...record.attributes };
  if (Object.entries(attributes).some(([name, value]) => held[name] !== value)) {
    throw invalidParameter('Attributes Reason: Subscription already exists with different attributes');
  }
}

function listed(held: readonly Subscription[], nextToken: string | undefined) {
  const { shown, ...token } = page(held, ({ record }) => record.arn, nextToken);
  const Subscriptions = shown.map(({ record, isPending }) => ({
    SubscriptionArn: isPending ? 'PendingConfirmation' : record.arn,
    Owner: record.accountId,
    Protocol: record.protocol,
    Endpoint: record.endpoint,
    TopicArn: record.topicArn,
  }));
  return { Subscriptions, ...token };
}
