import type {
  ConnectionHttpParameters,
  CreateConnectionAuthRequestParameters,
} from '@aws-sdk/client-eventbridge';
import { parseArn } from '../../core/arn.ts';

/** With the secrets in it, as it was given. */
export type AuthParameters = CreateConnectionAuthRequestParameters;
export type HttpParameters = ConnectionHttpParameters;
export type AuthorizationType = 'BASIC' | 'API_KEY' | 'OAUTH_CLIENT_CREDENTIALS';

export interface ConnectionRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** The end of its ARN. */
  readonly id: string;
  /** The end of the ARN of its secret, which no service here shows. */
  readonly secretId: string;
  readonly description?: string;
  readonly authorizationType: AuthorizationType;
  /** `AuthParameters` as JSON, sealed; absent where they were taken away. */
  readonly sealed?: string;
  readonly state: 'AUTHORIZED' | 'AUTHORIZING' | 'DEAUTHORIZED';
  readonly reason?: string;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly authorizedMs?: number;
}

export interface NamedRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export function namedKey({ accountId, region, name }: NamedRecord): string {
  return `${accountId}/${region}/${name}`;
}

/** Of the record that an ARN is of, if it is of the record that has the name now. */
export function namedOfArn(text: string): NamedRecord | undefined {
  const arn = parseArn(text);
  const name = arn?.resource.split('/')[1];
  return arn === undefined || name === undefined
    ? undefined
    : { accountId: arn.accountId, region: arn.region, name };
}

export function connectionArn({ accountId, region, name, id }: ConnectionRecord): string {
  return `arn:aws:events:${region}:${accountId}:connection/${name}/${id}`;
}

export function secretArn({ accountId, region, name, secretId }: ConnectionRecord): string {
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:events!connection/${name}/${secretId}`;
}

/** What of the parameters may be read back: no password, no key, no value that was called secret. */
export function shownParameters(parameters: AuthParameters) {
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = parameters;
  const invocation = parameters.InvocationHttpParameters;
  return {
    ...(basic === undefined ? {} : { BasicAuthParameters: { Username: basic.Username } }),
    ...(key === undefined ? {} : { ApiKeyAuthParameters: { ApiKeyName: key.ApiKeyName } }),
    ...(oauth === undefined
      ? {}
      : {
          OAuthParameters: {
            ClientParameters: { ClientID: oauth.ClientParameters?.ClientID },
            AuthorizationEndpoint: oauth.AuthorizationEndpoint,
            HttpMethod: oauth.HttpMethod,
            ...(oauth.OAuthHttpParameters === undefined
              ? {}
              : { OAuthHttpParameters: withoutSecrets(oauth.OAuthHttpParameters) }),
          },
        }),
    ...(invocation === undefined ? {} : { InvocationHttpParameters: withoutSecrets(invocation) }),
  };
}

function withoutSecrets(parameters: HttpParameters): HttpParameters {
  const { HeaderParameters, QueryStringParameters, BodyParameters } = parameters;
  return {
    ...(HeaderParameters === undefined ? {} : { HeaderParameters: HeaderParameters.map(withoutSecret) }),
    ...(QueryStringParameters === undefined
      ? {}
      : { QueryStringParameters: QueryStringParameters.map(withoutSecret) }),
    ...(BodyParameters === undefined ? {} : { BodyParameters: BodyParameters.map(withoutSecret) }),
  };
}

interface NamedValue {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
  readonly IsValueSecret?: boolean | undefined;
}

function withoutSecret({ Value, ...rest }: NamedValue): NamedValue {
  return rest.IsValueSecret === true ? rest : { ...rest, Value };
}
