/** Verifies who has signed an upload form of S3, and that they may put the object. */
import { timingSafeEqual } from 'node:crypto';
import { AwsError } from '../core/errors.ts';
import type { Authorize } from '../ports/authorize.ts';
import type { AdmitForm } from '../services/s3/post-object.ts';
import { hmac, hmacKey } from '../wire/signature/signing-key.ts';
import type { Signers } from './signers.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';

export function formAdmission(signers: Signers, authorize: Authorize): AdmitForm {
  return async (fields, resource, resourcePolicy) => {
    const field = (name: string): string => fields.get(name) ?? '';
    if (field('x-amz-algorithm') !== ALGORITHM)
      throw new AwsError(
        'InvalidRequest',
        `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
        {},
        400,
      );
    const [accessKeyId = '', date = '', region = '', service = ''] = field('x-amz-credential').split('/');
    const token = fields.get('x-amz-security-token');
    const credentials = signers.credentials(accessKeyId, token);
    if (credentials === undefined) {
      const message = 'The AWS Access Key Id you provided does not exist in our records.';
      throw new AwsError('InvalidAccessKeyId', message, { AWSAccessKeyId: accessKeyId }, 403);
    }
    const expected = hmac(hmacKey(credentials.secretAccessKey, date, region, service), field('policy'));
    const given = Buffer.from(field('x-amz-signature'), 'hex');
    if (service !== 's3' || given.length !== expected.length || !timingSafeEqual(given, expected))
      throw signatureDoesNotMatch(accessKeyId);
    const identity = signers.verifiedIdentity(accessKeyId, token);
    const { outcome } = authorize({
      identity,
      action: 's3:PutObject',
      resource,
      facts: {},
      resourcePolicy,
    });
    if (outcome !== 'allowed') throw new AwsError('AccessDenied', 'Access Denied', {}, 403);
    return identity;
  };
}

function signatureDoesNotMatch(accessKeyId: string): AwsError {
  return new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { AWSAccessKeyId: accessKeyId },
    403,
  );
}
