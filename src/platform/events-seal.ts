import type { Ids } from '../core/ids.ts';
import { SEAL_KEY_BYTES } from '../services/events/sealed-text.ts';
import { keyFile } from './key-file.ts';

const REMEDY =
  'Put back the file that belongs to this data directory; without it connections have no secrets.';

/** The key that seals what connections of EventBridge know of others' secrets. */
export function eventsSeal(dataDirectory: string, ids: Ids): Promise<Buffer> {
  return keyFile({ dataDirectory, name: 'events-key', bytes: SEAL_KEY_BYTES, remedy: REMEDY }, ids);
}
