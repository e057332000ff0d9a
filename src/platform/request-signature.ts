/** Verifies signatures of HTTP requests that are no API calls; see `Authenticate`. */
import { AwsError } from '../core/errors.ts';
import type { Authenticate } from '../ports/authorize.ts';
import { findCredentialScope } from '../wire/routing/credential-scope.ts';
import { verifySignature } from '../wire/signature/verify.ts';
import type { Signers } from './signers.ts';

export function requestAuthentication(signers: Signers): Authenticate {
  return async (request, body, service) => {
    const { method = 'GET', url = '/', headers, rawHeaders } = request;
    const mark = url.indexOf('?');
    const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
    const scope = findCredentialScope(headers.authorization, query);
    if (scope !== undefined && scope.service !== service) {
      throw new AwsError(
        'InvalidSignatureException',
        `Credential should be scoped to correct service: '${service}'.`,
        {},
        403,
      );
    }
    const { accessKeyId, sessionToken } = await verifySignature(
      { method, path, query, rawHeaders },
      {
        dialect: 'restJson',
        // Signatures follow real time: a clock that tests move must not make every request expire.
        nowMs: Date.now(),
        findCredentials: async (key, token) => signers.credentials(key, token),
        body,
      },
    );
    return signers.verifiedIdentity(accessKeyId, sessionToken);
  };
}
