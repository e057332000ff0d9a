/**
 * A self-signed X.509 certificate, which node:crypto reads but does not make. Source: RFC 5280, section 4.1;
 * DER by ITU-T X.690. Only what a verifier of SNS's signatures needs: names, validity, the public key.
 */
import type { KeyObject } from 'node:crypto';
import { sign } from 'node:crypto';

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;
/** 1.2.840.113549.1.1.11, sha256WithRSAEncryption. */
const SHA256_WITH_RSA = Buffer.from('2a864886f70d01010b', 'hex');
/** 2.5.4.3, commonName. */
const COMMON_NAME = Buffer.from('550403', 'hex');
const VERSION_3 = Buffer.from([2]);

export interface CertificateFacts {
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Positive: the first bit of the first byte is not set. */
  readonly serialNumber: Uint8Array;
  /** Epoch milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** In PEM. */
export function selfSignedCertificate(facts: CertificateFacts): string {
  const algorithm = sequence(der(TAG.objectIdentifier, SHA256_WITH_RSA), der(TAG.null, Buffer.alloc(0)));
  const name = sequence(
    der(
      TAG.set,
      sequence(der(TAG.objectIdentifier, COMMON_NAME), der(TAG.utf8String, Buffer.from(facts.commonName))),
    ),
  );
  const body = sequence(
    der(TAG.version, der(TAG.integer, VERSION_3)),
    der(TAG.integer, facts.serialNumber),
    algorithm,
    name,
    sequence(time(facts.fromMs), time(facts.untilMs)),
    name,
    facts.publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, facts.privateKey);
  const certificate = sequence(
    body,
    algorithm,
    der(TAG.bitString, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(TAG.sequence, Buffer.concat(parts));
}

function der(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

/** One byte up to 127; beyond, the count of the bytes that follow, with the first bit set. */
function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits = bytes.toString(16);
  const long = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | long.length]), long]);
}

/** `YYYYMMDDHHMMSSZ`. */
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return der(TAG.generalizedTime, Buffer.from(text));
}
