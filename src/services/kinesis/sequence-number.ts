/**
 * Sequence numbers as AWS writes them: 186 bits, 56 decimal digits, whose hexadecimal digits are
 * `2`, the second in which the shard was made (9), the last digit of its index, the place in the shard (16),
 * `00`, the second of arrival (9), the index (8), `2`. Seen in the numbers that the API reference shows, as
 * 49590338271490256608559692538361571095921575989136588898 of shardId-000000000006.
 */

export interface SequenceParts {
  readonly shardIndex: number;
  /** When the shard was made, milliseconds since the epoch. */
  readonly shardCreatedMs: number;
  /** Of the record in its shard: 1 for the first, 0 for where the shard begins. */
  readonly position: number;
  readonly arrivedMs: number;
}

/** What stands after the last record of a closed shard. */
const LAST_POSITION = '7fffffffffffffff';

export function sequenceNumber(parts: SequenceParts): string {
  return text(parts, hex(parts.position, 16));
}

/** The number a closed shard ends with. */
export function endingSequenceNumber(shard: Omit<SequenceParts, 'position'>): string {
  return text(shard, LAST_POSITION);
}

/** Undefined where `number` is none that a shard has given; the place of an end is larger than any record's. */
export function parseSequenceNumber(number: string): SequenceParts | undefined {
  if (!/^\d{56}$/.test(number)) return undefined;
  const digits = BigInt(number).toString(16);
  const parts = /^2([0-9a-f]{9})([0-9a-f])([0-9a-f]{16})00([0-9a-f]{9})([0-9a-f]{8})2$/.exec(digits);
  if (parts === null) return undefined;
  const [, created, lastDigit, position, arrived, index] = parts;
  if (index!.at(-1) !== lastDigit) return undefined;
  return {
    shardIndex: Number.parseInt(index!, 16),
    shardCreatedMs: Number.parseInt(created!, 16) * 1000,
    position: position === LAST_POSITION ? Number.MAX_SAFE_INTEGER : Number.parseInt(position!, 16),
    arrivedMs: Number.parseInt(arrived!, 16) * 1000,
  };
}

function text({ shardIndex, shardCreatedMs, arrivedMs }: Omit<SequenceParts, 'position'>, position: string) {
  const index = hex(shardIndex, 8);
  const digits = `2${seconds(shardCreatedMs)}${index.at(-1)}${position}00${seconds(arrivedMs)}${index}2`;
  return BigInt(`0x${digits}`).toString();
}

function seconds(ms: number): string {
  return hex(Math.floor(ms / 1000), 9);
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
