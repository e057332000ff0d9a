/** The runtime API's answers to a runtime, in the form and words of AWS's runtime interface emulator. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_RESPONSE_BYTES } from './outcome-body.ts';

const ACCEPTED = '{"status":"OK"}\n';

export function accepted(response: ServerResponse): void {
  answer(response, 202, ACCEPTED);
}

export function refuse(response: ServerResponse, status: number, errorType: string, message: string): void {
  answer(response, status, errorJson(errorType, message));
}

/** A call that the runtime may not make in the state it is in. */
export function transitionRefused(response: ServerResponse, from: string, to: string): void {
  const message = `State transition from ${from} to ${to} failed for runtime. Error: State transition is not allowed`;
  refuse(response, 403, 'InvalidStateTransition', message);
}

export function payloadTooLarge(response: ServerResponse): void {
  const message = `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  refuse(response, 413, 'RequestEntityTooLarge', message);
}

export function notFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('404 page not found\n');
}

export function methodNotAllowed(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(405, { 'Content-Length': 0 });
  response.end();
}

/** AWS's error object as JSON text. */
export function errorJson(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorMessage, errorType }));
}

function answer(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
