/** Whether and when a failed delivery is tried again. */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import { AwsError } from '../../core/errors.ts';
import { effectivePolicy, retryDelayMs } from './delivery-policy.ts';
import { HttpDeliveryError } from './http-delivery.ts';
import type { Subscription } from './subscription-record.ts';
import type { Topics } from './topics.ts';

/** Source: "Amazon SNS message delivery retries", endpoints that AWS manages: 100,015 retries over 23 days. */
const IMMEDIATE_RETRIES = 3;
const SHORT_RETRIES = 2;
const GROWING_RETRIES = 10;
const LONG_RETRIES = 100_000;
const DELAYS: BackOff = { firstMs: 1_000, maxMs: 20_000 };

/** What receivers answer that may be otherwise a while later. */
const TRANSIENT = /Throttl|TooManyRequests|RequestLimit|ServiceUnavailable|ServiceException|Internal/;

/** Milliseconds until the next attempt after `failures` of them; undefined where there is none. */
export function failedOutcome(
  error: unknown,
  { record }: Subscription,
  topics: Topics,
  failures: number,
): number | undefined {
  if (record.protocol === 'http' || record.protocol === 'https') {
    if (error instanceof HttpDeliveryError && error.isPermanent) return undefined;
    const topicPolicy = topics.find(record.topicArn)?.attributes['DeliveryPolicy'];
    const { retries } = effectivePolicy(topicPolicy, record.attributes['DeliveryPolicy']);
    return retryDelayMs(retries, failures);
  }
  // A target that is gone or refuses is an error of the client's, which is not tried again.
  if (error instanceof AwsError && !TRANSIENT.test(error.code)) return undefined;
  return managedDelayMs(failures);
}

export function managedDelayMs(failures: number): number | undefined {
  let index = failures - 1;
  if (index < IMMEDIATE_RETRIES) return 0;
  index -= IMMEDIATE_RETRIES;
  if (index < SHORT_RETRIES) return DELAYS.firstMs;
  index -= SHORT_RETRIES;
  if (index < GROWING_RETRIES) return backOffMs(DELAYS, index + 1);
  index -= GROWING_RETRIES;
  return index < LONG_RETRIES ? DELAYS.maxMs : undefined;
}
