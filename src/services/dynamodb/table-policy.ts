import type { Ids } from '../../core/ids.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import { validationError } from './engine/item-checks.ts';
import type { TableRecord } from './table-record.ts';

const REVISION_BYTES = 4;

/** A policy as it is stored, under a revision of its own. Throws `ValidationException` for text that is none. */
export function newPolicy(text: string, nowMs: number, ids: Ids): NonNullable<TableRecord['policy']> {
  try {
    parsePolicy(text);
  } catch (error) {
    throw validationError(`Resource-based policy document is not valid: ${(error as Error).message}`);
  }
  return { text, revision: `${nowMs}${ids.hex(REVISION_BYTES)}` };
}
