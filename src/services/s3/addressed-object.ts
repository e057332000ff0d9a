import type { IncomingMessage } from 'node:http';

/** Names below which a host name's other labels are a bucket. */
const LOCAL_NAME = /\.localhost(?:\.localstack\.cloud)?$/;
/** S3's own label of a host name, with a region behind it or not. */
const S3_LABEL = /(?:^|\.)s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?$/;

/** The bucket that a request which is no API call is for, by its host name or path, and the rest of the path. */
export function addressed({ headers, url = '/' }: IncomingMessage): [bucket: string, key: string] {
  const path = url.split('?')[0]!.slice(1);
  const name = (headers.host ?? '').replace(/:\d+$/, '');
  const host = LOCAL_NAME.test(name) ? name.replace(LOCAL_NAME, '').replace(S3_LABEL, '') : '';
  if (host !== '') return [host, path];
  const slash = path.indexOf('/');
  return slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
}
