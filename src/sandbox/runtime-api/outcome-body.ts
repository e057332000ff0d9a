/** Reads what a runtime posts whole: a response or an error. */
import type { IncomingMessage } from 'node:http';

/** Largest body taken in: 6 MB and what AWS allows on top, as its own message says. Bytes. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

export interface PostedOutcome {
  /** Absent for a response that came whole. */
  readonly errorType: string | undefined;
  /** What the caller gets. */
  readonly payload: Buffer;
  readonly isTooLarge: boolean;
}

/** Calls `done` once the body has come whole; never when the connection breaks before. */
export function readOutcome(
  request: IncomingMessage,
  isError: boolean,
  done: (outcome: PostedOutcome) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_RESPONSE_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => {
    if (bytes > MAX_RESPONSE_BYTES) return done(TOO_LARGE);
    const payload = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    if (isError) done({ errorType: errorTypeOf(request, payload), payload, isTooLarge: false });
    else done({ errorType: undefined, payload, isTooLarge: false });
  });
  // A runtime that breaks off may try again, or its exit tells.
  request.on('error', () => {});
}

const TOO_LARGE: PostedOutcome = {
  errorType: 'Function.ResponseSizeTooLarge',
  payload: Buffer.from(
    JSON.stringify({
      errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
      errorType: 'Function.ResponseSizeTooLarge',
    }),
  ),
  isTooLarge: true,
};

/** A streamed response says in trailers that it failed midway; then only the error counts. */
export function streamFailure(request: IncomingMessage): PostedOutcome | undefined {
  const errorType = request.trailers['lambda-runtime-function-error-type'];
  if (errorType === undefined) return undefined;
  const body = request.trailers['lambda-runtime-function-error-body'] ?? '';
  return { errorType, payload: Buffer.from(body, 'base64'), isTooLarge: false };
}

/** The header first, as the runtime API has it; else what the body says. */
function errorTypeOf(request: IncomingMessage, body: Buffer): string {
  const header = request.headers['lambda-runtime-function-error-type'];
  if (typeof header === 'string' && header !== '') return header;
  try {
    const { errorType } = JSON.parse(body.toString()) as { errorType?: unknown };
    if (typeof errorType === 'string') return errorType;
  } catch {
    // An error that is not JSON has no type.
  }
  return 'Runtime.Unknown';
}
