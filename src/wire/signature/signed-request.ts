/** What of a request a signature may cover, as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded, as sent; before S3 hosts are turned into path style. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Names and values in turn, as `IncomingMessage.rawHeaders`: duplicates and order count. */
  readonly rawHeaders: readonly string[];
}

/** What HTTP/2 has in the place of the host, by which the JavaScript SDK signs over it, to Kinesis for example. */
export const AUTHORITY = ':authority';

/** Values of a header field in the order sent; empty when it is absent. `field` in lower case. */
export function headerValues(request: SignedRequest, field: string): string[] {
  const values: string[] = [];
  const name = field === AUTHORITY ? 'host' : field;
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values.push(rawHeaders[index + 1]!);
  }
  return values;
}

/** The decoded value of a query parameter; undefined when it is absent. */
export function queryValue(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if ((equals < 0 ? pair : pair.slice(0, equals)) !== name) continue;
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  }
  return undefined;
}
