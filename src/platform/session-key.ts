import type { Ids } from '../core/ids.ts';
import { TOKEN_KEY_BYTES } from '../services/sts/session-tokens.ts';
import { keyFile } from './key-file.ts';

const REMEDY = 'Delete the file: temporary credentials given out before are not valid then.';

/** The key that seals session tokens; with it they outlast a restart. */
export function sessionKey(dataDirectory: string, ids: Ids): Promise<Buffer> {
  return keyFile({ dataDirectory, name: 'session-key', bytes: TOKEN_KEY_BYTES, remedy: REMEDY }, ids);
}
