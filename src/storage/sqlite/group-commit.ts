import type { DatabaseSync } from 'node:sqlite';
import type { Outcome } from '../worker-channel.ts';
import { transferError } from '../worker-loop.ts';
import { explainStorageError } from './database.ts';

/**
 * One transaction, and so one sync of the disk, for all changes of a group; if the disk refuses it, each gets its
 * own, so that one cannot fail the rest. `onRollback`: what was applied is undone in the file.
 */
export function commitGroup<Change>(
  database: DatabaseSync,
  file: string,
  group: readonly Change[],
  apply: (change: Change) => unknown,
  onRollback: () => void = () => {},
): Outcome[] {
  if (group.length === 0) return [];
  try {
    database.exec('BEGIN IMMEDIATE');
    const outcomes = group.map((change): Outcome => ({ reply: apply(change) }));
    database.exec('COMMIT');
    return outcomes;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    onRollback();
    if (group.length === 1) return [{ error: transferError(explainStorageError(error, file)) }];
    return group.flatMap((change) => commitGroup(database, file, [change], apply, onRollback));
  }
}
