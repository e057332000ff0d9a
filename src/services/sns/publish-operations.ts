import type { PublishBatchRequestEntry } from '@aws-sdk/client-sns';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { Draft } from './draft.ts';
import { draftOf, MAX_MESSAGE_BYTES } from './draft.ts';
import type { SnsContext, SnsOperations } from './sns-context.ts';
import { topicOf } from './sns-context.ts';
import { invalidParameter, notImplemented } from './sns-errors.ts';
import type { TopicRecord } from './topic-record.ts';

/** Source: API reference of PublishBatch. */
const MAX_ENTRIES = 10;
const MAX_ID_LENGTH = 80;

export function publishOperations(
  sns: SnsContext,
): Required<Pick<SnsOperations, 'Publish' | 'PublishBatch'>> {
  return {
    async Publish(input, caller) {
      if (input.PhoneNumber !== undefined) throw notImplemented('text messages of SNS');
      const topic = targetOf(sns, input.TopicArn, input.TargetArn, caller);
      const draft = draftOf(topic, input);
      if (draft.sizeBytes > MAX_MESSAGE_BYTES) throw invalidParameter('Message too long');
      const published = await sns.publisher.publish(topic, traced(draft, caller));
      return answered(published);
    },

    async PublishBatch(input, caller) {
      const topic = topicOf(sns, input.TopicArn, caller);
      const entries = checkedEntries(input.PublishBatchRequestEntries ?? []);
      const drafts = entries.map((entry, index) => {
        const path = `publishBatchRequestEntries.${index + 1}.member.messageAttributes`;
        return draftOf(topic, entry, path);
      });
      if (drafts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > MAX_MESSAGE_BYTES) {
        throw new AwsError(
          'BatchRequestTooLongException',
          'The length of all the messages put together is more than the limit.',
        );
      }
      const published = await Promise.all(
        drafts.map((draft) => sns.publisher.publish(topic, traced(draft, caller))),
      );
      const Successful = published.map((one, index) => ({ Id: entries[index]!.Id, ...answered(one) }));
      return { Successful, Failed: [] };
    },
  };
}

/** Recorded for "publish_non_existent_target". */
function targetOf(
  sns: SnsContext,
  topicArn: string | undefined,
  targetArn: string | undefined,
  caller: RequestContext,
): TopicRecord {
  if (topicArn === undefined && targetArn === undefined) throw invalidParameter('TopicArn or TargetArn');
  if (topicArn === undefined && targetArn!.includes(':endpoint/')) {
    throw invalidParameter('TargetArn Reason: No endpoint found for the target arn specified');
  }
  const parameter = topicArn === undefined ? 'TargetArn' : 'TopicArn';
  return topicOf(sns, topicArn ?? targetArn, caller, parameter);
}

function traced(draft: Draft, { headers }: RequestContext): Draft {
  const header = headers['x-amzn-trace-id'];
  return typeof header === 'string' ? { ...draft, traceHeader: header } : draft;
}

function answered({ messageId, sequenceNumber }: { messageId: string; sequenceNumber?: string }) {
  return {
    MessageId: messageId,
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
  };
}

/** Words as recorded for "publish_batch_exceptions" and "publish_batch_invalid_entry_id". */
function checkedEntries(entries: readonly PublishBatchRequestEntry[]): readonly PublishBatchRequestEntry[] {
  if (entries.length === 0) {
    throw new AwsError('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
  }
  if (entries.length > MAX_ENTRIES) {
    throw new AwsError(
      'TooManyEntriesInBatchRequestException',
      'The batch request contains more entries than permissible.',
    );
  }
  const ids = entries.map(({ Id }) => Id ?? '');
  if (new Set(ids).size < ids.length) {
    throw new AwsError(
      'BatchEntryIdsNotDistinctException',
      'Two or more batch entries in the request have the same Id.',
    );
  }
  for (const id of ids) {
    const fault =
      id.length > MAX_ID_LENGTH
        ? 'is too long'
        : /^[A-Za-z0-9_-]+$/.test(id)
          ? undefined
          : 'contains an impermissible character';
    if (fault !== undefined) {
      throw new AwsError(
        'InvalidBatchEntryIdException',
        `The Id of a batch entry in the batch request ${fault}: ${id}`,
      );
    }
  }
  return entries;
}
