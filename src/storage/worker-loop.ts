/** The thread's side of a `WorkerChannel`. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { invariant, PlatformError } from '../core/errors.ts';
import type { FromWorker, Outcome, ToWorker, TransferredError } from './worker-channel.ts';

export interface WorkerService<Request> {
  /**
   * Answers a batch, in order; called with everything that has arrived since the last one, so that
   * what came in while the disk was busy shares the next transaction.
   */
  handle(requests: readonly Request[]): Outcome[];
  close(): void;
}

export function transferError(error: unknown): TransferredError {
  if (error instanceof PlatformError) {
    return { kind: 'platform', message: error.message, remedy: error.remedy };
  }
  if (error instanceof Error) return { kind: 'bug', message: error.message, stack: error.stack };
  return { kind: 'bug', message: String(error), stack: undefined };
}

/** Opens the service and serves until told to close. An error out of `handle` ends the thread: fatal. */
export function serve<Request>(open: () => WorkerService<Request>): void {
  const port = parentPort;
  invariant(port, 'a storage worker must be started as a worker thread');
  let service: WorkerService<Request>;
  try {
    service = open();
  } catch (error) {
    port.postMessage({ refused: transferError(error) } satisfies FromWorker);
    port.close();
    return;
  }
  port.on('message', (first: ToWorker) => {
    const ids: number[] = [];
    const requests: Request[] = [];
    let closing = false;
    for (let message: ToWorker | undefined = first; message !== undefined && !closing; ) {
      if (message === 'close') {
        closing = true;
      } else {
        for (let index = 0; index < message.requests.length; index++) {
          ids.push(message.firstId + index);
          requests.push(message.requests[index] as Request);
        }
        message = receiveMessageOnPort(port)?.message as ToWorker | undefined;
      }
    }
    if (requests.length > 0) {
      const outcomes = service.handle(requests);
      invariant(outcomes.length === requests.length, 'one outcome for each request');
      port.postMessage({
        outcomes: outcomes.map((outcome, index) => ({ id: ids[index]!, outcome })),
      } satisfies FromWorker);
    }
    if (closing) {
      service.close();
      port.close();
    }
  });
  port.postMessage('ready' satisfies FromWorker);
}
