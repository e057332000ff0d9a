import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A CloudWatch Logs event holds at most so many bytes; longer lines are cut. Source: CloudWatch Logs quotas. */
export const MAX_LINE_BYTES = 256 * 1024;

/** Cuts a process's output into lines, each at most `MAX_LINE_BYTES`; a last line without an end counts too. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  stream.on('data', (chunk: Buffer) => {
    pending += decoder.write(chunk);
    let start = 0;
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n', start)) {
      onLine(pending.slice(start, end > start && pending[end - 1] === '\r' ? end - 1 : end));
      start = end + 1;
    }
    pending = start === 0 ? pending : pending.slice(start);
    while (pending.length >= MAX_LINE_BYTES) {
      onLine(pending.slice(0, MAX_LINE_BYTES));
      pending = pending.slice(MAX_LINE_BYTES);
    }
  });
  stream.on('end', () => {
    pending += decoder.end();
    if (pending !== '') onLine(pending);
    pending = '';
  });
  stream.on('error', () => {});
}
