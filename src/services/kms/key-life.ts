/** What happens to keys by the passing of time: scheduled deletion and automatic rotation. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { newMaterial } from './key-material.ts';
import type { KeyMaterial, KeyRecord } from './key-record.ts';
import { MS_PER_DAY } from './key-record.ts';
import type { KeyTable } from './key-table.ts';
import type { RootKey } from './root-key.ts';

export class KeyLife {
  private readonly keys: KeyTable;
  private readonly root: RootKey;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly timers = new Map<string, Timer>();

  constructor(keys: KeyTable, root: RootKey, clock: Clock, ids: Ids) {
    this.keys = keys;
    this.root = root;
    this.clock = clock;
    this.ids = ids;
  }

  /** To be called for every key at the start, and whenever its deletion or rotation was set. */
  follow({ keyId, deletion, rotation }: KeyRecord): void {
    this.timers.get(keyId)?.cancel();
    this.timers.delete(keyId);
    if (deletion !== undefined)
      this.timers.set(
        keyId,
        this.clock.at(deletion.dueMs, () => this.removeWhenDue(keyId)),
      );
    else if (rotation !== undefined)
      this.timers.set(
        keyId,
        this.clock.at(rotation.nextMs, () => this.rotateWhenDue(keyId)),
      );
  }

  async newMaterial(record: KeyRecord, rotation: KeyMaterial['rotation']): Promise<KeyMaterial> {
    return {
      id: this.ids.hex(32),
      sealed: this.root.seal(await newMaterial(record.keySpec), record.keyId),
      createdMs: this.clock.now(),
      ...(rotation === undefined ? {} : { rotation }),
    };
  }

  close(): void {
    for (const timer of this.timers.values()) timer.cancel();
  }

  private async removeWhenDue(keyId: string): Promise<void> {
    this.timers.delete(keyId);
    await this.keys.removeDue(keyId, this.clock.now());
  }

  private async rotateWhenDue(keyId: string): Promise<void> {
    const record = await this.keys.change(keyId, async (key) => {
      const { rotation } = key;
      if (rotation === undefined || rotation.nextMs > this.clock.now()) return key;
      const next = { ...rotation, nextMs: rotation.nextMs + rotation.periodDays * MS_PER_DAY };
      // As on AWS, a disabled key is not rotated; it is at its next turn.
      if (key.state !== 'Enabled') return { ...key, rotation: next };
      const material = await this.newMaterial(key, 'AUTOMATIC');
      return { ...key, rotation: next, materials: [...key.materials, material] };
    });
    this.follow(record);
  }
}
