/** The key pair with which notifications are signed, and its certificate: made once, at the first use. */
import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { selfSignedCertificate } from './certificate.ts';

const MODULUS_BITS = 2048;
const SERIAL_BYTES = 8;
/** Longer than anybody keeps a data directory: AWS renews its certificate, this one stays. */
const VALIDITY_MS = 20 * 365 * 24 * 60 * 60 * 1000;
/** Clients' clocks may be behind. */
const LEEWAY_MS = 24 * 60 * 60 * 1000;
const COMMON_NAME = 'sns.amazonaws.com';

/** Version 1 signs with SHA-1, version 2 with SHA-256. Source: "Verifying the signatures of Amazon SNS messages". */
export type SignatureVersion = '1' | '2';
/** In a thread of its own: a signature takes longer than all else of a delivery. */
const signed = promisify(sign);
const DIGESTS = { '1': 'sha1', '2': 'sha256' } as const;

/** Where the key is kept, as text: undefined before it was made. For its owner only. */
export interface SigningKeyFile {
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

interface Loaded {
  readonly privateKey: KeyObject;
  readonly certificate: string;
  readonly fileName: string;
}

export class SigningKey {
  private readonly deps: { readonly file: SigningKeyFile; readonly clock: Clock; readonly ids: Ids };
  private loaded: Promise<Loaded> | undefined;

  constructor(deps: SigningKey['deps']) {
    this.deps = deps;
  }

  /** In base64. */
  async sign(text: string, version: SignatureVersion): Promise<string> {
    const { privateKey } = await this.load();
    return (await signed(DIGESTS[version], Buffer.from(text), privateKey)).toString('base64');
  }

  /** Named by what it is, as AWS names it, so that a cached one is never another one. */
  async certificate(): Promise<{ readonly fileName: string; readonly pem: string }> {
    const { fileName, certificate } = await this.load();
    return { fileName, pem: certificate };
  }

  private load(): Promise<Loaded> {
    this.loaded ??= this.loadOrMake().catch((error: unknown) => {
      this.loaded = undefined;
      throw error;
    });
    return this.loaded;
  }

  private async loadOrMake(): Promise<Loaded> {
    const { file } = this.deps;
    const text = (await file.read()) ?? (await this.make());
    const start = text.indexOf('-----BEGIN CERTIFICATE-----');
    const certificate = text.slice(start);
    const digest = createHash('md5').update(certificate).digest('hex');
    return {
      privateKey: createPrivateKey(text.slice(0, start)),
      certificate,
      fileName: `SimpleNotificationService-${digest}.pem`,
    };
  }

  private async make(): Promise<string> {
    const { file, clock, ids } = this.deps;
    const { privateKey: pem } = await promisify(generateKeyPair)('rsa', {
      modulusLength: MODULUS_BITS,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const privateKey = createPrivateKey(pem);
    const serialNumber = Buffer.from(ids.hex(SERIAL_BYTES), 'hex');
    // Positive, and without a leading zero.
    serialNumber[0] = (serialNumber[0]! & 0x7f) | 0x40;
    const certificate = selfSignedCertificate({
      commonName: COMMON_NAME,
      privateKey,
      publicKey: createPublicKey(privateKey),
      serialNumber,
      fromMs: clock.now() - LEEWAY_MS,
      untilMs: clock.now() + VALIDITY_MS,
    });
    const text = `${pem}${certificate}`;
    await file.write(text);
    return text;
  }
}
