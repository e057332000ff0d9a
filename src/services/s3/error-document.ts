import type { ServerResponse } from 'node:http';
import type { AwsError } from '../../core/errors.ts';

/** Answers a request that is no API call of the model, in the form of S3's errors. */
export function sendError(response: ServerResponse, requestId: string, error: AwsError): void {
  const members = Object.entries({
    Code: error.code,
    Message: error.message,
    ...error.members,
    RequestId: requestId,
    HostId: requestId,
  });
  const text = members.map(([name, value]) => `<${name}>${escapedXml(String(value))}</${name}>`).join('');
  response
    .writeHead(error.status ?? 400, { 'content-type': 'application/xml', 'x-amz-request-id': requestId })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${text}</Error>`);
}

export function escapedXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
