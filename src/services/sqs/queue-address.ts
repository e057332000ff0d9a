/** The names of a queue: URL, ARN, key of its record. */
import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';

export interface QueueAddress {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export const FIFO_SUFFIX = '.fifo';

export function queueKey({ accountId, region, name }: QueueAddress): string {
  return `${accountId}/${region}/${name}`;
}

export function queueArn({ accountId, region, name }: QueueAddress): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

/** The queue an ARN names; undefined when it names none. */
export function addressOfArn(text: string): QueueAddress | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'sqs' || arn.region === '' || arn.accountId === '') return undefined;
  return { accountId: arn.accountId, region: arn.region, name: arn.resource };
}

export function queueUrl(origin: string, { accountId, name }: QueueAddress): string {
  return `${origin}/${accountId}/${name}`;
}

/** Account and name as the last two segments; any host, since this server has many names. */
const QUEUE_URL = /^(?:https?:\/\/([^/]+))?\/?(?:.*\/)?(\d{12})\/([^/?#]+)\/?$/;
/** `sqs.eu-west-1.amazonaws.com`, `eu-west-1.queue.localhost:4566`. */
const REGION_OF_HOST = /^(?:sqs\.([a-z]{2}(?:-[a-z]+)+-\d)|([a-z]{2}(?:-[a-z]+)+-\d)\.queue)\./;
const BARE_NAME = /^[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/;

/**
 * The queue a URL names: the region is its host's, where that has one, else the caller's. A bare name
 * is taken for one of the caller's own queues. Throws `InvalidAddress`.
 */
export function addressOfUrl(url: string, caller: Omit<QueueAddress, 'name'>): QueueAddress {
  if (BARE_NAME.test(url)) return { accountId: caller.accountId, region: caller.region, name: url };
  const match = QUEUE_URL.exec(url);
  if (match === null) {
    throw new AwsError('InvalidAddress', `The address ${url} is not valid for this endpoint.`);
  }
  const [, host, accountId, name] = match;
  const region = REGION_OF_HOST.exec(host ?? '');
  return { accountId: accountId!, region: region?.[1] ?? region?.[2] ?? caller.region, name: name! };
}
