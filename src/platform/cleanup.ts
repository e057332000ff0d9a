/** What was opened is closed in the opposite order, each once, whatever the others do. */
export class Cleanup {
  private readonly steps: (() => Promise<void>)[] = [];
  private done: Promise<void> | undefined;

  add(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  /** Closes what is being opened, if it comes to be: also where something beside it fails meanwhile. */
  opening<T extends { close(): void | Promise<void> }>(opening: Promise<T>): Promise<T> {
    this.add(async () => {
      const opened = await opening.catch(() => undefined);
      await opened?.close();
    });
    return opening;
  }

  /** Rejects with the first failure, after every step was taken. Idempotent. */
  run(): Promise<void> {
    this.done ??= this.runOnce();
    return this.done;
  }

  private async runOnce(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
