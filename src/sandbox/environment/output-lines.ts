import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A log event of a function holds at most so many bytes of text; Lambda cuts what is longer into several. */
export const MAX_EVENT_BYTES = 256 * 1024;

/** More lines than these, and nothing is read until the event loop has come round: else a flood holds up all others. */
const LINES_A_TURN = 8_192;

/** No character takes more bytes of UTF-8 for each of its UTF-16 units. */
const MAX_BYTES_PER_UNIT = 3;

/** Cuts a process's output into lines of at most `MAX_EVENT_BYTES`; a last line without an end counts too. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  let linesOfTurn = 0;
  let isTurnCounted = false;
  const emit = (line: string): void => {
    linesOfTurn += 1;
    for (const piece of eventPieces(line)) onLine(piece);
  };
  const countTurn = (): void => {
    if (isTurnCounted) return;
    isTurnCounted = true;
    setImmediate(() => {
      isTurnCounted = false;
      linesOfTurn = 0;
      stream.resume();
    });
  };
  stream.on('data', (chunk: Buffer) => {
    countTurn();
    pending += decoder.write(chunk);
    let start = 0;
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n', start)) {
      emit(pending.slice(start, end > start && pending[end - 1] === '\r' ? end - 1 : end));
      start = end + 1;
    }
    pending = start === 0 ? pending : pending.slice(start);
    if (linesOfTurn > LINES_A_TURN) stream.pause();
    if (pending.length < MAX_EVENT_BYTES) return;
    const pieces = eventPieces(pending);
    pending = pieces.pop() ?? '';
    for (const piece of pieces) onLine(piece);
  });
  stream.on('end', () => {
    pending += decoder.end();
    if (pending !== '') emit(pending);
    pending = '';
  });
  stream.on('error', () => {});
}

/** The text in pieces that each fit an event; no character is cut. */
export function eventPieces(text: string): string[] {
  if (text.length * MAX_BYTES_PER_UNIT <= MAX_EVENT_BYTES) return [text];
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  let start = 0;
  while (bytes.length - start > MAX_EVENT_BYTES) {
    let end = start + MAX_EVENT_BYTES;
    while (isContinuation(bytes[end])) end -= 1;
    pieces.push(bytes.toString('utf8', start, end));
    start = end;
  }
  pieces.push(bytes.toString('utf8', start));
  return pieces;
}

/** A byte of UTF-8 that belongs to the character before it. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
