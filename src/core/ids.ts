/** The only source of randomness; tests pass a seeded one. */
export interface Ids {
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** `bytes` random bytes in lower-case hexadecimal. */
  hex(bytes: number): string;
  /** A number in [0, 1). */
  random(): number;
}
