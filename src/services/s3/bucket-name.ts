import { AwsError } from '../../core/errors.ts';

/** Source: user guide, "General purpose bucket naming rules". */
const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const RESERVED = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

export function checkBucketName(name: string): void {
  if (NAME.test(name) && !name.includes('..') && !ADDRESS.test(name) && !RESERVED.test(name)) return;
  throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name }, 400);
}
