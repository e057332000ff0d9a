/**
 * Whether one sequence number comes after another of the same shard. They are decimal numbers of any length, without
 * leading zeros or all of one length.
 */
export function isAfter(sequenceNumber: string, other: string): boolean {
  const longer = sequenceNumber.length - other.length;
  return longer === 0 ? sequenceNumber > other : longer > 0;
}
