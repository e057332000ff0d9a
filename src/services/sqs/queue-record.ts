import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { QueueAddress } from './queue-address.ts';

/** A queue as stored. Its messages lie in the message store under `id`, so that a name made anew starts empty. */
export interface QueueRecord extends QueueAddress {
  readonly id: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** As set, by AWS's names; what is absent has its default. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Of a queue whose name may not be taken again yet. */
export interface DeletedQueue extends QueueAddress {
  readonly deletedMs: number;
}

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export interface RedriveAllowPolicy {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns: readonly string[];
}

/** Source: "Amazon SQS queue parameters"; MaximumMessageSize by recorded answers since August 2025. */
export const DEFAULT_ATTRIBUTES = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
} as const;

export type NumberAttribute = keyof typeof DEFAULT_ATTRIBUTES;

/** The settings of a queue, read from its attributes once for each change of them. */
export class QueueSettings {
  readonly isFifo: boolean;
  readonly visibilityTimeoutMs: number;
  readonly maximumMessageBytes: number;
  readonly retentionMs: number;
  readonly delayMs: number;
  readonly waitMs: number;
  /** Who else may use the queue; without one its account alone. */
  readonly policy: PolicyDocument | undefined;
  readonly redrive: RedrivePolicy | undefined;
  readonly redriveAllow: RedriveAllowPolicy;
  readonly contentBasedDeduplication: boolean;
  /** What a deduplication id is unique within. */
  readonly deduplicationScope: 'queue' | 'messageGroup';

  constructor(record: QueueRecord) {
    const { attributes } = record;
    const numberOf = (name: NumberAttribute): number => Number(attributes[name] ?? DEFAULT_ATTRIBUTES[name]);
    this.isFifo = attributes['FifoQueue'] === 'true';
    this.visibilityTimeoutMs = numberOf('VisibilityTimeout') * 1000;
    this.maximumMessageBytes = numberOf('MaximumMessageSize');
    this.retentionMs = numberOf('MessageRetentionPeriod') * 1000;
    this.delayMs = numberOf('DelaySeconds') * 1000;
    this.waitMs = numberOf('ReceiveMessageWaitTimeSeconds') * 1000;
    const policy = attributes['Policy'];
    this.policy = policy === undefined ? undefined : parsePolicy(policy);
    this.redrive = redrivePolicyOf(record);
    this.redriveAllow = redriveAllowPolicyOf(record);
    this.contentBasedDeduplication = attributes['ContentBasedDeduplication'] === 'true';
    this.deduplicationScope = attributes['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue';
  }
}

function redrivePolicyOf({ attributes }: QueueRecord): RedrivePolicy | undefined {
  const text = attributes['RedrivePolicy'];
  if (text === undefined) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
  return { deadLetterTargetArn: String(deadLetterTargetArn), maxReceiveCount: Number(maxReceiveCount) };
}

function redriveAllowPolicyOf({ attributes }: QueueRecord): RedriveAllowPolicy {
  const text = attributes['RedriveAllowPolicy'];
  const policy = text === undefined ? {} : (JSON.parse(text) as Partial<RedriveAllowPolicy>);
  return {
    redrivePermission: policy.redrivePermission ?? 'allowAll',
    sourceQueueArns: policy.sourceQueueArns ?? [],
  };
}
