/** The errors of S3, in its words, as recorded unless said otherwise. */
import { AwsError } from '../../core/errors.ts';

export function noSuchBucket(bucket: string): AwsError {
  return new AwsError('NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket }, 404);
}

export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 'The specified key does not exist.', { Key: key }, 404);
}

export function noSuchVersion(key: string, versionId: string): AwsError {
  const members = { Key: key, VersionId: versionId };
  return new AwsError('NoSuchVersion', 'The specified version does not exist.', members, 404);
}

export function noSuchUpload(uploadId: string): AwsError {
  return new AwsError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
    404,
  );
}

export function invalidArgument(message: string, name: string, value?: unknown): AwsError {
  const members = { ArgumentName: name, ...(value === undefined ? {} : { ArgumentValue: String(value) }) };
  return new AwsError('InvalidArgument', message, members, 400);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequest', message, {}, 400);
}

export function malformedXml(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
    {},
    400,
  );
}

export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { Condition: condition },
    412,
  );
}

/** A conditional request whose value of a header AWS does not take either. */
export function headerNotImplemented(header: string, additionalMessage?: string): AwsError {
  return new AwsError(
    'NotImplemented',
    'A header you provided implies functionality that is not implemented',
    { Header: header, ...(additionalMessage === undefined ? {} : { additionalMessage }) },
    501,
  );
}

export function markerNotAllowed(method: string): AwsError {
  return new AwsError(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { Method: method, ResourceType: 'DeleteMarker' },
    405,
  );
}

/** What is not whole here is refused by name. */
export function notImplemented(operation: string, part: string): AwsError {
  return new AwsError('NotImplemented', `s3:${operation} does not implement ${part} yet.`, {}, 501);
}

/** A bucket has no configuration of that kind. */
export function notConfigured(code: string, message: string, bucket: string): AwsError {
  return new AwsError(code, message, { BucketName: bucket }, 404);
}
