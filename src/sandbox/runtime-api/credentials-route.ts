/**
 * Credentials of the execution role as functions with SnapStart get them: fetched, for what is in a snapshot grows old.
 * Path, variables and answer are those of AWS's runtime interface emulator.
 */
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import type { FetchedCredentials } from '../../ports/environment.ts';
import { CREDENTIALS_ADDRESS } from '../network/addresses.ts';
import { refuse } from './api-answers.ts';
import type { OtherRoutes } from './runtime-routes.ts';

const PATH = '/2021-04-23/credentials';

/** Answers requests for the credentials; false for others, and for all where there are none to fetch. */
export function credentialsRoute(credentials: FetchedCredentials | undefined): OtherRoutes {
  return (request, response) => {
    if (credentials === undefined || request.url !== PATH) return false;
    request.resume();
    if (request.headers.authorization !== credentials.token) {
      refuse(response, 404, 'CredentialsNotFound', 'credentials not found for the provided token');
      return true;
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiresMs } = credentials.current();
    const body = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: new Date(expiresMs).toISOString(),
    };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
    return true;
  };
}

/** By which SDKs find them. `runtimeApi` is `host:port` as reached from inside. */
export function credentialVariables(
  credentials: FetchedCredentials | undefined,
  runtimeApi: string,
): Record<string, string> {
  if (credentials === undefined) return {};
  const place = runtimeApi.replace(`${GATEWAY_ADDRESS}:`, `${CREDENTIALS_ADDRESS}:`);
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${place}${PATH}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: credentials.token,
  };
}
