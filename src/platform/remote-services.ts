/** Services at endpoints elsewhere, in the place of those that are opened here. */
import type { Clock } from '../core/clock.ts';
import { invariant } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { Receive } from '../ports/delivery.ts';
import type { Operation, RequestContext, Service } from '../ports/service.ts';
import { dynamoStreamsApi } from '../remote/dynamo-streams-api.ts';
import { kinesisApi } from '../remote/kinesis-api.ts';
import { QueueUrls } from '../remote/queue-urls.ts';
import { RECEIVERS } from '../remote/receivers.ts';
import { RemoteQueues } from '../remote/remote-queues.ts';
import type { StreamApi } from '../remote/remote-streams.ts';
import { RemoteStreams } from '../remote/remote-streams.ts';
import { ApiClient } from '../wire/client/api-client.ts';
import type { SigningCredentials } from '../wire/client/request-signing.ts';
import type { GeneratedModel } from '../wire/model/open.ts';
import { openGeneratedModel } from '../wire/model/open.ts';
import type { ServiceEndpoints } from './service-endpoints.ts';

export interface RemoteServicesDependencies {
  readonly endpoints: ServiceEndpoints;
  /** By which all calls are signed, whoever they are for: sessions that are issued here mean nothing there. */
  readonly credentials: SigningCredentials;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly realNowMs: () => number;
  readonly ids: Ids;
}

export class RemoteServices {
  private readonly deps: RemoteServicesDependencies;
  private readonly clients = new Map<string, ApiClient>();
  private knownQueues: RemoteQueues | undefined;
  readonly services: readonly Service[];

  constructor(deps: RemoteServicesDependencies) {
    this.deps = deps;
    this.services = Object.keys(deps.endpoints).map((name) => this.service(name));
  }

  has(service: string): boolean {
    return Object.hasOwn(this.deps.endpoints, service);
  }

  /** To be asked for where SQS is elsewhere. */
  get queues(): RemoteQueues {
    this.knownQueues ??= new RemoteQueues(this.client('sqs'));
    return this.knownQueues;
  }

  /** To be asked for where Kinesis is elsewhere. */
  kinesisStreams(): RemoteStreams {
    return this.streams(kinesisApi(this.client('kinesis')));
  }

  /** To be asked for where DynamoDB is elsewhere. */
  tableStreams(): RemoteStreams {
    return this.streams(dynamoStreamsApi(this.client('dynamodbstreams')));
  }

  /** Ends calls that are under way. */
  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private streams(api: StreamApi): RemoteStreams {
    return new RemoteStreams({ ...this.deps, api });
  }

  private client(name: string): ApiClient {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const { endpoints, credentials, realNowMs } = this.deps;
    const client = new ApiClient({
      model: modelOf(name),
      endpoint: endpoints[name]!,
      credentials,
      realNowMs,
    });
    this.clients.set(name, client);
    return client;
  }

  /** Every operation of the model, which the endpoint answers or refuses. */
  private service(name: string): Service {
    const client = this.client(name);
    const urls = name === 'sqs' ? new QueueUrls(this.deps.endpoints[name]!) : undefined;
    const operations = modelOf(name).operationNames.map((operation) => {
      const handler = async (input: Readonly<Record<string, unknown>>, context: RequestContext) => {
        const output = await client.call(operation, urls?.there(input, context) ?? input, context);
        return urls?.here(output, context) ?? output;
      };
      return [operation, handler as Operation<never, unknown>];
    });
    const receive = this.receiver(name, client);
    return {
      name,
      operations: Object.fromEntries(operations) as Service['operations'],
      ...(receive === undefined ? {} : { receive }),
    };
  }

  private receiver(name: string, client: ApiClient): Receive | undefined {
    if (name === 'sqs') return (target, delivery) => this.queues.receive(target, delivery);
    return RECEIVERS[name]?.(client, this.deps.ids);
  }
}

function modelOf(name: string): GeneratedModel {
  const model = openGeneratedModel(name);
  invariant(model !== undefined, `there is no generated model named '${name}'`);
  return model;
}

/** Those of the environment that AWS's tools read, else the ones that local endpoints take. */
export function endpointCredentials(
  variables: Readonly<Record<string, string | undefined>>,
): SigningCredentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = variables;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return { accessKeyId: 'test', secretAccessKey: 'test' };
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}
