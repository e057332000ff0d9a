/** What other services deliver to resources behind endpoints, as calls of the services there. */
import type { PutEventsCommandInput, PutEventsCommandOutput } from '@aws-sdk/client-eventbridge';
import { formatArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { Receive } from '../ports/delivery.ts';
import { messageAttributes } from './message-attributes.ts';
import type { RemoteApi } from './remote-api.ts';

/** Who may is for the endpoint to say: calls are signed with the credentials that this server has for it. */
export const RECEIVERS: Readonly<Record<string, (api: RemoteApi, ids: Ids) => Receive>> = {
  sns: (api) => async (target, delivery) => {
    const { body: Message, messageGroupId, messageDeduplicationId } = delivery;
    const input = {
      TopicArn: formatArn(target),
      Message,
      MessageAttributes: messageAttributes(delivery),
      MessageGroupId: messageGroupId,
      MessageDeduplicationId: messageDeduplicationId,
    };
    await api.call('Publish', input, target);
  },

  kinesis:
    (api, ids) =>
    async (target, { body, messageGroupId }) => {
      const StreamName = target.resource.slice('stream/'.length);
      const PartitionKey = messageGroupId ?? ids.uuid();
      const input = { StreamName, StreamARN: formatArn(target), Data: Buffer.from(body), PartitionKey };
      await api.call('PutRecord', input, target);
    },

  firehose:
    (api) =>
    async (target, { body }) => {
      const DeliveryStreamName = target.resource.slice('deliverystream/'.length);
      await api.call('PutRecord', { DeliveryStreamName, Record: { Data: Buffer.from(body) } }, target);
    },

  events:
    (api) =>
    async (target, { body, traceHeader }) => {
      const EventBusName = target.accountId === '' ? target.resource : formatArn(target);
      const input: PutEventsCommandInput = {
        Entries: [{ ...entryOf(body), EventBusName, ...(traceHeader ? { TraceHeader: traceHeader } : {}) }],
      };
      const { Entries: [entry] = [] } = (await api.call(
        'PutEvents',
        input,
        target,
      )) as PutEventsCommandOutput;
      if (entry?.ErrorCode !== undefined) throw new AwsError(entry.ErrorCode, entry.ErrorMessage ?? '');
    },
};

interface TextEvent {
  readonly source?: unknown;
  readonly 'detail-type'?: unknown;
  readonly detail?: unknown;
  readonly time?: unknown;
  readonly resources?: unknown;
}

/** An event as JSON in the members of PutEvents. */
function entryOf(body: string): NonNullable<PutEventsCommandInput['Entries']>[number] {
  const event = parsed(body);
  return {
    Source: String(event.source),
    DetailType: String(event['detail-type']),
    Detail: JSON.stringify(event.detail),
    ...(typeof event.time === 'string' ? { Time: new Date(event.time) } : {}),
    ...(Array.isArray(event.resources) ? { Resources: event.resources.map(String) } : {}),
  };
}

function parsed(body: string): TextEvent {
  try {
    const event: unknown = JSON.parse(body);
    if (typeof event === 'object' && event !== null && 'source' in event && 'detail' in event) return event;
  } catch {
    // The same as what is JSON and no event.
  }
  throw new AwsError('ValidationException', 'The input of a target that is an event bus must be an event.');
}
