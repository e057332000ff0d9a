/** Errors of requests whose service is not known: the form is guessed from how the request looks. */
import type { IncomingHttpHeaders } from 'node:http';
import type { AwsError } from '../../core/errors.ts';
import type { WireResponse } from '../contract.ts';

export function plainError(headers: IncomingHttpHeaders, error: AwsError, requestId: string): WireResponse {
  const status = error.status ?? 400;
  const contentType = headers['content-type'] ?? '';
  if (contentType.startsWith('application/x-www-form-urlencoded') || headers.accept === 'application/xml') {
    return {
      status,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
      body:
        `<ErrorResponse><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
        `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error>` +
        `<RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`,
    };
  }
  const json = headers['x-amz-target'] === undefined ? 'application/json' : 'application/x-amz-json-1.1';
  return {
    status,
    headers: { 'content-type': json, 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
    body: JSON.stringify({ __type: error.code, message: error.message }),
  };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
