/** FNV-1a, 32 bits: fast, and spreads keys that differ little. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Which of so many groups a key belongs to; always the same one. */
export function keyGroup(key: string, groups: number): number {
  if (groups === 1) return 0;
  let hash = OFFSET_BASIS;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), PRIME);
  }
  return (hash >>> 0) % groups;
}
