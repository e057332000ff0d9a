/**
 * JSON whose whole numbers stay as they are written also where a double cannot hold them, such as identifiers of 64 bits.
 * They are values of `JSON.rawJSON`, which `JSON.stringify` writes as they came.
 */

interface RawJson {
  readonly rawJSON: string;
}

/** Node.js has these; the library that the types are of has not yet. */
interface ExactJson {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

const json = JSON as unknown as ExactJson;

/** Only such a text can have a number that a double does not hold: 2^53 has 16 digits. */
const LONG_NUMBER = /\d{16}/;
const WHOLE = /^-?\d+$/;

/** Throws `SyntaxError`. */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE.test(source)
      ? json.rawJSON(source)
      : value,
  );
}

/** What is compared: for a number that is kept as it was written the nearest double. */
export function comparable(value: unknown): unknown {
  return json.isRawJSON(value) ? Number(value.rawJSON) : value;
}
