/** What is in a queue that fills still, for tests of servers that were killed. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';

/** Bodies, in the order in which they come; all have come once `emptyPolls` in a row, a second each, find nothing. */
export async function drainedQueue(sqs: SQSClient, QueueUrl: string, emptyPolls: number): Promise<string[]> {
  const bodies: string[] = [];
  for (let empty = 0; empty < emptyPolls; ) {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sqs.send(command);
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(Body!);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    }
  }
  return bodies;
}
