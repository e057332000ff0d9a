/** Deliveries to URLs. */
import type { IncomingMessage } from 'node:http';
import type { SentMessage } from './message.ts';

/** Source: "Amazon SNS message delivery retries": an endpoint has fifteen seconds to answer. */
const TIMEOUT_MS = 15_000;
const TOO_MANY_REQUESTS = 429;

export class HttpDeliveryError extends Error {
  /** Undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'HttpDeliveryError';
    this.status = status;
  }

  /** Source: the same: other answers of the class 4xx will not change. */
  get isPermanent(): boolean {
    const { status } = this;
    return status !== undefined && status >= 400 && status < 500 && status !== TOO_MANY_REQUESTS;
  }
}

export interface HttpDelivery {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  readonly message: SentMessage;
  readonly subscriptionArn: string;
  readonly isRaw: boolean;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

/** Resolves for an answer of the class 2xx. Rejects with `HttpDeliveryError`. */
export function deliverOverHttp(delivery: HttpDelivery): Promise<void> {
  const { url, body, signal } = delivery;
  // Loaded when a URL is subscribed, since the client takes memory that most servers never need.
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new HttpDeliveryError(error.message));
    const sent = request(
      url,
      {
        method: 'POST',
        headers: headers(delivery),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      },
      (answer: IncomingMessage) => {
        answer.on('error', fail);
        answer.resume();
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else reject(new HttpDeliveryError(`${url} answered ${status}`, status));
      },
    );
    sent.on('error', fail);
    sent.end(body);
  });
}

/** Source: "HTTP/HTTPS headers" of "Parsing Amazon SNS message formats". */
function headers({ message, subscriptionArn, isRaw, contentType, body }: HttpDelivery) {
  return {
    'x-amz-sns-message-type': message.type,
    'x-amz-sns-message-id': message.messageId,
    'x-amz-sns-topic-arn': message.topicArn,
    ...(message.type === 'Notification' ? { 'x-amz-sns-subscription-arn': subscriptionArn } : {}),
    ...(isRaw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
    'content-length': Buffer.byteLength(body),
    'content-type': contentType,
    'user-agent': 'Amazon Simple Notification Service Agent',
  };
}
