/** The body of a response in the runtime API's streaming mode, passed on as it comes. */
import type { IncomingMessage } from 'node:http';
import type { PostedOutcome } from './outcome-body.ts';
import { streamFailure } from './outcome-body.ts';

/**
 * `write` gets every piece; while a promise of its is open the runtime is kept from sending more. `done` is called
 * once the body has come whole, with the error where its trailers tell of one; never when the connection breaks.
 */
export function passOnStream(
  request: IncomingMessage,
  write: (chunk: Buffer) => Promise<void> | undefined,
  done: (failure: PostedOutcome | undefined) => void,
): void {
  request.on('data', (chunk: Buffer) => {
    const room = write(chunk);
    if (room === undefined) return;
    request.pause();
    void room.then(() => request.resume());
  });
  request.on('end', () => done(streamFailure(request)));
  // The runtime's exit, its error or the time-out tells.
  request.on('error', () => {});
}
