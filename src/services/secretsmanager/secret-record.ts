/** What is stored of a secret, its values sealed. */

export interface Scope {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
}

export interface SealedValue {
  /** Base64 of the ciphertext, of what was given as text or as bytes. */
  readonly sealed: string;
  readonly isBinary: boolean;
  /** Base64: the data key, as KMS has encrypted it. */
  readonly dataKey: string;
  /** ARN of the key of the caller's choice; absent for the one that Secrets Manager keeps. */
  readonly kmsKeyArn?: string;
}

export interface SecretVersion {
  /** The client request token that it was made with. */
  readonly id: string;
  /** Sorted; without any, a version is deprecated. */
  readonly stages: readonly string[];
  /** Absent while a rotation function has still to put one. */
  readonly value?: SealedValue;
  /** Epoch milliseconds, as all times. */
  readonly createdMs: number;
  /** The day, as AWS truncates it. */
  readonly accessedMs?: number;
}

export interface Rotation {
  readonly isEnabled: boolean;
  readonly functionArn: string;
  readonly rules: RotationRules;
  readonly lastMs?: number;
  /** Absent where nothing is to be rotated by itself. */
  readonly nextMs?: number;
  readonly pending?: PendingRotation;
}

/** Either days or an expression. */
export interface RotationRules {
  readonly automaticallyAfterDays?: number;
  readonly scheduleExpression?: string;
  readonly duration?: string;
}

/** A rotation that has begun and is not complete. */
export interface PendingRotation {
  /** Of the version that it makes. */
  readonly versionId: string;
  /** By which the function shows that it acts for this rotation. */
  readonly rotationToken: string;
  /** Attempts that have failed. */
  readonly failures: number;
  /** When the next attempt is due; absent where there is none by itself. */
  readonly dueMs?: number;
}

export interface SecretRecord extends Scope {
  readonly name: string;
  /** Six characters at the end of the ARN, so that another secret of the name is not taken for this one. */
  readonly suffix: string;
  readonly description?: string;
  /** As it was given: an ID, an ARN or an alias. */
  readonly kmsKeyId?: string;
  /** Absent until there was one; recorded: without any left, an empty list is shown. */
  readonly tags?: Readonly<Record<string, string>>;
  /** In the order in which they were made. */
  readonly versions: readonly SecretVersion[];
  readonly policy?: string;
  readonly createdMs: number;
  readonly changedMs: number;
  readonly accessedMs?: number;
  readonly deletion?: { readonly markedMs: number; readonly dueMs: number };
  readonly rotation?: Rotation;
}

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';

export const MS_PER_DAY = 24 * 60 * 60 * 1_000;

export function secretArn({
  accountId,
  region,
  name,
  suffix,
}: Pick<SecretRecord, 'accountId' | 'region' | 'name' | 'suffix'>): string {
  return `${arnPrefix({ accountId, region })}${name}-${suffix}`;
}

export function arnPrefix({ accountId, region }: Scope): string {
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:`;
}

/** What answers name a secret by. */
export function named(record: SecretRecord): { ARN: string; Name: string } {
  return { ARN: secretArn(record), Name: record.name };
}

export function versionOf(record: SecretRecord, id: string): SecretVersion | undefined {
  return record.versions.find((version) => version.id === id);
}

export function staged(record: SecretRecord, stage: string): SecretVersion | undefined {
  return record.versions.find(({ stages }) => stages.includes(stage));
}
