import { parseArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { Deliveries } from './deliveries.ts';
import type { Publisher } from './publisher.ts';
import { invalidParameter, topicDoesNotExist } from './sns-errors.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TopicRecord } from './topic-record.ts';
import type { Topics } from './topics.ts';

/** What the operations share. */
export interface SnsContext {
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
  readonly publisher: Publisher;
  readonly deliveries: Deliveries;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export type SnsOperations = Operations<typeof import('@aws-sdk/client-sns')>;

const ARN_ELEMENTS = 6;

/**
 * The topic of the caller's region an ARN names; `parameter` is where it was given. Throws `InvalidParameter`
 * as recorded for "subscribe_with_invalid_topic" and "cross_region_delivery_sqs", `NotFound`.
 */
export function topicOf(
  { topics }: SnsContext,
  arn: string | undefined,
  caller: RequestContext,
  parameter = 'TopicArn',
): TopicRecord {
  if (!arn) throw invalidParameter(parameter);
  const elements = arn.split(':').length;
  if (elements < ARN_ELEMENTS) {
    throw invalidParameter(`${parameter} Reason: An ARN must have at least 6 elements, not ${elements}`);
  }
  const parsed = parseArn(arn);
  if (parsed?.service !== 'sns' || parsed.region !== caller.region) throw invalidParameter(parameter);
  const topic = topics.find(arn);
  if (topic === undefined) throw topicDoesNotExist();
  return topic;
}

/** Source: API references of the List operations: a hundred at a time. */
const PAGE = 100;

export function page<T>(items: readonly T[], arnOf: (item: T) => string, token: string | undefined) {
  const after = token === undefined ? '' : arnInToken(token);
  const rest = items.filter((item) => arnOf(item) > after);
  const shown = rest.slice(0, PAGE);
  const last = shown.at(-1);
  const hasMore = last !== undefined && shown.length < rest.length;
  return { shown, ...(hasMore ? { NextToken: Buffer.from(arnOf(last)).toString('base64') } : {}) };
}

function arnInToken(token: string): string {
  const arn = Buffer.from(token, 'base64').toString();
  if (Buffer.from(arn).toString('base64') !== token || !arn.startsWith('arn:')) {
    throw invalidParameter('NextToken');
  }
  return arn;
}
