import { syncDirectory } from '../files/durable-file.ts';

/** Syncs a directory for all who ask for it while another sync is under way together. */
export class SharedSync {
  private readonly directory: string;
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Resolves when a sync has ended that began after this call. */
  run(): Promise<void> {
    if (this.running === undefined) return this.begin();
    // The sync under way may have passed over what this caller has just made.
    this.next ??= this.running.then(
      () => this.begin(),
      () => this.begin(),
    );
    return this.next;
  }

  private begin(): Promise<void> {
    this.next = undefined;
    const running = syncDirectory(this.directory).finally(() => {
      if (this.running === running) this.running = undefined;
    });
    this.running = running;
    return running;
  }
}
