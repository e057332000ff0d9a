/** Access key ids and the unique ids of IAM, in the form AWS gives them. */
import type { Ids } from './ids.ts';

/** RFC 4648, of which AWS's ids are made. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS_PER_CHARACTER = 5n;

/** Of an access key id, after its four letters. */
const KEY_CHARACTERS = 16;

/** Of a unique id, after its four letters. */
const ID_CHARACTERS = 17;

/**
 * The 80 bits of a key: one that is set, 40 of the account's number, 39 at random. That AWS's keys hold their
 * account so was found by readers of many keys, and is what GetAccessKeyInfo can know without asking anyone.
 */
const ACCOUNT_SHIFT = 39n;
const ACCOUNT_BITS = 40n;
const TOP_BIT = 1n << 79n;

const ACCOUNT_DIGITS = 12;

/** `AKIA` for a key of a user, `ASIA` for a temporary one; 20 characters. */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA', accountId: string, ids: Ids): string {
  const random = BigInt(`0x${ids.hex(8)}`) & ((1n << ACCOUNT_SHIFT) - 1n);
  return prefix + base32(TOP_BIT | (BigInt(accountId) << ACCOUNT_SHIFT) | random, KEY_CHARACTERS);
}

/** The account in an access key id of AWS's form; undefined for other texts. */
export function accountOfAccessKey(accessKeyId: string): string | undefined {
  if (!/^A[KS]IA[A-Z2-7]{16}$/.test(accessKeyId)) return undefined;
  let bits = 0n;
  for (const character of accessKeyId.slice(4))
    bits = (bits << BITS_PER_CHARACTER) | BigInt(BASE32.indexOf(character));
  if ((bits & TOP_BIT) === 0n) return undefined;
  const account = (bits >> ACCOUNT_SHIFT) & ((1n << ACCOUNT_BITS) - 1n);
  return account.toString().padStart(ACCOUNT_DIGITS, '0');
}

/** A secret of 40 characters. */
export function newSecretAccessKey(ids: Ids): string {
  return Buffer.from(ids.hex(30), 'hex').toString('base64');
}

export type UniqueIdPrefix = 'AIDA' | 'AROA' | 'AGPA' | 'ANPA' | 'AIPA';

/** `AIDA` for a user, `AROA` a role, `AGPA` a group, `ANPA` a managed policy, `AIPA` an instance profile. */
export function newUniqueId(prefix: UniqueIdPrefix, ids: Ids): string {
  return uniqueIdOf(prefix, ids.hex(11));
}

/** The unique id that `hex` (22 digits or more) stands for: always the same. */
export function uniqueIdOf(prefix: UniqueIdPrefix, hex: string): string {
  return prefix + base32(BigInt(`0x${hex}`), ID_CHARACTERS);
}

function base32(bits: bigint, length: number): string {
  let text = '';
  for (let rest = bits; text.length < length; rest >>= BITS_PER_CHARACTER)
    text = BASE32[Number(rest & 31n)]! + text;
  return text;
}
