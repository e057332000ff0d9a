/** What calls of SQS are about, and what they do to other queues. */
import { decodedHandle } from '../../services/sqs/move-task-operations.ts';
import { addressOfUrl, queueArn } from '../../services/sqs/queue-address.ts';
import type { Permission } from './permission.ts';
import type { ResourceQuestion } from './resource-question.ts';

/** The queue of a call, however it is named; `*` where it is about none. Throws SQS's errors. */
export function queueResource({ input, region, accountId }: ResourceQuestion): string {
  const { QueueUrl: url, QueueName: name, QueueOwnerAWSAccountId: owner } = input;
  const { SourceArn: source, TaskHandle: handle } = input;
  if (typeof source === 'string') return source;
  if (typeof name === 'string')
    return queueArn({ region, accountId: typeof owner === 'string' ? owner : accountId, name });
  if (typeof url === 'string') return queueArn(addressOfUrl(url, { accountId, region }));
  return typeof handle === 'string' ? decodedHandle(handle).sourceArn : '*';
}

/** Who has messages moved takes them and sends them. Source: developer guide, "Configuring queue permissions" of redrive. */
export function moveTaskPermissions({ operation, input }: ResourceQuestion): Permission[] {
  const { SourceArn: source, DestinationArn: destination } = input;
  if (operation !== 'StartMessageMoveTask' || typeof source !== 'string') return [];
  const taking = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  return [
    ...taking.map((action) => ({ action, resource: source, facts: {} })),
    ...(typeof destination === 'string'
      ? [{ action: 'sqs:SendMessage', resource: destination, facts: {} }]
      : []),
  ];
}
