import type { RuntimeEvent } from '../../ports/environment.ts';

/** The headers that carry an event beside its payload. Source: "Using the Lambda runtime API", Next invocation. */
export function eventHeaders(event: RuntimeEvent): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': event.payload.byteLength,
    'Lambda-Runtime-Aws-Request-Id': event.requestId,
    'Lambda-Runtime-Deadline-Ms': event.deadlineMs,
    'Lambda-Runtime-Invoked-Function-Arn': event.invokedFunctionArn,
  };
  if (event.traceId !== undefined) headers['Lambda-Runtime-Trace-Id'] = event.traceId;
  if (event.clientContext !== undefined)
    headers['Lambda-Runtime-Client-Context'] = headerText(event.clientContext);
  if (event.cognitoIdentity !== undefined)
    headers['Lambda-Runtime-Cognito-Identity'] = headerText(event.cognitoIdentity);
  if (event.tenantId !== undefined) headers['Lambda-Runtime-Aws-Tenant-Id'] = headerText(event.tenantId);
  return headers;
}

/** Text as a header value: its UTF-8 bytes, and on one line, as AWS sends it. */
function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  // Outside strings JSON may be broken into lines; inside them only DEL can stand unescaped.
  const line = text.replaceAll(/[\r\n]+/g, ' ').replaceAll('\x7f', '\\u007f');
  return Buffer.from(line).toString('latin1');
}
