/** Secrets that are marked for deletion go when their recovery window ends. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { SecretRecord } from './secret-record.ts';
import { secretArn } from './secret-record.ts';
import type { SecretTable } from './secret-table.ts';

export class Deletions {
  private readonly secrets: SecretTable;
  private readonly clock: Clock;
  private readonly timers = new Map<string, Timer>();

  constructor(secrets: SecretTable, clock: Clock) {
    this.secrets = secrets;
    this.clock = clock;
  }

  /** To be called for every secret at the start, and whenever one has been marked or restored. */
  follow(record: SecretRecord): void {
    this.forget(record);
    if (record.deletion === undefined) return;
    this.timers.set(
      secretArn(record),
      this.clock.at(record.deletion.dueMs, () => this.remove(record)),
    );
  }

  /** To be called for one that is gone. */
  forget(record: SecretRecord): void {
    const arn = secretArn(record);
    this.timers.get(arn)?.cancel();
    this.timers.delete(arn);
  }

  close(): void {
    for (const timer of this.timers.values()) timer.cancel();
  }

  private async remove({ suffix, ...address }: SecretRecord): Promise<void> {
    this.timers.delete(secretArn({ suffix, ...address }));
    await this.secrets.decide(address, (known) => {
      const isDue = known?.deletion !== undefined && known.deletion.dueMs <= this.clock.now();
      return known?.suffix === suffix && isDue ? undefined : known;
    });
  }
}
