import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import type { SnsContext } from './sns-context.ts';
import { invalidParameter } from './sns-errors.ts';

/** Source: API reference of Subscribe: tokens are valid for two days. */
const TOKEN_LIFE_MS = 2 * 24 * 60 * 60 * 1000;

/**
 * Confirms what waits for `token`; its ARN. Throws `InvalidParameter` in the words recorded for
 * "sns_confirm_subscription_wrong_token".
 */
export async function confirm(
  { subscriptions, clock }: Pick<SnsContext, 'subscriptions' | 'clock'>,
  topicArn: string,
  token: string,
  isSigned: boolean,
  authenticatesUnsubscribe: boolean,
): Promise<string> {
  if (!/^[0-9a-f]+$/.test(token)) throw new AwsError('InvalidParameterException', 'Invalid token');
  if (parseArn(topicArn)?.service !== 'sns') throw invalidParameter('TopicArn');
  const waiting = subscriptions
    .ofTopic(topicArn)
    .find(({ record }) => record.token === token && clock.now() < record.tokenMs + TOKEN_LIFE_MS);
  if (waiting === undefined) throw invalidParameter('Token');
  const { token: _, ...record } = waiting.record;
  await subscriptions.save({ ...record, wasAuthenticated: isSigned, authenticatesUnsubscribe });
  return record.arn;
}
