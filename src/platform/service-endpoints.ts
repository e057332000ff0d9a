/** Which services may be elsewhere, and how their addresses are written. */
import { PlatformError } from '../core/errors.ts';
import { clientProtocol } from '../wire/client/encoded-request.ts';
import { readModelIndex } from '../wire/model/model-file.ts';
import { isLoopback } from '../wire/routing/host-name.ts';

/** Addresses by the names of services: `{"sqs": "https://sqs.eu-west-1.amazonaws.com"}`. */
export type ServiceEndpoints = Readonly<Record<string, string>>;

/** What this server cannot be without: it asks these in the middle of its own work. */
const ALWAYS_HERE: readonly string[] = [
  'application-autoscaling',
  'ecr',
  'iam',
  'kms',
  'lambda',
  'logs',
  's3control',
  'sts',
];

/** The streams of tables have a host of their own at AWS. */
const DYNAMO_HOST = /^(?=dynamodb\..+\.amazonaws\.com)/;

/** Those that were given, and that of DynamoDB's streams where it follows from DynamoDB's. Throws `PlatformError`. */
export function resolveServiceEndpoints(given: ServiceEndpoints, port: number): ServiceEndpoints {
  for (const [service, url] of Object.entries(given)) {
    requireService(service);
    requireUrl(service, url, port);
  }
  const { dynamodb, dynamodbstreams } = given;
  if (dynamodb === undefined && dynamodbstreams !== undefined) {
    throw new PlatformError(
      'The endpoint of dynamodbstreams is set, but that of dynamodb is not: the streams are those of its tables.',
      'Give --endpoint dynamodb=URL too.',
    );
  }
  if (dynamodb === undefined || dynamodbstreams !== undefined) return given;
  const streams = new URL(dynamodb);
  streams.hostname = streams.hostname.replace(DYNAMO_HOST, 'streams.');
  return { ...given, dynamodbstreams: streams.href.replace(/\/$/, '') };
}

function requireService(service: string): void {
  const index = readModelIndex();
  const known = Object.keys(index).filter((name) => !ALWAYS_HERE.includes(name));
  if (ALWAYS_HERE.includes(service)) {
    throw new PlatformError(
      `The service ${service} cannot be at another endpoint: this server works with its own.`,
      `Leave it out. Elsewhere can be ${known.join(', ')}.`,
    );
  }
  const found = Object.hasOwn(index, service) ? index[service] : undefined;
  if (found === undefined || clientProtocol(found) === undefined) {
    throw new PlatformError(
      `The service '${service}' of an endpoint is unknown.`,
      `Choose one of ${known.join(', ')}.`,
    );
  }
}

function requireUrl(service: string, text: string, port: number): void {
  const url = URL.parse(text);
  const isAddress =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === '';
  if (!isAddress) {
    throw new PlatformError(
      `The endpoint '${text}' of ${service} is no address of an API.`,
      'Write it as https://sqs.eu-west-1.amazonaws.com or http://127.0.0.1:9324.',
    );
  }
  if (port !== 0 && isLoopback(url.hostname) && url.port === String(port)) {
    throw new PlatformError(
      `The endpoint ${text} of ${service} is this server itself.`,
      `Leave out --endpoint ${service}=…, or choose another --port.`,
    );
  }
}
