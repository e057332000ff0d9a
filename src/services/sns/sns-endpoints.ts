/** What messages link to: the certificate of their signatures, and two requests that need none. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../../core/errors.ts';
import type { Endpoint } from '../../ports/service.ts';
import { confirm } from './confirmation.ts';
import type { SigningKey } from './signing-key.ts';
import type { SnsContext } from './sns-context.ts';
import { invalidParameter } from './sns-errors.ts';

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';

export function snsEndpoints(sns: SnsContext, signingKey: SigningKey): Endpoint[] {
  return [
    {
      pathPrefix: '/SimpleNotificationService-',
      async handle(request, response) {
        const { fileName, pem } = await signingKey.certificate();
        const isKnown = request.url === `/${fileName}`;
        answer(response, isKnown ? 200 : 404, isKnown ? pem : '', 'application/x-pem-file');
      },
    },
    {
      pathPrefix: '/?',
      serves: (request) => request.method === 'GET' && isLink(request) && !isSigned(request),
      handle: (request, response) => follow(sns, request, response),
    },
  ];
}

async function follow(sns: SnsContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parameters = parametersOf(request);
  const action = parameters.get('Action')!;
  const requestId = sns.ids.uuid();
  try {
    const result =
      action === 'Unsubscribe' ? await unsubscribe(sns, parameters) : await confirmed(sns, parameters);
    const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
    const text = `<${action}Response xmlns="${NAMESPACE}">${result}${metadata}</${action}Response>`;
    answer(response, 200, text, 'text/xml');
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    answer(response, 400, errorText(error, requestId), 'text/xml');
  }
}

async function confirmed(sns: SnsContext, parameters: URLSearchParams): Promise<string> {
  const [topicArn, token] = [parameters.get('TopicArn') ?? '', parameters.get('Token') ?? ''];
  const arn = await confirm(sns, topicArn, token, false, false);
  return `<ConfirmSubscriptionResult><SubscriptionArn>${escaped(arn)}</SubscriptionArn></ConfirmSubscriptionResult>`;
}

async function unsubscribe({ subscriptions }: SnsContext, parameters: URLSearchParams): Promise<string> {
  const arn = parameters.get('SubscriptionArn') ?? '';
  const subscription = subscriptions.find(arn);
  if (subscription?.record.authenticatesUnsubscribe) {
    throw new AwsError('AuthorizationErrorException', 'Unsubscribe of this subscription must be signed');
  }
  if (subscription?.isPending) {
    throw invalidParameter('This operation is not permitted on a pending subscription.');
  }
  await subscriptions.delete(arn);
  return '';
}

function isLink(request: IncomingMessage): boolean {
  return ['ConfirmSubscription', 'Unsubscribe'].includes(parametersOf(request).get('Action') ?? '');
}

function isSigned(request: IncomingMessage): boolean {
  return request.headers.authorization !== undefined || parametersOf(request).has('X-Amz-Signature');
}

function parametersOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1));
}

function errorText(error: AwsError, requestId: string): string {
  const code = error.code.replace(/Exception$/, '');
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function answer(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
