/** Endpoints outside: API destinations, and connections with their credentials. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { CreateConnectionCommandInput } from '@aws-sdk/client-eventbridge';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { openPlatform } from '../../kit/started-platform.ts';
import { EventsTester, failure } from './events-tester.ts';

const RoleArn = 'arn:aws:iam::000000000000:role/r';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

class Endpoint {
  readonly received: Received[] = [];
  readonly origin: string;
  /** What is answered next; 200 where nothing is left. */
  readonly answers: {
    readonly status: number;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }[] = [];

  constructor(origin: string) {
    this.origin = origin;
  }

  static async start(context: TestContext): Promise<Endpoint> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request;
        endpoint.received.push({ method, url, headers, body });
        const answer = endpoint.answers.shift() ?? { status: 200 };
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const endpoint = new Endpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return endpoint;
  }
}

type Auth = Pick<CreateConnectionCommandInput, 'AuthorizationType' | 'AuthParameters'>;

const BASIC: Auth = {
  AuthorizationType: 'BASIC',
  AuthParameters: { BasicAuthParameters: { Username: 'user', Password: 'pass' } },
};

/** The ARN of a new destination with a connection of its own. */
async function destination(
  events: EventsTester,
  url: string,
  auth: Auth,
  {
    name = 'outside',
    ...more
  }: { readonly name?: string; readonly InvocationRateLimitPerSecond?: number } = {},
): Promise<string> {
  const { client } = events;
  const Name = events.unique(name);
  const { ConnectionArn } = await client.send(new CreateConnectionCommand({ Name, ...auth }));
  const InvocationEndpoint = url;
  const made = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' as const, ...more };
  const { ApiDestinationArn } = await client.send(new CreateApiDestinationCommand(made));
  return ApiDestinationArn!;
}

test('a connection is made, changed and described without its secrets', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const Name = events.unique('connection');
  const { ConnectionArn, ConnectionState } = await client.send(
    new CreateConnectionCommand({
      Name,
      AuthorizationType: 'API_KEY',
      AuthParameters: {
        ApiKeyAuthParameters: { ApiKeyName: 'ApiKey', ApiKeyValue: 'secret' },
        InvocationHttpParameters: {
          BodyParameters: [
            { Key: 'a', Value: 'open' },
            { Key: 'b', Value: 'hidden', IsValueSecret: true },
          ],
        },
      },
    }),
  );
  assert.match(
    ConnectionArn!,
    new RegExp(`^arn:aws:events:us-east-1:000000000000:connection/${Name}/[0-9a-f-]{36}$`),
  );
  assert.equal(ConnectionState, 'AUTHORIZED');
  const describe = () => client.send(new DescribeConnectionCommand({ Name }));
  const described = await describe();
  assert.match(described.SecretArn!, /:secret:events!connection\//);
  assert.equal(JSON.stringify(described).includes('secret"'), false);
  assert.deepEqual(described.AuthParameters, {
    ApiKeyAuthParameters: { ApiKeyName: 'ApiKey' },
    InvocationHttpParameters: {
      BodyParameters: [
        { Key: 'a', Value: 'open' },
        { Key: 'b', IsValueSecret: true },
      ],
    },
  });
  await client.send(new UpdateConnectionCommand({ Name, ...BASIC }));
  assert.deepEqual((await describe()).AuthParameters?.BasicAuthParameters, { Username: 'user' });
  const mixed = new UpdateConnectionCommand({ Name, AuthorizationType: 'API_KEY' });
  assert.equal((await failure(client.send(mixed)))[0], 'ValidationException');
  await client.send(new DeauthorizeConnectionCommand({ Name }));
  assert.equal((await describe()).ConnectionState, 'DEAUTHORIZED');
  const { Connections } = await client.send(new ListConnectionsCommand({ NamePrefix: Name }));
  assert.equal(Connections!.length, 1);
  await client.send(new DeleteConnectionCommand({ Name }));
  assert.deepEqual(await failure(describe()), [
    'ResourceNotFoundException',
    `Connection '${Name}' does not exist.`,
  ]);
});

test('connections through a private network are refused by name', async (context) => {
  const { client } = await EventsTester.start(context);
  const ResourceParameters = {
    ResourceConfigurationArn:
      'arn:aws:vpc-lattice:us-east-1:000000000000:resourceconfiguration/rcfg-0123456789abcdef0',
  };
  const create = (more: object, AuthParameters = {}) =>
    client.send(
      new CreateConnectionCommand({
        Name: 'private',
        AuthorizationType: 'BASIC',
        AuthParameters: { ...BASIC.AuthParameters, ...AuthParameters },
        ...more,
      }),
    );
  for (const request of [
    create({ InvocationConnectivityParameters: { ResourceParameters } }),
    create({}, { ConnectivityParameters: { ResourceParameters } }),
  ])
    assert.equal((await failure(request))[0], 'NotImplemented');
});

test('a destination is made, changed, listed and deleted', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const arn = await destination(events, 'https://example.com/*', BASIC, { name: 'made' });
  const Name = events.unique('made');
  const describe = async () => {
    const { $metadata, CreationTime, LastModifiedTime, ...rest } = await client.send(
      new DescribeApiDestinationCommand({ Name }),
    );
    return rest;
  };
  const { ConnectionArn } = await client.send(new DescribeConnectionCommand({ Name }));
  const shown = {
    Name,
    ApiDestinationArn: arn,
    ApiDestinationState: 'ACTIVE',
    ConnectionArn,
    InvocationEndpoint: 'https://example.com/*',
    HttpMethod: 'POST',
    InvocationRateLimitPerSecond: 300,
  };
  assert.deepEqual(await describe(), shown);
  await client.send(new UpdateApiDestinationCommand({ Name, HttpMethod: 'PUT' }));
  await client.send(new DeleteConnectionCommand({ Name }));
  assert.deepEqual(await describe(), { ...shown, HttpMethod: 'PUT', ApiDestinationState: 'INACTIVE' });
  const { ApiDestinations } = await client.send(new ListApiDestinationsCommand({ ConnectionArn }));
  assert.equal(ApiDestinations!.length, 1);
  await client.send(new DeleteApiDestinationCommand({ Name }));
  assert.equal((await failure(describe()))[0], 'ResourceNotFoundException');
});

test('an event goes out with what target and connection add to it', async (context) => {
  const events = await EventsTester.start(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const { BasicAuthParameters } = BASIC.AuthParameters!;
  const Arn = await destination(events, `${endpoint.origin}/orders/*?fixed=1`, {
    AuthorizationType: 'BASIC',
    AuthParameters: {
      BasicAuthParameters,
      InvocationHttpParameters: {
        HeaderParameters: [{ Key: 'X-Both', Value: 'connection' }],
        QueryStringParameters: [{ Key: 'q', Value: 'two words' }],
        BodyParameters: [{ Key: 'added', Value: 'yes' }],
      },
    },
  });
  await events.rule(bus, {
    Arn,
    RoleArn,
    InputPath: '$.detail',
    HttpParameters: {
      PathParameterValues: ['$.detail.id'],
      HeaderParameters: { 'X-Both': 'target', 'X-Own': 'target', 'User-Agent': 'mine', Host: 'nowhere' },
      QueryStringParameters: { name: 'n' },
    },
  });
  await events.put(bus, { Detail: '{"id":"a/b"}' });
  await events.platform.clock.advance(0);
  const [{ headers, ...sent }] = endpoint.received as [Received];
  assert.deepEqual(sent, {
    method: 'POST',
    url: '/orders/a%2Fb?fixed=1&name=n&q=two+words',
    body: '{"id":"a/b","added":"yes"}',
  });
  assert.equal(headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`);
  assert.equal(headers['user-agent'], 'Amazon/EventBridge/ApiDestinations');
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(`http://${headers.host}`, endpoint.origin);
  assert.deepEqual([headers['x-both'], headers['x-own']], ['connection', 'target']);
});

test('what is answered by 5xx is tried again, what by 4xx is a dead letter', async (context) => {
  const events = await EventsTester.alone(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = await destination(events, endpoint.origin, BASIC);
  const rule = await events.rule(bus, {
    Arn,
    RoleArn,
    DeadLetterConfig: { Arn: dead },
    RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3_600 },
  });
  const attributes = () => toldOf(events, dead);
  endpoint.answers.push({ status: 503 }, { status: 429 });
  await events.put(bus, {});
  await events.platform.clock.advance(3_600_000);
  assert.equal(endpoint.received.length, 3, 'the third has been taken');
  assert.deepEqual(await attributes(), []);

  endpoint.answers.push({ status: 503 }, { status: 503 }, { status: 503 });
  await events.put(bus, {});
  await events.platform.clock.advance(3_600_000);
  const told = { RULE_ARN: rule, TARGET_ARN: Arn, ERROR_CODE: 'ERROR_FROM_TARGET' };
  assert.deepEqual(await attributes(), [
    {
      ...told,
      ERROR_MESSAGE: `${endpoint.origin} answered 503`,
      RETRY_ATTEMPTS: '2',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    },
  ]);

  endpoint.answers.push({ status: 400 });
  await events.put(bus, {});
  const [letter] = await attributes();
  assert.deepEqual(letter, {
    ...told,
    ERROR_MESSAGE: `${endpoint.origin} answered 400`,
    RETRY_ATTEMPTS: '0',
  });
});

/** The attributes of the dead letters in a queue; they are taken out of it. */
async function toldOf(events: EventsTester, dead: string) {
  const letters = await events.messages(dead);
  return letters.map(({ MessageAttributes: told }) =>
    Object.fromEntries(Object.entries(told!).map(([name, { StringValue }]) => [name, StringValue])),
  );
}

test('Retry-After says when an endpoint is asked again, or that it is not', async (context) => {
  const events = await EventsTester.alone(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = await destination(events, endpoint.origin, BASIC);
  await events.rule(bus, { Arn, RoleArn, DeadLetterConfig: { Arn: dead } });
  // Longer than any back-off of the first attempts.
  const headers = [
    { 'retry-after': '120' },
    { date: 'Tue, 06 Jan 2026 08:00:00 GMT', 'retry-after': 'Tue, 06 Jan 2026 08:02:00 GMT' },
  ];
  for (const each of headers) {
    const before = endpoint.received.length;
    endpoint.answers.push({ status: 503, headers: each });
    await events.put(bus, {});
    await events.platform.clock.advance(119_999);
    assert.equal(endpoint.received.length, before + 1, JSON.stringify(each));
    await events.platform.clock.advance(1);
    assert.equal(endpoint.received.length, before + 2, JSON.stringify(each));
  }
  endpoint.answers.push({ status: 429, headers: { 'retry-after': '-1' } });
  await events.put(bus, {});
  const [{ ERROR_CODE, EXHAUSTED_RETRY_CONDITION: exhausted, RETRY_ATTEMPTS } = {}] = await toldOf(
    events,
    dead,
  );
  assert.deepEqual([ERROR_CODE, exhausted, RETRY_ATTEMPTS], ['THROTTLING', undefined, '0']);
});

test('what is no request is a dead letter at once; a body that is no object stays as it is', async (context) => {
  const events = await EventsTester.start(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const given = { RoleArn, DeadLetterConfig: { Arn: dead } };
  const host = await destination(events, 'http://*.example/', BASIC, { name: 'host' });
  const PathParameterValues = ['$.detail.text'];
  await events.ruleOf(
    bus,
    { detail: { of: ['path'] } },
    { Arn: host, ...given, HttpParameters: { PathParameterValues } },
  );
  const Arn = await destination(events, endpoint.origin, {
    ...BASIC,
    AuthParameters: {
      ...BASIC.AuthParameters,
      InvocationHttpParameters: { BodyParameters: [{ Key: 'added', Value: 'yes' }] },
    },
  });
  const HeaderParameters = { 'X-Own': '$.detail.text' };
  await events.ruleOf(
    bus,
    { detail: { of: ['header'] } },
    { Arn, ...given, HttpParameters: { HeaderParameters } },
  );
  const InputTransformer = { InputPathsMap: { text: '$.detail.text' }, InputTemplate: 'order <text>' };
  await events.ruleOf(bus, { detail: { of: ['body'] } }, { Arn, ...given, InputTransformer });
  const put = (of: string, text: string) => events.put(bus, { Detail: JSON.stringify({ of, text }) });

  await put('path', 'a b');
  const [path] = await toldOf(events, dead);
  assert.equal(path!['ERROR_CODE'], 'INVALID_PARAMETER');
  assert.match(path!['ERROR_MESSAGE']!, /^http:\/\/a%20b\.example\/ is no URL$/);

  await put('header', 'a\nb');
  const [header] = await toldOf(events, dead);
  assert.equal(header!['ERROR_CODE'], 'INVALID_PARAMETER');
  assert.match(header!['ERROR_MESSAGE']!, /Invalid character in header/);
  assert.equal(endpoint.received.length, 0);

  await put('body', 'seven');
  assert.deepEqual(await toldOf(events, dead), []);
  assert.deepEqual(
    endpoint.received.map(({ body }) => body),
    ['order "seven"'],
  );
});

test('a request that the end of the server breaks off is no failure: it is made by the next one', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-broken-off-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const arrived: (() => void)[] = [];
  const requests: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    requests.push(response);
    arrived.shift()?.();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const came = () => new Promise<void>((resolve) => arrived.push(resolve));

  const first = EventsTester.on(context, await openPlatform({ frozenClock: true, dataDir }));
  const bus = await first.bus();
  const Arn = await destination(first, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, BASIC);
  await first.rule(bus, { Arn, RoleArn, RetryPolicy: { MaximumRetryAttempts: 0 } });
  const begun = came();
  await first.put(bus, {});
  await begun;
  await first.platform.close();

  const again = came();
  const second = await EventsTester.alone(context, { dataDir });
  const moved = second.platform.clock.advance(1);
  await again;
  requests.at(-1)!.end();
  await moved;
  assert.equal(requests.length, 2);
});

test('a destination that is gone takes nothing, also where another has its name', async (context) => {
  const events = await EventsTester.start(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = await destination(events, endpoint.origin, BASIC, { name: 'gone' });
  await events.rule(bus, { Arn, RoleArn, DeadLetterConfig: { Arn: dead } });
  const Name = events.unique('gone');
  await events.client.send(new DeleteApiDestinationCommand({ Name }));
  await events.client.send(new DeleteConnectionCommand({ Name }));
  await destination(events, endpoint.origin, BASIC, { name: 'gone' });
  await events.put(bus, {});
  const [letter] = await toldOf(events, dead);
  assert.equal(letter!['ERROR_CODE'], 'NO_RESOURCE');
  assert.equal(letter!['ERROR_MESSAGE'], `The API destination ${Arn} does not exist.`);
  assert.equal(endpoint.received.length, 0);
});

test('what the rate of a destination leaves no place for before it is too old is a dead letter', async (context) => {
  const events = await EventsTester.alone(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = await destination(events, endpoint.origin, BASIC, { InvocationRateLimitPerSecond: 1 });
  await events.rule(bus, {
    Arn,
    RoleArn,
    DeadLetterConfig: { Arn: dead },
    RetryPolicy: { MaximumEventAgeInSeconds: 60 },
  });
  // One at once and one in each of the 60 seconds that follow.
  const [places, tooMany] = [61, 2];
  for (let put = 0; put < (places + tooMany) / 9; put += 1) await events.put(bus, ...Array(9).fill({}));
  const letters = await toldOf(events, dead);
  assert.deepEqual(
    letters.map(({ ERROR_CODE, EXHAUSTED_RETRY_CONDITION: exhausted }) => [ERROR_CODE, exhausted]),
    Array(tooMany).fill(['THROTTLING', 'MaximumEventAgeInSeconds']),
  );
  assert.equal(endpoint.received.length, 1);
  await events.platform.clock.advance(60_000);
  assert.equal(endpoint.received.length, places);
});

test('a destination gets as many requests in a second as it is made for', async (context) => {
  const events = await EventsTester.alone(context);
  const endpoint = await Endpoint.start(context);
  const bus = await events.bus();
  const Arn = await destination(events, endpoint.origin, BASIC, { InvocationRateLimitPerSecond: 2 });
  await events.rule(bus, { Arn, RoleArn });
  await events.put(bus, {}, {}, {}, {}, {});
  const counts: number[] = [];
  for (let second = 0; second < 3; second += 1) {
    await events.platform.clock.advance(second === 0 ? 0 : 1_000);
    counts.push(endpoint.received.length);
  }
  assert.deepEqual(counts, [2, 4, 5]);
});

const token = (value: string) => ({ status: 200, body: JSON.stringify({ access_token: value }) });

const oauth = (server: Endpoint): Auth => ({
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      AuthorizationEndpoint: `${server.origin}/token`,
      HttpMethod: 'POST',
      ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
      OAuthHttpParameters: { BodyParameters: [{ Key: 'audience', Value: 'all' }] },
    },
  },
});

test('events that come together ask for one token, and for another once the connection is changed', async (context) => {
  const events = await EventsTester.alone(context);
  const [endpoint, server] = [await Endpoint.start(context), await Endpoint.start(context)];
  server.answers.push({ status: 500 }, token('one'), token('two'), token('three'));
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = await destination(events, endpoint.origin, oauth(server));
  await events.rule(bus, { Arn, RoleArn, DeadLetterConfig: { Arn: dead } });
  await events.platform.clock.advance(0);
  const Name = events.unique('outside');
  const describe = () => events.client.send(new DescribeConnectionCommand({ Name }));
  const { ConnectionState, StateReason } = await describe();
  assert.equal(ConnectionState, 'DEAUTHORIZED');
  assert.match(StateReason!, /gave no token: it answered 500$/);

  const sent = () => endpoint.received.map(({ headers }) => headers.authorization);
  await events.put(bus, {}, {}, {});
  await events.platform.clock.advance(0);
  assert.deepEqual(sent(), Array(3).fill('Bearer one'));
  assert.equal(server.received.length, 2);

  await events.client.send(new DeauthorizeConnectionCommand({ Name }));
  await events.put(bus, {});
  const [letter] = await toldOf(events, dead);
  assert.match(letter!['ERROR_MESSAGE']!, /lets nobody in\.$/);
  // The clock stands still: it is not the time by which another token is told from the one before.
  for (let update = 0; update < 2; update += 1) {
    await events.client.send(new UpdateConnectionCommand({ Name, ...oauth(server) }));
    await events.put(bus, {});
    await events.platform.clock.advance(0);
  }
  assert.deepEqual(sent(), [...Array(3).fill('Bearer one'), 'Bearer two', 'Bearer three']);
  assert.equal((await describe()).ConnectionState, 'AUTHORIZED');
});

test('a token is asked for once, and again when the endpoint refuses it', async (context) => {
  const events = await EventsTester.alone(context);
  const [endpoint, server] = [await Endpoint.start(context), await Endpoint.start(context)];
  server.answers.push(token('one'), token('two'));
  const bus = await events.bus();
  const Arn = await destination(events, endpoint.origin, oauth(server));
  await events.rule(bus, { Arn, RoleArn });
  await events.platform.clock.advance(0);
  const { Connections } = await events.client.send(new ListConnectionsCommand({}));
  assert.equal(Connections![0]!.ConnectionState, 'AUTHORIZED');
  await events.put(bus, {});
  await events.platform.clock.advance(0);
  endpoint.answers.push({ status: 401 });
  await events.put(bus, {});
  await events.platform.clock.advance(60_000);
  assert.deepEqual(
    endpoint.received.map(({ headers }) => headers.authorization),
    ['Bearer one', 'Bearer one', 'Bearer two'],
  );
  assert.equal(server.received.length, 2);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(server.received[0]!.body)), {
    grant_type: 'client_credentials',
    client_id: 'id',
    client_secret: 'secret',
    audience: 'all',
  });
});

test('no file of the data directory shows a secret', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-connections-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const events = await EventsTester.alone(context, { dataDir });
  const secret = 'a-password-nobody-reads';
  const AuthParameters = { BasicAuthParameters: { Username: 'seen', Password: secret } };
  await events.client.send(
    new CreateConnectionCommand({ Name: 'c', AuthorizationType: 'BASIC', AuthParameters }),
  );
  const files = (await readdir(dataDir, { withFileTypes: true })).filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map(({ name }) => readFile(join(dataDir, name), 'latin1')));
  assert.ok(
    texts.some((held) => held.includes('OAUTH') || held.includes('BASIC')),
    'the record is there',
  );
  assert.equal(
    texts.some((held) => held.includes(secret)),
    false,
  );
});
