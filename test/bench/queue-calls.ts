/** Calls of SQS without an SDK in the way. */
import type { Dispatcher } from 'undici';
import { SIGNED_HEADERS } from './functions.ts';

const HEADERS = {
  'Content-Type': 'application/x-amz-json-1.0',
  Authorization: SIGNED_HEADERS.Authorization.replace('/lambda/', '/sqs/'),
  'X-Amz-Date': SIGNED_HEADERS['X-Amz-Date'],
};

/** Throws what is not a success. */
export async function callQueues(dispatcher: Dispatcher, operation: string, input: object): Promise<unknown> {
  const answer = await dispatcher.request({
    method: 'POST',
    path: '/',
    headers: { ...HEADERS, 'X-Amz-Target': `AmazonSQS.${operation}` },
    body: JSON.stringify(input),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${operation} answered ${answer.statusCode}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}
