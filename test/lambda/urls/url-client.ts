/** Calls function URLs: names below `localhost` are looked up by no resolver, so the address is given beside the name. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { NodeSha256 } from '../../kit/node-sha256.ts';

export interface UrlCall {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface UrlReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  json<T>(): T;
}

/** The response as soon as its head is there. */
export async function openUrl(
  functionUrl: string,
  call: UrlCall = {},
  address = '127.0.0.1',
): Promise<IncomingMessage> {
  const { host, port } = new URL(functionUrl);
  const { method = 'GET', path = '/', headers = {}, body } = call;
  const sent = request({ host: address, port, method, path, headers: { host, ...headers }, agent: false });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

export async function callUrl(functionUrl: string, call?: UrlCall, address?: string): Promise<UrlReply> {
  const response = await openUrl(functionUrl, call, address);
  const text = Buffer.concat(await response.toArray()).toString();
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The call with header fields that sign it for Lambda. */
export async function signed(functionUrl: string, call: UrlCall, credentials: SigningKeys): Promise<UrlCall> {
  const { host, hostname, port } = new URL(functionUrl);
  const [path = '/', search = ''] = (call.path ?? '/').split('?');
  const signer = new SignatureV4({ service: 'lambda', region: 'us-east-1', credentials, sha256: NodeSha256 });
  const { headers } = await signer.sign({
    protocol: 'http:',
    method: call.method ?? 'GET',
    hostname,
    port: Number(port),
    path,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: { host, ...call.headers },
    body: call.body,
  });
  return { ...call, headers };
}
