/**
 * Whether an event is JSON, and if not, AWS's words for why. AWS parses events with Jackson and
 * passes its message on; the recorded ones are for bytes that are not UTF-8 and for unexpected
 * characters. The event itself is passed to the function byte by byte, never re-serialised.
 */
import { isUtf8 } from 'node:buffer';

const EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const SOURCE = 'at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled);';

/** Undefined when `payload` is JSON text; otherwise what is wrong, as Jackson says it. */
export function jsonProblem(payload: Buffer): string | undefined {
  const invalidByte = isUtf8(payload) ? -1 : firstInvalidByte(payload);
  if (invalidByte >= 0) {
    const byte = payload[invalidByte]!.toString(16);
    return located(
      `Invalid UTF-8 ${isStart(payload[invalidByte]!) ? 'middle' : 'start'} byte 0x${byte}`,
      payload,
      invalidByte + 1,
    );
  }
  const text = payload.toString();
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return describe(text, payload);
  }
}

/** A byte that begins a sequence but is not followed as it must be makes a later byte the wrong one. */
function isStart(byte: number): boolean {
  return byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4);
}

function firstInvalidByte(payload: Buffer): number {
  // Bisection on prefixes: a prefix is valid when cutting up to three trailing bytes makes it so.
  let low = 0;
  let high = payload.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (validPrefix(payload, middle)) low = middle;
    else high = middle - 1;
  }
  return low < payload.length ? low : payload.length - 1;
}

function validPrefix(payload: Buffer, length: number): boolean {
  for (let cut = 0; cut <= 3 && cut <= length; cut += 1) {
    if (!isUtf8(payload.subarray(0, length - cut))) continue;
    if (cut === 0) return true;
    const lead = payload[length - cut]!;
    const needed = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    return lead < 0xf5 && needed > cut && continuations(payload, length - cut + 1, length);
  }
  return false;
}

function continuations(payload: Buffer, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if ((payload[index]! & 0xc0) !== 0x80) return false;
  return true;
}

function describe(text: string, payload: Buffer): string {
  const position = wordStart(text, errorPosition(text));
  if (position >= text.length) {
    return located('Unexpected end-of-input', payload, Buffer.byteLength(text));
  }
  const before = Buffer.byteLength(text.slice(0, position));
  const word = /^[A-Za-z_$][\w$]*/.exec(text.slice(position))?.[0];
  if (word !== undefined) {
    return located(`Unrecognized token '${word}': was expecting ${EXPECTED}`, payload, before + word.length);
  }
  const code = text.codePointAt(position)!;
  const shown =
    code < 0x20 || (code >= 0x7f && code < 0xa0)
      ? `(CTRL-CHAR, code ${code})`
      : `'${String.fromCodePoint(code)}' (code ${code})`;
  return located(`Unexpected character (${shown}): expected a valid value ${EXPECTED}`, payload, before);
}

/** V8 points into a misspelt word (`foo` might have become `false`), Jackson at its beginning. */
function wordStart(text: string, position: number): number {
  let start = position;
  while (start > 0 && start < text.length && /\w/.test(text[start - 1]!)) start -= 1;
  return start;
}

/** V8 names the position of most errors; where it does not, input ended too early. */
function errorPosition(text: string): number {
  try {
    JSON.parse(text);
  } catch (error) {
    const match = /at position (\d+)/.exec((error as Error).message);
    if (match !== null) return Number(match[1]);
    const token = /^Unexpected token '(.+?)', /su.exec((error as Error).message);
    if (token !== null) return Math.max(0, text.indexOf(token[1]!));
  }
  return text.length;
}

/** `offset` counts bytes; Jackson counts lines and columns from one. */
function located(message: string, payload: Buffer, offset: number): string {
  const before = payload.subarray(0, offset);
  let line = 1;
  let lineStart = 0;
  for (let index = before.indexOf(10); index >= 0; index = before.indexOf(10, index + 1)) {
    line += 1;
    lineStart = index + 1;
  }
  return `${message}\n ${SOURCE} line: ${line}, column: ${offset - lineStart + 1}]`;
}
