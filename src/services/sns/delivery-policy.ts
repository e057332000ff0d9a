/** Retries of deliveries over HTTP, as topics and subscriptions set them. */
import { invalidParameter, notImplemented } from './sns-errors.ts';

/** Delays in seconds, the rest in attempts. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: 'linear' | 'arithmetic' | 'geometric' | 'exponential';
}

/** Recorded with every topic. */
export const DEFAULT_RETRIES: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: 'linear',
};
const DEFAULT_REQUEST = { headerContentType: 'text/plain; charset=UTF-8' };

/** Source: "Creating an HTTP/S delivery policy". */
const MAX_DELAY_SECONDS = 3_600;
const MAX_RETRIES = 100;
const BACKOFF_FUNCTIONS = ['linear', 'arithmetic', 'geometric', 'exponential'];

type Json = Readonly<Record<string, unknown>>;

/** `EffectiveDeliveryPolicy` of a topic, as recorded for "topic_delivery_policy_crud". */
export function effectiveTopicPolicy(text: string | undefined) {
  const http = objectIn(text === undefined ? {} : (JSON.parse(text) as Json), 'http');
  return {
    http: {
      defaultHealthyRetryPolicy: { ...DEFAULT_RETRIES, ...objectIn(http, 'defaultHealthyRetryPolicy') },
      disableSubscriptionOverrides: http['disableSubscriptionOverrides'] === true,
      defaultRequestPolicy: { ...DEFAULT_REQUEST, ...objectIn(http, 'defaultRequestPolicy') },
    },
  };
}

/** What rules deliveries of a subscription: its own policy, unless its topic forbids that, then the topic's. */
export function effectivePolicy(topicPolicy: string | undefined, subscriptionPolicy: string | undefined) {
  const { http } = effectiveTopicPolicy(topicPolicy);
  const own =
    subscriptionPolicy === undefined || http.disableSubscriptionOverrides
      ? {}
      : (JSON.parse(subscriptionPolicy) as Json);
  const retries: RetryPolicy = { ...http.defaultHealthyRetryPolicy, ...objectIn(own, 'healthyRetryPolicy') };
  const request = { ...http.defaultRequestPolicy, ...objectIn(own, 'requestPolicy') };
  return { retries, contentType: String(request.headerContentType) };
}

/** Members that deliveries follow, of policies of subscriptions and of topics. */
const FOLLOWED = [
  'healthyRetryPolicy',
  'requestPolicy',
  'http',
  'defaultHealthyRetryPolicy',
  'defaultRequestPolicy',
  'disableSubscriptionOverrides',
];

/** Throws `InvalidParameter`, and `NotImplemented` for what would be kept and not followed, as `throttlePolicy`. */
export function checkDeliveryPolicy(text: string): void {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw refused('failed to parse JSON.');
  }
  if (!isObject(policy)) throw refused('failed to parse JSON.');
  const http = objectIn(policy, 'http');
  for (const [name, value] of Object.entries({ ...policy, ...http })) {
    // AWS's own documents have null and false for what is not set.
    const isSet = value !== null && value !== false;
    if (isSet && !FOLLOWED.includes(name)) throw notImplemented(`${name} in delivery policies`);
  }
  const given = { ...objectIn(policy, 'healthyRetryPolicy'), ...objectIn(http, 'defaultHealthyRetryPolicy') };
  const retries: RetryPolicy = { ...DEFAULT_RETRIES, ...given };
  for (const [name, value] of Object.entries(retries)) {
    const known = name in DEFAULT_RETRIES;
    const valid = name === 'backoffFunction' ? BACKOFF_FUNCTIONS.includes(String(value)) : isCount(value);
    if (!known || !valid) throw refused(`DeliveryPolicy: ${name} is invalid`);
  }
  const { minDelayTarget, maxDelayTarget, numRetries } = retries;
  const delayed = retries.numNoDelayRetries + retries.numMinDelayRetries + retries.numMaxDelayRetries;
  if (maxDelayTarget > MAX_DELAY_SECONDS) throw refused('DeliveryPolicy: maxDelayTarget is too large');
  if (minDelayTarget < 1 || minDelayTarget > maxDelayTarget) {
    throw refused('DeliveryPolicy: maxDelayTarget must be greater than or equal to minDelayTarget');
  }
  if (numRetries > MAX_RETRIES || delayed > numRetries) {
    throw refused('DeliveryPolicy: numRetries must be greater than or equal to total of the retry phases');
  }
}

/**
 * How long to wait after `failures` attempts, milliseconds; undefined where there are no more. Four phases:
 * without delay, with the smallest, with growing ones, with the largest. Source: "Amazon SNS message delivery retries".
 */
export function retryDelayMs(policy: RetryPolicy, failures: number): number | undefined {
  if (failures > policy.numRetries) return undefined;
  const { minDelayTarget: min, maxDelayTarget: max } = policy;
  const growing =
    policy.numRetries - policy.numNoDelayRetries - policy.numMinDelayRetries - policy.numMaxDelayRetries;
  let index = failures - 1;
  if (index < policy.numNoDelayRetries) return 0;
  index -= policy.numNoDelayRetries;
  if (index < policy.numMinDelayRetries) return min * 1000;
  index -= policy.numMinDelayRetries;
  if (index >= growing || growing === 1) return max * 1000;
  return Math.round((min + (max - min) * progress(policy.backoffFunction, index / (growing - 1))) * 1000);
}

/** From 0 to 1; the steeper functions stay longer at the small delays. AWS shows them as curves only. */
function progress(name: RetryPolicy['backoffFunction'], share: number): number {
  const exponent = { linear: 1, arithmetic: 2, geometric: 3, exponential: 4 }[name];
  return share ** exponent;
}

function objectIn(held: Json, name: string): Json {
  const value = held[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function refused(reason: string) {
  return invalidParameter(`Attributes Reason: ${reason}`);
}
