/** Messages in the forms in which subscribers get them. */

import type { SentMessage } from './message.ts';
import { notifiedAttributes } from './message-attributes.ts';
import type { SignatureVersion, SigningKey } from './signing-key.ts';

export interface NotificationContext {
  readonly signingKey: SigningKey;
  /** `http://host:port`: where this server is reached. */
  readonly origin: () => string;
}

/** The JSON text that queues and URLs get; members in the order recorded, laid out as AWS does. */
export async function notificationText(
  message: SentMessage,
  subscriptionArn: string,
  context: NotificationContext,
): Promise<string> {
  const { type, messageId, topicArn, subject, text, token, sequenceNumber, attributes } = message;
  const isConfirmation = type === 'SubscriptionConfirmation';
  const origin = context.origin();
  const hasAttributes = Object.keys(attributes).length > 0;
  // Recorded: what comes from FIFO topics is not signed.
  const signed =
    sequenceNumber === undefined ? await signature(message, message.signatureVersion, context) : {};
  const members: Record<string, unknown> = {
    Type: type,
    MessageId: messageId,
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
    ...(isConfirmation ? { Token: token } : {}),
    TopicArn: topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: text,
    ...(isConfirmation ? { SubscribeURL: subscribeUrl(origin, topicArn, token!) } : {}),
    Timestamp: timestamp(message),
    ...signed,
    ...(isConfirmation ? {} : { UnsubscribeURL: unsubscribeUrl(origin, subscriptionArn) }),
    ...(hasAttributes ? { MessageAttributes: notifiedAttributes(attributes) } : {}),
  };
  return laidOut(members);
}

/** The event of a function. Recorded for "publish_lambda_verify_signature": version 1 whatever the topic says. */
export async function functionEvent(
  message: SentMessage,
  subscriptionArn: string,
  context: NotificationContext,
): Promise<string> {
  const { SigningCertURL, ...signed } = await signature(message, '1', context);
  const record = {
    EventSource: 'aws:sns',
    EventVersion: '1.0',
    EventSubscriptionArn: subscriptionArn,
    Sns: {
      Type: message.type,
      MessageId: message.messageId,
      TopicArn: message.topicArn,
      Subject: message.subject ?? null,
      Message: message.text,
      Timestamp: timestamp(message),
      ...signed,
      SigningCertUrl: SigningCertURL,
      UnsubscribeUrl: unsubscribeUrl(context.origin(), subscriptionArn),
      MessageAttributes: notifiedAttributes(message.attributes),
    },
  };
  return JSON.stringify({ Records: [record] });
}

/** Source: "Verifying the signatures of Amazon SNS messages": names and values, each on a line, in this order. */
async function signature(message: SentMessage, version: SignatureVersion, context: NotificationContext) {
  const { signingKey, origin } = context;
  const { type, messageId, topicArn, subject, text, token } = message;
  const pairs: [string, string | undefined][] = [
    ['Message', text],
    ['MessageId', messageId],
    ['Subject', subject],
    ['SubscribeURL', token === undefined ? undefined : subscribeUrl(origin(), topicArn, token)],
    ['Timestamp', timestamp(message)],
    ['Token', token],
    ['TopicArn', topicArn],
    ['Type', type],
  ];
  const lines = pairs.flatMap(([name, value]) => (value === undefined ? [] : [`${name}\n${value}\n`]));
  const { fileName } = await signingKey.certificate();
  return {
    SignatureVersion: version,
    Signature: await signingKey.sign(lines.join(''), version),
    SigningCertURL: `${origin()}/${fileName}`,
  };
}

function timestamp({ publishedMs }: SentMessage): string {
  return new Date(publishedMs).toISOString();
}

function subscribeUrl(origin: string, topicArn: string, token: string): string {
  return `${origin}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${token}`;
}

function unsubscribeUrl(origin: string, subscriptionArn: string): string {
  return `${origin}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`;
}

/** A member a line, with spaces around colons; of attributes, one a line as well. */
function laidOut(members: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(members).map(([name, value]) => {
    if (typeof value !== 'object' || value === null) return `  ${pair(name, value)}`;
    const inner = Object.entries(value).map(([key, held]) => `    ${pair(key, held)}`);
    return `  ${JSON.stringify(name)} : {\n${inner.join(',\n')}\n  }`;
  });
  return `{\n${lines.join(',\n')}\n}`;
}

function pair(name: string, value: unknown): string {
  return `${JSON.stringify(name)} : ${JSON.stringify(value)}`;
}
