/** An OpenID Connect provider on this machine, which signs whatever it is asked to. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestProvider {
  readonly issuer: string;
  /** The issuer without its scheme: what IAM knows it by. */
  readonly name: string;
  /** A token with these claims beside issuer, audience `app`, subject `alice` and an hour of life. */
  token(claims?: object, key?: SigningKey): string;
  close(): void;
}

export interface SigningKey {
  readonly alg: 'RS256' | 'ES384';
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const HOUR_SECONDS = 3_600;

export function newKey(alg: SigningKey['alg'], kid: string): SigningKey {
  const pair =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return { alg, kid, ...pair };
}

export async function openProvider(
  keys: readonly SigningKey[],
  listening: (listener: RequestListener) => Server = createServer,
  scheme = 'http',
): Promise<TestProvider> {
  const server = listening((request, response) => {
    const answers: Readonly<Record<string, object>> = {
      '/realm/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/realm/keys': {
        keys: keys.map(({ alg, kid, publicKey }) => ({ alg, kid, ...publicKey.export({ format: 'jwk' }) })),
      },
    };
    const answer = answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}/realm`;
  const issuer = `${scheme}://${name}`;
  return {
    issuer,
    name,
    token(claims = {}, { alg, kid, privateKey } = keys[0]!) {
      const now = Math.floor(Date.now() / 1_000);
      const all = { iss: issuer, sub: 'alice', aud: 'app', iat: now, exp: now + HOUR_SECONDS, ...claims };
      const text = [{ alg, kid, typ: 'JWT' }, all]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const hash = alg === 'RS256' ? 'sha256' : 'sha384';
      const signature = sign(hash, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    },
    close: () => void server.close(),
  };
}
