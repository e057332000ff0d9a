/** Refusals of signatures, in the codes and words of the API that is called. */
import { AwsError } from '../../core/errors.ts';

/** APIs differ in the codes of the same refusal: S3's own, those of Query, and those of JSON. */
export type Dialect = 's3' | 'query' | 'restJson' | 'jsonRpc';

export type RefusalKind =
  | 'missing'
  | 'incomplete'
  | 'unknownKey'
  | 'invalidToken'
  | 'expiredToken'
  | 'mismatch'
  | 'time'
  | 'expired';

type CodeAndStatus = readonly [code: string, status: number];

const S3: Readonly<Record<RefusalKind, CodeAndStatus>> = {
  missing: ['AccessDenied', 403],
  incomplete: ['AuthorizationHeaderMalformed', 400],
  unknownKey: ['InvalidAccessKeyId', 403],
  invalidToken: ['InvalidToken', 400],
  expiredToken: ['ExpiredToken', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  time: ['RequestTimeTooSkewed', 403],
  expired: ['AccessDenied', 403],
};

const QUERY: Readonly<Record<RefusalKind, CodeAndStatus>> = {
  missing: ['MissingAuthenticationToken', 403],
  incomplete: ['IncompleteSignature', 400],
  unknownKey: ['InvalidClientTokenId', 403],
  invalidToken: ['InvalidClientTokenId', 403],
  expiredToken: ['ExpiredToken', 403],
  mismatch: ['SignatureDoesNotMatch', 403],
  time: ['SignatureDoesNotMatch', 403],
  expired: ['SignatureDoesNotMatch', 403],
};

/** DynamoDB, Kinesis and their like answer 400 where REST services answer 403. */
const JSON_CODES: Readonly<Record<RefusalKind, string>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  unknownKey: 'UnrecognizedClientException',
  invalidToken: 'UnrecognizedClientException',
  expiredToken: 'ExpiredTokenException',
  mismatch: 'InvalidSignatureException',
  time: 'InvalidSignatureException',
  expired: 'InvalidSignatureException',
};

export function refuse(
  dialect: Dialect,
  kind: RefusalKind,
  message: string,
  members: Record<string, unknown> = {},
): AwsError {
  if (dialect === 's3') return new AwsError(S3[kind][0], message, members, S3[kind][1]);
  if (dialect === 'query') return new AwsError(QUERY[kind][0], message, {}, QUERY[kind][1]);
  return new AwsError(JSON_CODES[kind], message, {}, dialect === 'restJson' ? 403 : 400);
}
