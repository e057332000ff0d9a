import { randomBytes, randomUUID } from 'node:crypto';
import type { Ids } from '../core/ids.ts';

/** Ids from the operating system's source of randomness. */
export const randomIds: Ids = {
  uuid: () => randomUUID(),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
  random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
