/** Verifies signatures of HTTP requests that are no API calls; see `Authenticate`. */
import { AwsError } from '../core/errors.ts';
import type { Authenticate } from '../ports/authorize.ts';
import { findCredentialScope, findSessionToken } from '../wire/routing/credential-scope.ts';
import { DEFAULT_ACCOUNT_ID, isAccountId } from '../wire/routing/router.ts';
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
    const { accessKeyId } = await verifySignature(
      { method, path, query, rawHeaders },
      {
        dialect: 'restJson',
        // Signatures follow real time: a clock that tests move must not make every request expire.
        nowMs: Date.now(),
        findCredentials: async (key, token) => signers.find(key, token),
        body,
      },
    );
    const accountId = isAccountId(accessKeyId) ? accessKeyId : DEFAULT_ACCOUNT_ID;
    return signers.identifyCaller(accessKeyId, findSessionToken(headers, query), accountId);
  };
}
