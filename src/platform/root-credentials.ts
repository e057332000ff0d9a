/** The key pair of the account's root user, with which a person calls a server that verifies signatures. */
import { join } from 'node:path';
import { PlatformError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { ownerFile } from './owner-file.ts';

export interface RootCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where a generated pair is kept, for its owner to read; undefined for the well-known one. */
  readonly file: string | undefined;
}

const FILE = 'root-credentials.json';

/**
 * On loopback the pair that every local AWS client is told to use. A server that others can reach gets
 * one of its own, made at its first start: whoever knows it can run code here.
 */
export async function rootCredentials(
  isOnLoopback: boolean,
  dataDirectory: string,
  ids: Ids,
): Promise<RootCredentials> {
  if (isOnLoopback) return { accessKeyId: 'test', secretAccessKey: 'test', file: undefined };
  const file = join(dataDirectory, FILE);
  const text = await ownerFile(file, () => `${JSON.stringify(newKeyPair(ids), undefined, 2)}\n`);
  return { ...parse(text, file), file };
}

function newKeyPair(ids: Ids): Omit<RootCredentials, 'file'> {
  return {
    accessKeyId: `AKIA${ids.hex(8).toUpperCase()}`,
    secretAccessKey: Buffer.from(ids.hex(30), 'hex').toString('base64'),
  };
}

function parse(text: string, file: string): Omit<RootCredentials, 'file'> {
  try {
    const { accessKeyId, secretAccessKey } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string' && secretAccessKey !== '')
      return { accessKeyId, secretAccessKey };
  } catch {
    // Said below, whatever is wrong with it.
  }
  throw new PlatformError(
    `The file ${file} holds no key pair: expected {"accessKeyId": "…", "secretAccessKey": "…"}.`,
    'Correct it, or remove it for a new pair.',
  );
}
