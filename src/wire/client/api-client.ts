/** A client of one service of AWS at an endpoint, made from the service's generated model. */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { AwsError, invariant } from '../../core/errors.ts';
import type { GeneratedModel } from '../model/open.ts';
import type { OperationModel } from '../model/operation.ts';
import { decodedError, decodedOutput, streamedMember } from './decoded-answer.ts';
import type { ClientProtocol, EncodedRequest } from './encoded-request.ts';
import { clientProtocol, encodedRequest } from './encoded-request.ts';
import type { SigningCredentials } from './request-signing.ts';
import { signedHeaders } from './request-signing.ts';

export interface ApiClientOptions {
  readonly model: GeneratedModel;
  /** `http://host:port` or `https://…`, perhaps with a path under which the API is. */
  readonly endpoint: string;
  readonly credentials: SigningCredentials;
  /** Real time, milliseconds since the epoch. */
  readonly realNowMs: () => number;
}

export interface CallOptions {
  readonly region: string;
  /** Ends the call, which then rejects. */
  readonly signal?: AbortSignal;
}

/** Longer than any long poll. Milliseconds without a byte. */
const IDLE_TIMEOUT_MS = 60_000;

/** An answer that is gathered whole; AWS's own are smaller. Bytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class ApiClient {
  private readonly options: ApiClientOptions;
  private readonly protocol: ClientProtocol;
  private readonly base: URL;
  private readonly closing = new AbortController();
  private agent: Agent | undefined;

  constructor(options: ApiClientOptions) {
    this.options = options;
    const protocol = clientProtocol(options.model.service);
    invariant(protocol !== undefined, `nothing here speaks to ${options.model.name}`);
    this.protocol = protocol;
    this.base = new URL(options.endpoint);
  }

  /**
   * The operation's output; rejects with the `AwsError` that the endpoint answers, or with `ServiceUnavailable`, 503,
   * where it gives none. Nothing is tried twice.
   */
  async call(
    operation: string,
    input: object,
    { region, signal }: CallOptions,
  ): Promise<Record<string, unknown>> {
    const { model } = this.options;
    const described = model.operation(operation);
    if (described === undefined || described.eventStream !== undefined) throw this.notSpoken(operation);
    const encoded = encodedRequest(model.service, described, this.protocol, input as Record<string, unknown>);
    try {
      const ends = AbortSignal.any([this.closing.signal, ...(signal === undefined ? [] : [signal])]);
      const answer = await this.answerTo(encoded, region, ends);
      return await this.output(described, answer);
    } catch (error) {
      if (error instanceof AwsError || signal?.aborted === true) throw error;
      throw this.unavailable(error);
    }
  }

  /** Ends calls that are under way, and connections that are kept for later ones. */
  close(): void {
    this.closing.abort();
    this.agent?.destroy();
  }

  private async output(operation: OperationModel, answer: IncomingMessage): Promise<Record<string, unknown>> {
    const status = answer.statusCode ?? 0;
    const { headers } = answer;
    if (status >= 200 && status < 300) {
      if (streamedMember(operation) !== undefined)
        return decodedOutput(operation, this.protocol, { status, headers }, answer);
      const body = await gathered(answer);
      // S3 answers what takes long with 200 before it knows how it ends.
      if (!(this.protocol === 'rest-xml' && isError(body)))
        return decodedOutput(operation, this.protocol, { status, headers }, body);
      throw decodedError({ status: 500, headers }, body, (code) => this.options.model.errorShape(code));
    }
    throw decodedError({ status, headers }, await gathered(answer), (code) =>
      this.options.model.errorShape(code),
    );
  }

  private answerTo(encoded: EncodedRequest, region: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { model, credentials, realNowMs } = this.options;
    const body = Buffer.isBuffer(encoded.body) ? encoded.body : undefined;
    const request = { ...encoded, path: this.path(encoded.path), body };
    const headers = signedHeaders(
      { ...request, headers: { ...encoded.headers, host: this.base.host, ...lengthOf(encoded) } },
      credentials,
      { region, service: model.service.signingName, nowMs: realNowMs() },
    );
    const path = request.query === '' ? request.path : `${request.path}?${request.query}`;
    const options = { method: encoded.method, path, headers, signal, timeout: IDLE_TIMEOUT_MS };
    return new Promise((resolve, reject) => {
      const send = (): void => {
        const sent = this.begun(options).on('response', resolve);
        sent.on('timeout', () => sent.destroy(new Error('it has been silent for a minute')));
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // A kept connection that the endpoint had closed before it has taken nothing.
          if (sent.reusedSocket && error.code === 'ECONNRESET' && body !== undefined) send();
          else reject(error);
        });
        if (body === undefined) pipe(encoded.body as Readable, sent);
        else sent.end(body);
      };
      send();
    });
  }

  private begun(options: object): ClientRequest {
    // The client is loaded with the first call, since it takes memory that most servers never need.
    const { request, Agent } = process.getBuiltinModule(
      this.base.protocol === 'https:' ? 'node:https' : 'node:http',
    );
    this.agent ??= new Agent({ keepAlive: true });
    return request(this.base, { ...options, agent: this.agent });
  }

  private path(path: string): string {
    return `${this.base.pathname.replace(/\/$/, '')}${path}`;
  }

  private notSpoken(operation: string): AwsError {
    const { name } = this.options.model;
    const message = `selfsame does not speak ${name}:${operation} to the endpoint ${this.options.endpoint}.`;
    return new AwsError('NotImplemented', message, {}, 501);
  }

  private unavailable(error: unknown): AwsError {
    const reason = error instanceof Error ? error.message || String((error as { code?: string }).code) : '';
    const { endpoint, model } = this.options;
    const message = `The endpoint ${endpoint} of ${model.name} gives no answer that can be used: ${reason}.`;
    return new AwsError('ServiceUnavailable', message, {}, 503);
  }
}

function lengthOf({ method, headers, body }: EncodedRequest): Record<string, string> {
  if (!Buffer.isBuffer(body)) return {};
  // Of a body that is whole the length is known, whatever a member says.
  if (body.length === 0 && (method === 'GET' || method === 'HEAD')) return {};
  return headers['content-length'] === undefined ? { 'content-length': String(body.length) } : {};
}

function pipe(body: Readable, sent: NodeJS.WritableStream & { destroy(error: Error): void }): void {
  body.on('error', (error) => sent.destroy(error));
  body.pipe(sent);
}

async function gathered(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is longer than any of AWS');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function isError(body: Buffer): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/.test(body.subarray(0, 200).toString());
}
