/** Answers to what is not HTTP, or too much of it: written to the socket, as there is no request. */

interface Problem {
  readonly status: string;
  readonly message: string;
}

const PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'The header fields of the request are too large.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: '413 Payload Too Large',
    message: 'Chunk extensions are too large.',
  },
  HPE_INVALID_EOF_STATE: {
    status: '400 Bad Request',
    message: 'The connection ended before the request was complete.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'The header of the request did not arrive in time.',
  },
  HPE_INVALID_METHOD: {
    status: '400 Bad Request',
    message: 'The request does not begin with an HTTP method. This server speaks HTTP, not HTTPS.',
  },
};

/** A whole HTTP response as text; the connection is closed after it. */
export function malformedAnswer(error: NodeJS.ErrnoException, requestId: string): string {
  const known = PROBLEMS[error.code ?? ''];
  const status = known?.status ?? '400 Bad Request';
  const reason = (error as { reason?: unknown }).reason;
  const detail = typeof reason === 'string' ? `: ${reason}` : '';
  const message = known?.message ?? `The request is not valid HTTP${detail}.`;
  const body = JSON.stringify({ __type: 'BadRequestException', message });
  return (
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    `x-amzn-errortype: BadRequestException\r\nx-amzn-requestid: ${requestId}\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
