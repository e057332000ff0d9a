/** The whole body of a request: within its limit, its signature checked, decoded from aws-chunked. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AwsError } from '../../core/errors.ts';
import type { BodyLimit } from '../../ports/service.ts';
import type { SignatureCheck } from './authorizer.ts';
import { AwsChunkedDecoder, decodedBytes, decodedHeaders, decodeWhole, isAwsChunked } from './aws-chunked.ts';
import { DEFAULT_MAX_BODY_BYTES, MAX_CHUNKED_OVERHEAD_BYTES } from './limits.ts';
import { announcedBytes, BodyTooLarge, readBody } from './request-body.ts';

/** Where an operation has none of its own. AWS's front ends answer so, with their own figures. */
const DEFAULT_LIMIT: BodyLimit = {
  maxBytes: DEFAULT_MAX_BODY_BYTES,
  error: () =>
    new AwsError(
      'RequestEntityTooLargeException',
      `HTTP content length exceeded ${DEFAULT_MAX_BODY_BYTES} bytes.`,
      {},
      413,
    ),
};

/** Throws the operation's error when the client announces a larger body than it may send. */
export function refuseAnnounced(
  request: IncomingMessage,
  limit: BodyLimit | undefined,
  streamed: boolean,
): void {
  // What is streamed takes no memory here; where it has no limit, its operation sets its own.
  if (streamed && limit === undefined) return;
  const { maxBytes, error } = limit ?? DEFAULT_LIMIT;
  const bytes = decodedBytes(request.headers) ?? announcedBytes(request);
  if (bytes !== undefined && bytes > maxBytes) throw error(bytes);
}

export interface ReceivedBody {
  readonly body: Buffer;
  /** Those of the request; where the body was encoded, as if it had not been. */
  readonly headers: IncomingHttpHeaders;
}

export async function receiveBody(
  request: IncomingMessage,
  idleTimeoutMs: number,
  limit: BodyLimit = DEFAULT_LIMIT,
  check?: SignatureCheck,
  acceptsGzip = false,
): Promise<ReceivedBody> {
  const { headers } = request;
  const encoded = isAwsChunked(headers);
  const maxBytes = encoded ? limit.maxBytes + MAX_CHUNKED_OVERHEAD_BYTES : limit.maxBytes;
  const sent = await readBody(request, maxBytes, idleTimeoutMs).catch((error: unknown) => {
    throw error instanceof BodyTooLarge ? limit.error(error.sizeBytes) : error;
  });
  if (check !== undefined) await check.withBody(sent);
  if (acceptsGzip && headers['content-encoding'] === 'gzip') {
    const { 'content-encoding': _encoding, ...others } = headers;
    return { body: await gunzipped(sent, limit), headers: others };
  }
  if (!encoded) return { body: sent, headers };
  const decoder = new AwsChunkedDecoder(headers, check?.verified?.chunks, check?.verified?.mismatch);
  const body = decodeWhole(decoder, sent);
  if (body.length > limit.maxBytes) throw limit.error(body.length);
  return { body, headers: decodedHeaders(headers, decoder.trailers) };
}

/** The limit holds for what comes out, which may be a thousand times what was sent. */
async function gunzipped(sent: Buffer, limit: BodyLimit): Promise<Buffer> {
  try {
    return await promisify(gunzip)(sent, { maxOutputLength: limit.maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw limit.error(limit.maxBytes + 1);
    throw new AwsError('SerializationException', 'The request body is not in the gzip format.', {}, 400);
  }
}
