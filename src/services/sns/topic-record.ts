export interface TopicRecord {
  readonly arn: string;
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly isFifo: boolean;
  /** As set, by AWS's names; what is absent has its default. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export const FIFO_SUFFIX = '.fifo';

export function topicArn(accountId: string, region: string, name: string): string {
  return `arn:aws:sns:${region}:${accountId}:${name}`;
}
