/** Encryption of records by keys of KMS: each stream has a data key, and records that one has sealed carry it wrapped. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { Stream } from './stream.ts';

export type Seal = (bytes: Buffer) => Buffer;

interface DataKey {
  readonly plaintext: Uint8Array;
  /** As KMS gave it, to be unwrapped by it alone. */
  readonly wrapped: Uint8Array;
}

interface KeptKey {
  readonly key: Promise<DataKey>;
  /** When KMS is asked again. */
  readonly endMs: number;
}

/** How long a data key is used before KMS is asked again. Source: "How Do I Get Started with Server-Side Encryption?" */
const KEY_LIFE_MS = 300_000;
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export class StreamCipher {
  private readonly call: Call;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly writing = new Map<string, KeptKey>();
  private readonly reading = new Map<string, KeptKey>();

  constructor(call: Call, clock: Clock, ids: Ids) {
    this.call = call;
    this.clock = clock;
    this.ids = ids;
  }

  /** Throws what KMS refuses, in the words of Kinesis. */
  async checkKey(stream: Stream, keyId: string): Promise<void> {
    await this.generate(stream, keyId);
  }

  /** Undefined for a stream that is not encrypted. Throws as `checkKey` does. */
  async seal(stream: Stream): Promise<Seal | undefined> {
    const { encryption } = stream.record.settings;
    if (encryption === undefined) return undefined;
    const { keyId } = encryption;
    const name = `${stream.record.id} ${keyId}`;
    const { plaintext, wrapped } = await this.kept(this.writing, name, () => this.generate(stream, keyId));
    return (bytes) => {
      const iv = Buffer.from(this.ids.hex(IV_BYTES), 'hex');
      const cipher = createCipheriv(ALGORITHM, plaintext, iv);
      const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(wrapped.byteLength);
      return Buffer.concat([length, wrapped, iv, cipher.getAuthTag(), sealed]);
    };
  }

  /** What `seal` has sealed. */
  async open(stream: Stream, sealed: Buffer): Promise<Buffer> {
    const ivAt = 2 + sealed.readUInt16BE();
    const tagAt = ivAt + IV_BYTES;
    const bytesAt = tagAt + TAG_BYTES;
    const wrapped = sealed.subarray(2, ivAt);
    const { plaintext } = await this.kept(this.reading, wrapped.toString('base64'), async () => {
      const answer = await this.ask(stream, 'Decrypt', { CiphertextBlob: wrapped });
      return { plaintext: answer.Plaintext!, wrapped };
    });
    const decipher = createDecipheriv(ALGORITHM, plaintext, sealed.subarray(ivAt, tagAt));
    decipher.setAuthTag(sealed.subarray(tagAt, bytesAt));
    return Buffer.concat([decipher.update(sealed.subarray(bytesAt)), decipher.final()]);
  }

  private async generate(stream: Stream, keyId: string): Promise<DataKey> {
    const answer = await this.ask(stream, 'GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256' });
    return { plaintext: answer.Plaintext!, wrapped: answer.CiphertextBlob! };
  }

  private async kept(
    keys: Map<string, KeptKey>,
    name: string,
    make: () => Promise<DataKey>,
  ): Promise<DataKey> {
    const nowMs = this.clock.now();
    const held = keys.get(name);
    if (held !== undefined && nowMs < held.endMs) return held.key;
    for (const [other, { endMs }] of keys) if (nowMs >= endMs) keys.delete(other);
    const made = { key: make(), endMs: nowMs + KEY_LIFE_MS };
    keys.set(name, made);
    try {
      return await made.key;
    } catch (error) {
      if (keys.get(name) === made) keys.delete(name);
      throw error;
    }
  }

  private async ask(stream: Stream, operation: 'GenerateDataKey' | 'Decrypt', input: object) {
    const { accountId, region } = stream.record;
    // The context by which AWS's own answers in CloudTrail show what a key was used for.
    const EncryptionContext = { 'aws:kinesis:arn': stream.arn };
    try {
      return (await this.call({ accountId, region }, 'kms', operation, { ...input, EncryptionContext })) as {
        Plaintext?: Uint8Array;
        CiphertextBlob?: Uint8Array;
      };
    } catch (error) {
      throw keyRefusal(error);
    }
  }
}

/** Errors of KMS as Kinesis calls them. */
const CODES: Readonly<Record<string, string>> = {
  NotFoundException: 'KMSNotFoundException',
  DisabledException: 'KMSDisabledException',
  KMSInvalidStateException: 'KMSInvalidStateException',
  AccessDeniedException: 'KMSAccessDeniedException',
};

function keyRefusal(error: unknown): unknown {
  const code = error instanceof AwsError ? CODES[error.code] : undefined;
  return code === undefined ? error : new AwsError(code, (error as AwsError).message);
}
