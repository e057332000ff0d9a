/** A new version of a secret from what a request gives. */
import type { SecretValue } from './secret-cipher.ts';
import { isSameValue } from './secret-cipher.ts';
import type { SecretRecord } from './secret-record.ts';
import { secretArn, versionOf } from './secret-record.ts';
import type { SecretsContext } from './secrets-context.ts';
import { invalidParameter, invalidRequest, tokenInUse } from './secrets-errors.ts';
import { withStage, withVersion } from './version-stages.ts';

interface ValueInput {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

export interface NewVersion {
  /** Becomes the version's ID. */
  readonly token: string;
  readonly value: SecretValue;
  readonly stages: readonly string[];
}

/** Of SecretString and SecretBinary; undefined where neither is given. */
export function givenValue({ SecretString: text, SecretBinary: bytes }: ValueInput): SecretValue | undefined {
  if (text !== undefined && bytes !== undefined)
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  if (text !== undefined) return { text };
  return bytes === undefined ? undefined : { bytes };
}

/** SDKs make one up. Recorded for requests without any. */
export function requireToken({
  ClientRequestToken: token,
}: {
  readonly ClientRequestToken?: string | undefined;
}): string {
  if (token === undefined)
    throw invalidRequest('You must provide a ClientRequestToken value. We recommend a UUID-type value.');
  return token;
}

/** With the version, or as it was where it has it already. Throws `ResourceExistsException` where it has another. */
export async function withValue(
  { cipher, clock }: Pick<SecretsContext, 'cipher' | 'clock'>,
  record: SecretRecord,
  { token, value, stages }: NewVersion,
): Promise<SecretRecord> {
  const known = versionOf(record, token);
  if (known?.value !== undefined) {
    const before = await cipher.open(record, token, known.value);
    if (!isSameValue(before, value)) throw tokenInUse(token, secretArn(record));
    return record;
  }
  const nowMs = clock.now();
  const sealed = await cipher.seal(record, token, value);
  const changed = { ...record, changedMs: nowMs };
  if (known === undefined)
    return withVersion(changed, { id: token, stages, value: sealed, createdMs: nowMs });
  // A rotation has made the version, and its function puts the value.
  const versions = record.versions.map((each) => (each === known ? { ...known, value: sealed } : each));
  return stages.reduce<SecretRecord>((given, stage) => withStage(given, stage, token), {
    ...changed,
    versions,
  });
}
