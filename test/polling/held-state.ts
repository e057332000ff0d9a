import type { StateWrite } from '../../src/ports/state-store.ts';
import { MemoryState } from './memory-state.ts';

/** A state store in memory whose disk a test can hold up, or have fail. */
export class HeldState extends MemoryState {
  /** How often anything was to be stored. */
  commits = 0;
  /** Thrown by the next commits. */
  failures: Error[] = [];
  private gate: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.gate = Promise.withResolvers();
  }

  letGo(): void {
    this.gate?.resolve();
    this.gate = undefined;
  }

  override async commit(writes: readonly StateWrite[]): Promise<number[]> {
    this.commits += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    await this.gate?.promise;
    return super.commit(writes);
  }
}
