/**
 * What an execution takes and gives is kept encrypted where its function has a KMS key for that: under a data key,
 * which is itself encrypted under the KMS key the execution began with. Source: Lambda developer guide, "Encrypting
 * AWS Lambda durable execution data".
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import { functionArn } from '../records/function-identifier.ts';
import { kmsRefusal } from '../records/kms-refusal.ts';

/** For so long a data key is used without KMS being asked again; so the guide, "Data key caching". */
const CACHED_MS = 15 * 60_000;
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose data it is. */
export interface KeyOwner {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
}

/** What an execution was begun with. */
export interface ExecutionKey {
  readonly kmsKeyArn: string;
  /** The data key, encrypted; base64. */
  readonly dataKey: string;
}

interface Cached extends ExecutionKey {
  readonly plain: Uint8Array;
  readonly untilMs: number;
}

export class ExecutionCipher {
  readonly #call: Call;
  readonly #clock: Clock;
  /** By the function and its KMS key: what new executions begin with. */
  readonly #newest = new Map<string, Cached>();
  readonly #byDataKey = new Map<string, Cached>();

  constructor({ call, clock }: { readonly call: Call; readonly clock: Clock }) {
    this.#call = call;
    this.#clock = clock;
  }

  /** For an execution that begins now. Throws what Invoke answers where the KMS key cannot be used. */
  async begin(owner: KeyOwner, kmsKeyArn: string): Promise<ExecutionKey> {
    const name = `${functionArn({ ...owner, qualifier: undefined })} ${kmsKeyArn}`;
    const cached = this.#newest.get(name);
    if (cached !== undefined && this.#clock.now() < cached.untilMs) return cached;
    const input = { KeyId: kmsKeyArn, KeySpec: 'AES_256', EncryptionContext: contextOf(owner) };
    const answer = await this.#ask(owner, 'GenerateDataKey', input);
    const dataKey = Buffer.from(answer.CiphertextBlob!).toString('base64');
    const kept = this.#keep({ kmsKeyArn, dataKey }, answer.Plaintext!);
    this.#newest.set(name, kept);
    return { kmsKeyArn, dataKey };
  }

  /** The data key in plain. Throws what Lambda answers where the KMS key cannot be used any more. */
  async open(owner: KeyOwner, key: ExecutionKey): Promise<Uint8Array> {
    const cached = this.#byDataKey.get(key.dataKey);
    if (cached !== undefined && this.#clock.now() < cached.untilMs) return cached.plain;
    const input = {
      KeyId: key.kmsKeyArn,
      CiphertextBlob: Buffer.from(key.dataKey, 'base64'),
      EncryptionContext: contextOf(owner),
    };
    const { Plaintext } = await this.#ask(owner, 'Decrypt', input);
    return this.#keep(key, Plaintext!).plain;
  }

  /** The data key as it was when KMS gave it out last, for the end of an execution whose KMS key is gone. */
  lastKnown({ dataKey }: ExecutionKey): Uint8Array | undefined {
    return this.#byDataKey.get(dataKey)?.plain;
  }

  #keep(key: ExecutionKey, plain: Uint8Array): Cached {
    const cached = { ...key, plain, untilMs: this.#clock.now() + CACHED_MS };
    this.#byDataKey.set(key.dataKey, cached);
    return cached;
  }

  async #ask(owner: KeyOwner, operation: string, input: object) {
    try {
      return (await this.#call(owner, 'kms', operation, input)) as {
        readonly CiphertextBlob?: Uint8Array;
        readonly Plaintext?: Uint8Array;
      };
    } catch (error) {
      const { code, reason, said } = kmsRefusal(error);
      throw new AwsError(
        code,
        `Lambda was unable to decrypt durable execution data because ${reason}. ${said}`,
        { Type: 'User' },
      );
    }
  }
}

/** Whether an execution cannot go on since its KMS key cannot be used. */
export function isKeyFailure(error: unknown): error is AwsError {
  return error instanceof AwsError && /^KMS/.test(error.code);
}

function contextOf(owner: KeyOwner): Record<string, string> {
  return { 'aws:lambda:FunctionArn': functionArn({ ...owner, qualifier: undefined }) };
}

/** Members whose values carry data, of executions, operations and events. */
const DATA = new Set(['input', 'result', 'error', 'payload', 'Payload']);
const SEALED = 'sealed';

/** `value` with what carries data in it encrypted; the rest can be read without the key. */
export function sealed(value: unknown, key: Uint8Array): unknown {
  return changed(value, (data) =>
    sealedText(data) === undefined ? { [SEALED]: encrypt(JSON.stringify(data), key) } : data,
  );
}

export function opened(value: unknown, key: Uint8Array): unknown {
  return changed(value, (data) => {
    const text = sealedText(data);
    return text === undefined ? data : JSON.parse(decrypt(text, key));
  });
}

function sealedText(data: unknown): string | undefined {
  return (data as { readonly [SEALED]?: string } | null)?.[SEALED];
}

function changed(value: unknown, change: (data: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      DATA.has(name) && member !== undefined ? change(member) : changed(member, change),
    ]),
  );
}

function encrypt(text: string, key: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

function decrypt(text: string, key: Uint8Array): string {
  const bytes = Buffer.from(text, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
