import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { formatArn } from '../../core/arn.ts';
import { checkDeliveryAccess } from '../../core/policy/service-access.ts';
import type { Receive, TypedAttribute } from '../../ports/delivery.ts';
import { draftOf } from './draft.ts';
import type { SqsContext } from './sqs-context.ts';
import { queueDoesNotExist } from './sqs-errors.ts';

/**
 * Takes what other services send to queues whose policy lets them; throws `AccessDenied` where it does not.
 * A FIFO queue needs the group, as it does of every sender.
 */
export function receiveDelivery({ queues, broker }: SqsContext): Receive {
  return async (target, delivery) => {
    const arn = formatArn(target);
    const queue = queues.findByArn(arn);
    if (queue === undefined) throw queueDoesNotExist();
    const { principal: service, sourceArn, sourceAccount, byRole } = delivery;
    const access = { service, action: 'sqs:SendMessage', resource: arn, sourceArn, sourceAccount, byRole };
    checkDeliveryAccess(queue.settings.policy, access, 'AccessDenied');
    const attributes = Object.entries(delivery.attributes ?? {}).map(
      ([name, value]) => [name, attributeOf(value)] as const,
    );
    const draft = draftOf(
      queue,
      {
        MessageBody: delivery.body,
        MessageAttributes: Object.fromEntries(attributes),
        ...(delivery.traceHeader === undefined
          ? {}
          : {
              MessageSystemAttributes: {
                AWSTraceHeader: { DataType: 'String', StringValue: delivery.traceHeader },
              },
            }),
        MessageGroupId: delivery.messageGroupId,
        MessageDeduplicationId: delivery.messageDeduplicationId,
      },
      // AWS shows an id of the service's own role there; an account's is the nearest that is true here.
      target.accountId,
    );
    await broker.send(queue, [draft]);
  };
}

function attributeOf(value: string | number | TypedAttribute): MessageAttributeValue {
  if (typeof value === 'object') {
    return {
      DataType: value.dataType,
      StringValue: value.text,
      ...(value.binary === undefined ? {} : { BinaryValue: Buffer.from(value.binary, 'base64') }),
    };
  }
  return { DataType: typeof value === 'number' ? 'Number' : 'String', StringValue: String(value) };
}
