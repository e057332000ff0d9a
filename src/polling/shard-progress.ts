/** What an earlier reader has done in a shard, whose keys may have been divided otherwise. */
import type { StreamRecord } from '../ports/stream-source.ts';
import { keyGroup } from './key-group.ts';
import { isAfter } from './sequence-order.ts';
import type { Position, ShardCheckpoint } from './stream-checkpoints.ts';

export class ShardProgress {
  /** Before it everything is done with. */
  readonly start: Position;
  private readonly checkpoint: ShardCheckpoint;

  constructor(checkpoint: ShardCheckpoint) {
    this.checkpoint = checkpoint;
    const { cursor, sequenceNumber } = checkpoint;
    let start: Position = { cursor, ...(sequenceNumber === undefined ? {} : { sequenceNumber }) };
    for (const position of Object.values(checkpoint.behind ?? {})) {
      if (isBefore(position, start)) start = position;
    }
    this.start = start;
  }

  /** Whether the record is done with though it comes after `start`. */
  includes({ sequenceNumber, orderKey }: StreamRecord): boolean {
    const { behind, groups } = this.checkpoint;
    if (behind === undefined) return false;
    const done = behind[keyGroup(orderKey, groups)] ?? this.checkpoint;
    return done.sequenceNumber !== undefined && !isAfter(sequenceNumber, done.sequenceNumber);
  }
}

function isBefore(position: Position, other: Position): boolean {
  if (other.sequenceNumber === undefined) return false;
  return position.sequenceNumber === undefined || isAfter(other.sequenceNumber, position.sequenceNumber);
}
