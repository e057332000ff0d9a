import type { Queue } from './queue.ts';
import { invalidParameter, invalidValue } from './sqs-errors.ts';

/** Source: API references of ListQueues and ListDeadLetterSourceQueues. */
const MAX_PAGE = 1000;

/** Without `MaxResults` there is no token: the first thousand are all that can be had. */
export function queuePage(
  queues: readonly Queue[],
  maxResults: number | undefined,
  nextToken: string | undefined,
): { readonly page: readonly Queue[]; readonly nextToken?: string } {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > MAX_PAGE)) {
    throw invalidValue(maxResults, 'MaxResults', 'MaxResults must be an integer between 1 and 1000.');
  }
  const after = nextToken === undefined ? '' : nameInToken(nextToken);
  const rest = queues.filter(({ record }) => record.name > after);
  const page = rest.slice(0, maxResults ?? MAX_PAGE);
  const last = page.at(-1);
  const hasMore = maxResults !== undefined && page.length < rest.length && last !== undefined;
  return { page, ...(hasMore ? { nextToken: Buffer.from(last.record.name).toString('base64') } : {}) };
}

function nameInToken(token: string): string {
  const name = Buffer.from(token, 'base64').toString();
  if (Buffer.from(name).toString('base64') !== token) {
    throw invalidParameter('Invalid or expired next token.');
  }
  return name;
}
