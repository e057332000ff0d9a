/** Iterators say themselves what they are of, and outlast a restart. */
import { validationError } from '../engine/item-checks.ts';

export interface ShardIterator {
  readonly arn: string;
  readonly shardId: string;
  /** The number of the record after which it goes on. */
  readonly after: number;
  readonly givenMs: number;
}

/** AWS's iterators begin with the stream's ARN and a number of the form's version. */
export function iteratorText({ arn, shardId, after, givenMs }: ShardIterator): string {
  return `${arn}|1|${Buffer.from(JSON.stringify([shardId, after, givenMs])).toString('base64')}`;
}

/** Throws `ValidationException` for what is none. */
export function iteratorOf(text: string): ShardIterator {
  const [arn = '', , state = ''] = text.split('|');
  try {
    const [shardId, after, givenMs] = JSON.parse(Buffer.from(state, 'base64').toString()) as unknown[];
    if (typeof shardId === 'string' && Number.isSafeInteger(after) && Number.isSafeInteger(givenMs)) {
      return { arn, shardId, after: after as number, givenMs: givenMs as number };
    }
  } catch {
    // Not one of ours: told of below.
  }
  throw validationError('Invalid ShardIterator');
}

/** ARN of the stream that is read by it; of what is no iterator, text that is no ARN of a stream. */
export function streamOfIterator(text: string): string {
  return text.split('|', 1)[0]!;
}
