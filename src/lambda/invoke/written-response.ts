/** What a streaming function has written so far: passed on to who takes it as it comes, or gathered for who does not. */
import { MAX_RESPONSE_PAYLOAD_BYTES, MAX_STREAMED_RESPONSE_BYTES } from './invoke-limits.ts';
import type { ResponseStream } from './response-stream.ts';

export class WrittenResponse {
  /** The most that may be written, bytes. What is beyond goes nowhere; the function runs on, and has failed at its end. */
  readonly maxBytes: number;
  private readonly stream: ResponseStream | undefined;
  private readonly gathered: Buffer[] = [];
  private bytes = 0;

  constructor(stream: ResponseStream | undefined) {
    this.stream = stream;
    this.maxBytes = stream === undefined ? MAX_RESPONSE_PAYLOAD_BYTES : MAX_STREAMED_RESPONSE_BYTES;
  }

  get isTooLarge(): boolean {
    return this.bytes > this.maxBytes;
  }

  /** A promise where the runtime is to wait before it writes more. */
  write(piece: Buffer): Promise<void> | undefined {
    const left = Math.max(0, this.maxBytes - this.bytes);
    this.bytes += piece.length;
    if (this.stream !== undefined) return this.stream.write(piece.subarray(0, left));
    if (this.isTooLarge) this.gathered.length = 0;
    else this.gathered.push(piece);
    return undefined;
  }

  /** All that was gathered, and `last`; nothing of what was passed on. */
  payload(last: Buffer): Buffer {
    return Buffer.concat([...this.gathered, last]);
  }
}

/** The most that the function may answer with, bytes, where that is less than it did. */
export function exceededBytes(written: WrittenResponse | undefined, payload: Buffer): number | undefined {
  if (written?.isTooLarge === true) return written.maxBytes;
  return payload.length > MAX_RESPONSE_PAYLOAD_BYTES ? MAX_RESPONSE_PAYLOAD_BYTES : undefined;
}

export const RESPONSE_TOO_LARGE = 'Function.ResponseSizeTooLarge';

export function tooLargePayload(maxBytes: number): Buffer {
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${maxBytes} bytes).`;
  return Buffer.from(JSON.stringify({ errorMessage, errorType: RESPONSE_TOO_LARGE }));
}
