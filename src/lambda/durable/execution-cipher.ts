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

interface CipherDependencies {
  readonly call: Call;
  readonly clock: Clock;
  /** Of the executions that have not ended. */
  keysInUse(): Iterable<ExecutionKey>;
}

interface Cached {
  readonly plain: Uint8Array;
  readonly untilMs: number;
}

export class ExecutionCipher {
  readonly #deps: CipherDependencies;
  /** By the function and its KMS key: what new executions begin with. */
  readonly #newest = new Map<string, ExecutionKey>();
  /** By the encrypted data key. */
  readonly #cached = new Map<string, Cached>();

  constructor(deps: CipherDependencies) {
    this.#deps = deps;
  }

  /** For an execution that begins now. Throws what Invoke answers where the KMS key cannot be used. */
  async begin(owner: KeyOwner, kmsKeyArn: string): Promise<ExecutionKey> {
    const name = `${functionArn({ ...owner, qualifier: undefined })} ${kmsKeyArn}`;
    const newest = this.#newest.get(name);
    if (newest !== undefined && this.#current(newest) !== undefined) return newest;
    const { dataKey, plain } = await this.#ask(() => newDataKey(this.#deps.call, owner, kmsKeyArn));
    const key = { kmsKeyArn, dataKey };
    this.#keep(key, plain);
    this.#newest.set(name, key);
    return key;
  }

  /** The data key in plain. Throws what Lambda answers where the KMS key cannot be used any more. */
  async open(owner: KeyOwner, key: ExecutionKey): Promise<Uint8Array> {
    const current = this.#current(key);
    if (current !== undefined) return current;
    const input = {
      KeyId: key.kmsKeyArn,
      CiphertextBlob: Buffer.from(key.dataKey, 'base64'),
      EncryptionContext: contextOf(owner),
    };
    const answer = await this.#ask(() => this.#deps.call(owner, 'kms', 'Decrypt', input));
    const { Plaintext } = answer as { readonly Plaintext: Uint8Array };
    this.#keep(key, Plaintext);
    return Plaintext;
  }

  /** The data key as it was when KMS gave it out last, for the end of an execution whose KMS key is gone. */
  lastKnown({ dataKey }: ExecutionKey): Uint8Array | undefined {
    return this.#cached.get(dataKey)?.plain;
  }

  #current({ dataKey }: ExecutionKey): Uint8Array | undefined {
    const cached = this.#cached.get(dataKey);
    return cached !== undefined && this.#deps.clock.now() < cached.untilMs ? cached.plain : undefined;
  }

  #keep({ dataKey }: ExecutionKey, plain: Uint8Array): void {
    this.#forgetUnused();
    this.#cached.set(dataKey, { plain, untilMs: this.#deps.clock.now() + CACHED_MS });
  }

  #forgetUnused(): void {
    const nowMs = this.#deps.clock.now();
    const inUse = new Set([...this.#deps.keysInUse()].map(({ dataKey }) => dataKey));
    for (const [dataKey, { untilMs }] of this.#cached) {
      if (untilMs <= nowMs && !inUse.has(dataKey)) this.#cached.delete(dataKey);
    }
    for (const [name, key] of this.#newest) {
      if (this.#current(key) === undefined) this.#newest.delete(name);
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
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

/** A data key of the KMS key, in plain and encrypted (base64). Throws KMS's errors. */
export async function newDataKey(
  call: Call,
  owner: KeyOwner,
  kmsKeyArn: string,
): Promise<{ readonly dataKey: string; readonly plain: Uint8Array }> {
  const input = { KeyId: kmsKeyArn, KeySpec: 'AES_256', EncryptionContext: contextOf(owner) };
  const { CiphertextBlob, Plaintext } = (await call(owner, 'kms', 'GenerateDataKey', input)) as {
    readonly CiphertextBlob: Uint8Array;
    readonly Plaintext: Uint8Array;
  };
  return { dataKey: Buffer.from(CiphertextBlob).toString('base64'), plain: Plaintext };
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
  const hasMembers = typeof value === 'object' && value !== null;
  if (!hasMembers || Array.isArray(value) || value instanceof Date) return value;
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
