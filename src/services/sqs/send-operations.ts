import type { MessageSystemAttributeValue } from '@aws-sdk/client-sqs';
import { AwsError } from '../../core/errors.ts';
import { batchAnswer, batchEntries } from './batch.ts';
import type { SentDraft } from './draft.ts';
import { draftOf } from './draft.ts';
import { attributesDigest, bodyDigest, storedAttributes } from './message-attributes.ts';
import type { SentMessage } from './queue.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { queueOf } from './sqs-context.ts';
import { failedEntry, invalidParameter } from './sqs-errors.ts';

/** All messages of a batch together. Recorded. */
const MAX_BATCH_BYTES = 1_048_576;

type SystemAttributes = Partial<Record<string, MessageSystemAttributeValue>>;

export function sendOperations(
  sqs: SqsContext,
): Required<Pick<SqsOperations, 'SendMessage' | 'SendMessageBatch'>> {
  return {
    async SendMessage(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const draft = draftOf(queue, input, sqs.senderIdOf(caller));
      const [sent] = await sqs.broker.send(queue, [draft]);
      return sentAnswer(draft, sent!, input.MessageSystemAttributes);
    },

    async SendMessageBatch(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const entries = batchEntries(input.Entries, 'SendMessageBatchRequestEntry');
      // Recorded: of a batch this is an error as a whole, and another one than that of a single message.
      if (queue.settings.isFifo && entries.some(({ MessageGroupId }) => !MessageGroupId)) {
        throw invalidParameter('The request must contain the parameter MessageGroupId.');
      }
      const senderId = sqs.senderIdOf(caller);
      const drafts = entries.map((entry): SentDraft | AwsError => {
        try {
          return draftOf(queue, entry, senderId);
        } catch (error) {
          if (error instanceof AwsError) return error;
          throw error;
        }
      });
      const good = drafts.filter((draft): draft is SentDraft => !(draft instanceof AwsError));
      checkBatchSize(good);
      const sent = await sqs.broker.send(queue, good);
      return batchAnswer(
        drafts.map((draft, index) => {
          const { Id, MessageSystemAttributes } = entries[index]!;
          if (draft instanceof AwsError) return failedEntry(Id, draft);
          return { Id, ...sentAnswer(draft, sent[good.indexOf(draft)]!, MessageSystemAttributes) };
        }),
      );
    },
  };
}

function checkBatchSize(drafts: readonly SentDraft[]): void {
  const bytes = drafts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (bytes > MAX_BATCH_BYTES) {
    throw new AwsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
}

/** Digests are of what came, also where it had come before. */
function sentAnswer(
  { content }: SentDraft,
  { messageId, sequenceNumber }: SentMessage,
  systemAttributes: SystemAttributes | undefined,
) {
  const system = storedAttributes((systemAttributes ?? {}) as Record<string, MessageSystemAttributeValue>);
  return {
    MD5OfMessageBody: bodyDigest(content.body),
    ...(content.attributes && { MD5OfMessageAttributes: attributesDigest(content.attributes) }),
    ...(system && { MD5OfMessageSystemAttributes: attributesDigest(system) }),
    MessageId: messageId,
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
  };
}
