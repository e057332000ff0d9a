/** Requests to endpoints outside. */
import type { IncomingMessage } from 'node:http';
import { TargetFailure } from './delivery-failure.ts';

/** Source: user guide, "API destinations as targets": an endpoint has five seconds to answer. */
const TIMEOUT_MS = 5_000;
/** Of an answer, as much as is asked for (`Range`). Bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** As they came; `date` is what time it is there. */
  readonly headers: { readonly retryAfter: string | undefined; readonly date: string | undefined };
}

/** Throws `TargetFailure` where there is no answer. */
export async function answerTo({ url, method, headers, body, signal }: OutgoingRequest): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      // Loaded when an endpoint is called, since the client takes memory that most servers never need.
      const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = {
        method,
        headers: { ...headers, ...length },
        signal: AbortSignal.any([signal, timeout]),
        agent: false,
      } as const;
      const sent = request(url, options, (answer) => {
        readAnswer(answer).then(resolve, reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } catch (error) {
    const isFinal = cannotBeSent(error);
    const code = timeout.aborted ? 'TIMEOUT' : isFinal ? 'INVALID_PARAMETER' : 'CONNECTION_FAILURE';
    const reason = timeout.aborted ? 'did not answer within 5 seconds' : (error as Error).message;
    throw new TargetFailure({ code, message: `${url}: ${reason}`, isFinal });
  }
}

/** Of what is no request, such as one with a line break in a header, Node.js sends nothing. */
function cannotBeSent(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && /^ERR_INVALID_/.test(String(error.code));
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  const { statusCode: status = 0, headers } = answer;
  const { date, 'retry-after': retryAfter } = headers;
  return { status, body: Buffer.concat(parts).toString(), headers: { retryAfter, date } };
}
