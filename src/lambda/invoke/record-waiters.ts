import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';

/** Waits until a stored function has come to a state, without polling. */
export class RecordWaiters {
  private readonly directory: FunctionDirectory;
  private readonly listeners = new Set<
    (after: FunctionRecord | undefined, before: FunctionRecord | undefined) => void
  >();

  constructor(directory: FunctionDirectory) {
    this.directory = directory;
    directory.onChange((before, after) => {
      for (const listener of this.listeners) listener(after, before);
    });
  }

  /** The record once `done` holds or the time is up, as it is then; undefined if it was deleted. */
  wait(
    record: FunctionRecord,
    done: (record: FunctionRecord) => boolean,
    timeoutMs: number,
  ): Promise<FunctionRecord | undefined> {
    const now = (): FunctionRecord | undefined =>
      this.directory.find(record.accountId, record.region, record.functionName, record.version);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.listeners.delete(look);
        resolve(now());
      };
      const look = (): void => {
        const current = now();
        if (
          current === undefined ||
          current.state === 'Failed' ||
          current.state === 'Deactivated' ||
          done(current)
        )
          settle();
      };
      const timer = setTimeout(settle, timeoutMs);
      this.listeners.add(look);
      look();
    });
  }
}
