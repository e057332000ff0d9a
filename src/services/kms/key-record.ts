/** What is stored of a KMS key. Its material is sealed: see `RootKey`. */
import { createHash } from 'node:crypto';

export const MS_PER_DAY = 86_400_000;

/** Days between automatic rotations when the caller does not say, and of keys that services keep. Source: EnableKeyRotation. */
export const ROTATION_PERIOD_DAYS = 365;

export type KeySpec =
  | 'SYMMETRIC_DEFAULT'
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'HMAC_224'
  | 'HMAC_256'
  | 'HMAC_384'
  | 'HMAC_512';

export type KeyUsage = 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC';

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

/** What a key encrypts with. A rotated key has several: the last one encrypts, all decrypt. */
export interface KeyMaterial {
  /** 64 hexadecimal digits, random. */
  readonly id: string;
  /** Base64. Plain, it is 32 bytes of a symmetric key, the key of an HMAC, or an RSA key in PKCS #8. */
  readonly sealed: string;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  /** Absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

export interface Grant {
  readonly grantId: string;
  readonly token: string;
  readonly name?: string;
  readonly granteePrincipal: string;
  readonly retiringPrincipal?: string;
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints?: {
    readonly EncryptionContextSubset?: Readonly<Record<string, string>>;
    readonly EncryptionContextEquals?: Readonly<Record<string, string>>;
  };
  readonly createdMs: number;
}

export interface KeyRecord {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly description: string;
  readonly keySpec: KeySpec;
  readonly keyUsage: KeyUsage;
  /** `AWS` for keys that services make for themselves, such as `alias/aws/lambda`. */
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly state: KeyState;
  readonly createdMs: number;
  /** While the state is PendingDeletion. */
  readonly deletion?: { readonly dueMs: number; readonly windowDays: number };
  /** At least one; the last is the current one. */
  readonly materials: readonly KeyMaterial[];
  /** JSON text, as given. */
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  /** While automatic rotation is enabled. */
  readonly rotation?: { readonly periodDays: number; readonly nextMs: number };
  readonly grants: readonly Grant[];
}

export interface AliasRecord {
  readonly accountId: string;
  readonly region: string;
  /** With its prefix `alias/`. */
  readonly name: string;
  readonly targetKeyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Where keys and aliases live. */
export interface Scope {
  readonly accountId: string;
  readonly region: string;
}

export function keyArn({ accountId, region, keyId }: KeyRecord): string {
  return `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
}

export function aliasArn({ accountId, region }: Scope, name: string): string {
  return `arn:aws:kms:${region}:${accountId}:${name}`;
}

export function currentMaterial({ materials }: KeyRecord): KeyMaterial {
  return materials.at(-1)!;
}

/** The policy a key gets when none is given: the account decides by IAM. Source: KMS developer guide, "Default key policy". */
export function defaultKeyPolicy(accountId: string): string {
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    },
    undefined,
    2,
  );
}

/** The id of a grant that is asked for again is the same one where nothing differs and it has a name. */
export function grantDigest(
  grant: Pick<Grant, 'name' | 'granteePrincipal' | 'retiringPrincipal' | 'operations' | 'constraints'>,
): string {
  const { name, granteePrincipal, retiringPrincipal, operations, constraints } = grant;
  return createHash('sha256')
    .update(JSON.stringify([name, granteePrincipal, retiringPrincipal, [...operations].sort(), constraints]))
    .digest('hex');
}
