import type { ContentPiece } from './object-table.ts';

/** Bytes written once, each run of them under a number of its own. */
export interface ContentStore {
  /**
   * Writes what comes, durable when it resolves; nothing of it is kept when `pieces` throws, or when a
   * process dies before. Memory for a few pieces is all it takes.
   */
  write(pieces: AsyncIterable<Uint8Array>): Promise<ContentPiece>;
  /** The same bytes under another number, without copying them where the file system can do without. */
  copy(id: number): Promise<ContentPiece>;
  /**
   * Of the bytes of all `pieces` in a row, those from `start` up to, not including, `end`; to be iterated or
   * returned, which closes what it has opened. Rejects with ENOENT where one of them has been removed.
   */
  read(
    pieces: readonly ContentPiece[],
    start: number,
    end: number,
  ): Promise<AsyncGenerator<Uint8Array, void>>;
  /** Gives up what is not needed any more; those who have begun to read it read on. Never rejects. */
  remove(ids: readonly number[]): Promise<void>;
  /** Removes all that a process before has written and that is not among `ids`. */
  keepOnly(ids: readonly number[]): Promise<void>;
}
