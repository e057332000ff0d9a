/** Function URLs from the side of their callers. Source: Lambda developer guide, "Lambda function URLs". */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import type { CreateFunctionUrlConfigCommandInput } from '@aws-sdk/client-lambda';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  LambdaClient,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionUrlConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import {
  clientSettings,
  openPlatform,
  startedPlatform,
  TEST_CREDENTIALS,
} from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { callUrl, openUrl, signed } from './url-client.ts';

let platform: Platform;
let lambda: LambdaClient;
let made = 0;

before(async () => {
  platform = await openPlatform();
  lambda = new LambdaClient(clientSettings(platform));
});

after(async () => {
  lambda.destroy();
  await platform.close();
});

interface Made {
  readonly name: string;
  readonly url: string;
}

/** `code` is that of a module whose `handler` is exported. */
async function functionWithUrl(
  code: string,
  config: Partial<CreateFunctionUrlConfigCommandInput> = {},
  client = lambda,
): Promise<Made> {
  made += 1;
  const name = `url-${made}`;
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await zipOf({ 'index.js': code }) },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { FunctionName: name },
  );
  const { FunctionUrl } = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: 'NONE', ...config }),
  );
  return { name, url: FunctionUrl! };
}

const ECHO = 'exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });';

interface UrlEvent {
  readonly [member: string]: unknown;
  readonly headers: Record<string, string>;
  readonly requestContext: {
    readonly [member: string]: unknown;
    readonly http: Record<string, string>;
    readonly authorizer?: { readonly iam: Record<string, unknown> };
  };
}

test('a request comes as an event of payload format 2.0, over IPv4 and IPv6', async () => {
  const { url } = await functionWithUrl(ECHO);
  assert.match(url, /^http:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+\/$/);
  const [urlId] = new URL(url).hostname.split('.');
  for (const address of ['127.0.0.1', '::1']) {
    const call = {
      method: 'POST',
      path: '/a%20path/b?x=1&y=2&x=3',
      headers: {
        'content-type': 'application/json',
        cookie: 'one=1; two=2',
        'X-Custom': 'Value',
        'user-agent': 'test',
      },
      body: '{"k":"ü"}',
    };
    const { status, headers, json } = await callUrl(url, call, address);
    assert.equal(status, 200);
    const event = json<UrlEvent>();
    const { headers: sent, requestContext, ...rest } = event;
    assert.deepEqual(rest, {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a path/b',
      rawQueryString: 'x=1&y=2&x=3',
      cookies: ['one=1', 'two=2'],
      queryStringParameters: { x: '1,3', y: '2' },
      body: '{"k":"ü"}',
      isBase64Encoded: false,
    });
    assert.equal(sent['x-custom'], 'Value');
    assert.equal(sent['x-forwarded-proto'], 'http');
    assert.equal(sent['x-amzn-trace-id'], headers['x-amzn-trace-id']);
    const { http, time, timeEpoch, requestId, ...about } = requestContext;
    assert.deepEqual(about, {
      accountId: 'anonymous',
      apiId: urlId,
      domainName: new URL(url).hostname,
      domainPrefix: urlId,
      routeKey: '$default',
      stage: '$default',
    });
    assert.deepEqual(http, {
      method: 'POST',
      path: '/a path/b',
      protocol: 'HTTP/1.1',
      sourceIp: address,
      userAgent: 'test',
    });
    assert.equal(requestId, headers['x-amzn-requestid']);
    assert.match(String(time), /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    assert.equal(typeof timeEpoch, 'number');
  }
});

test('what is no text comes in base64, forms too, and paths of this server itself are the function’s', async () => {
  const { url } = await functionWithUrl(ECHO);
  const form = await callUrl(url, {
    method: 'POST',
    path: '/_selfsame/health',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=1',
  });
  const event = form.json<UrlEvent>();
  assert.deepEqual(
    [event['rawPath'], event['body'], event['isBase64Encoded']],
    ['/_selfsame/health', 'YT0x', true],
  );
});

const ANSWERS: readonly [string, string, number, string, string][] = [
  ['a string', '"plain"', 200, 'application/json', 'plain'],
  ['an object', '{ a: 1 }', 200, 'application/json', '{"a":1}'],
  ['nothing', 'undefined', 200, 'application/json', ''],
  [
    'a body in base64',
    "{ statusCode: 201, isBase64Encoded: true, body: 'aGk=' }",
    201,
    'application/json',
    'hi',
  ],
  [
    'a type of its own',
    "{ statusCode: '202', headers: { 'Content-Type': 'text/plain' }, body: 'x' }",
    202,
    'text/plain',
    'x',
  ],
  ['no status', "{ statusCode: 'none' }", 502, 'application/json', 'Internal Server Error'],
  ['a status that is no answer', '{ statusCode: 101 }', 502, 'application/json', 'Internal Server Error'],
  [
    'a field that would begin another',
    "{ statusCode: 200, headers: { 'X-A': '1\\r\\nSet-Cookie: a=1' } }",
    502,
    'application/json',
    'Internal Server Error',
  ],
  ['an error', '(() => { throw new Error("x") })()', 502, 'application/json', 'Internal Server Error'],
];

test('what the function returns is the response, as AWS reads it', async () => {
  const { url } = await functionWithUrl(
    `const answers = [${ANSWERS.map(([, code]) => `() => (${code})`).join(',')}];
     exports.handler = async (event) => answers[Number(event.queryStringParameters.n)]();`,
  );
  for (const [n, [what, , status, type, text]] of ANSWERS.entries()) {
    const reply = await callUrl(url, { path: `/?n=${n}` });
    assert.deepEqual([reply.status, reply.headers['content-type'], reply.text], [status, type, text], what);
  }
});

test('cookies and fields of several values are sent as such', async () => {
  const { url } = await functionWithUrl(
    `exports.handler = async () => ({
       statusCode: 204, cookies: ['a=1; Secure', 'b=2'], headers: { 'X-Many': ['1', '2'], 'Content-Length': '9' },
     });`,
  );
  const { status, headers, text } = await callUrl(url);
  assert.deepEqual([status, text], [204, '']);
  assert.deepEqual(headers['set-cookie'], ['a=1; Secure', 'b=2']);
  assert.equal(headers['x-many'], '1, 2');
});

test('the first byte of a streamed response leaves before the function has written the last', async () => {
  const { url } = await functionWithUrl(
    `let release;
     exports.handler = awslambda.streamifyResponse(async (event, stream) => {
       if (event.rawPath === '/fail') { stream.write('begun'); throw new Error('half way'); }
       const out = awslambda.HttpResponseStream.from(stream, {
         statusCode: 203, headers: { 'content-type': 'text/plain', 'x-own': '1' }, cookies: ['c=1'],
       });
       out.write('first');
       // The rest comes only when a second environment has been asked to go on.
       const { CloudWatchLogs } = require('@aws-sdk/client-cloudwatch-logs');
       const logs = new CloudWatchLogs();
       for (;;) {
         const { logGroups } = await logs.describeLogGroups({ logGroupNamePrefix: 'go-on' });
         if (logGroups.length > 0) break;
       }
       out.end('last');
     });`,
    { InvokeMode: 'RESPONSE_STREAM' },
  );
  const response = await openUrl(url);
  assert.equal(response.statusCode, 203);
  assert.deepEqual([response.headers['x-own'], response.headers['set-cookie']], ['1', ['c=1']]);
  const pieces = response.iterator();
  const { value } = await pieces.next();
  assert.equal(String(value), 'first');
  const { CloudWatchLogs } = await import('@aws-sdk/client-cloudwatch-logs');
  const logs = new CloudWatchLogs(clientSettings(platform));
  await logs.createLogGroup({ logGroupName: 'go-on' });
  logs.destroy();
  assert.equal(String((await pieces.next()).value), 'last');
  assert.equal((await pieces.next()).done, true);
  const broken = await openUrl(url, { path: '/fail' });
  assert.equal(broken.statusCode, 200);
  assert.equal(broken.headers['content-type'], 'application/octet-stream');
  await assert.rejects(broken.toArray(), { code: 'ECONNRESET' });
});

test('what stands for the head of a streamed response and is none is a failure of the function', async () => {
  for (const InvokeMode of ['RESPONSE_STREAM', 'BUFFERED'] as const) {
    const { url } = await functionWithUrl(
      `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
         stream.setContentType('application/vnd.awslambda.http-integration-response');
         stream.write('no JSON' + '\\0'.repeat(8) + 'body');
         stream.end();
       });`,
      { InvokeMode },
    );
    const { status, text } = await callUrl(url);
    assert.deepEqual([status, text], [502, 'Internal Server Error'], InvokeMode);
  }
});

test('a proxy may name the whole URL, and HEAD is answered with a head', async () => {
  const { url } = await functionWithUrl(ECHO);
  for (const [target, rawPath, rawQueryString] of [
    [`${url}a?b=1`, '/a', 'b=1'],
    [`${url.slice(0, -1)}?b=1`, '/', 'b=1'],
  ] as const) {
    const event = (await callUrl(url, { path: target })).json<UrlEvent>();
    assert.deepEqual([event['rawPath'], event['rawQueryString']], [rawPath, rawQueryString]);
  }
  const head = await callUrl(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.ok(Number(head.headers['content-length']) > 0);
});

test('a streaming function behind a buffered URL answers as a whole', async () => {
  const { url } = await functionWithUrl(
    `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
       stream.setContentType('text/html');
       stream.write('<p>'); stream.end('</p>');
     });`,
  );
  const { status, headers, text } = await callUrl(url);
  assert.deepEqual([status, headers['content-type'], text], [200, 'text/html', '<p></p>']);
});

test('CORS: preflights are answered without the function, and origins are let in by the configuration', async () => {
  const { url, name } = await functionWithUrl(
    "exports.handler = async () => ({ statusCode: 200, headers: { 'access-control-allow-origin': 'no' }, body: '' });",
    {
      Cors: {
        AllowOrigins: ['https://*.example.com'],
        AllowMethods: ['GET', 'PUT'],
        AllowHeaders: ['x-a'],
        ExposeHeaders: ['x-b'],
        AllowCredentials: true,
        MaxAge: 60,
      },
    },
  );
  const preflight = (origin: string, method = 'PUT') =>
    callUrl(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'x-a',
      },
    });
  const { status, headers } = await preflight('https://app.example.com');
  assert.equal(status, 200);
  const cors = Object.fromEntries(
    Object.entries(headers).filter(([field]) => field.startsWith('access-control')),
  );
  assert.deepEqual(cors, {
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET,PUT',
    'access-control-allow-headers': 'x-a',
    'access-control-expose-headers': 'x-b',
    'access-control-max-age': '60',
  });
  for (const refused of [
    await preflight('https://example.org'),
    await preflight('https://app.example.com', 'DELETE'),
  ])
    assert.equal(refused.headers['access-control-allow-methods'], undefined);
  const real = await callUrl(url, { headers: { origin: 'https://app.example.com' } });
  assert.equal(real.headers['access-control-allow-origin'], 'https://app.example.com');
  assert.equal(real.headers['access-control-expose-headers'], 'x-b');
  await lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: name, Cors: {} }));
  const without = await callUrl(url, { method: 'OPTIONS', headers: { origin: 'https://app.example.com' } });
  assert.equal(without.headers['access-control-allow-origin'], 'no');
});

test('AWS_IAM takes a right signature of somebody who may, and nothing else', async (context) => {
  const { url, name } = await functionWithUrl(ECHO, { AuthType: 'AWS_IAM' });
  const forbidden = await callUrl(url);
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.headers['x-amzn-errortype'], 'MissingAuthenticationTokenException');
  const call = { method: 'POST', path: '/p?q=1', body: 'hello', headers: { 'content-type': 'text/plain' } };
  const root = await callUrl(url, await signed(url, call, TEST_CREDENTIALS));
  assert.equal(root.status, 200);
  const { iam } = root.json<UrlEvent>().requestContext.authorizer!;
  assert.deepEqual(iam, {
    accessKey: 'test',
    accountId: '000000000000',
    callerId: '000000000000',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: 'arn:aws:iam::000000000000:root',
    userId: '000000000000',
  });
  const wrong = await callUrl(
    url,
    await signed(url, call, { ...TEST_CREDENTIALS, secretAccessKey: 'wrong' }),
  );
  assert.equal(wrong.status, 403);
  const changed = await callUrl(url, { ...(await signed(url, call, TEST_CREDENTIALS)), body: 'other' });
  assert.equal(changed.status, 403);

  const iamClient = new IAMClient(clientSettings(platform));
  context.after(() => iamClient.destroy());
  await iamClient.send(new CreateUserCommand({ UserName: 'caller' }));
  const { AccessKey } = await iamClient.send(new CreateAccessKeyCommand({ UserName: 'caller' }));
  const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  assert.equal((await callUrl(url, await signed(url, call, keys))).status, 403);
  for (const [Action, condition] of [
    ['lambda:InvokeFunctionUrl', { FunctionUrlAuthType: 'AWS_IAM' as const }],
    ['lambda:InvokeFunction', { InvokedViaFunctionUrl: true }],
  ] as const) {
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: Action.slice(7),
        Action,
        Principal: 'arn:aws:iam::000000000000:user/caller',
        ...condition,
      }),
    );
  }
  assert.equal((await callUrl(url, await signed(url, call, keys))).status, 200);
  // Another account needs both: the resource's policy and its own.
  const other = { accessKeyId: '111122223333', secretAccessKey: 'test' };
  assert.equal((await callUrl(url, await signed(url, call, other))).status, 403);
});

test('an alias has a URL of its own, reserved concurrency 0 closes it, and a deleted one is forbidden', async () => {
  const { name, url } = await functionWithUrl(
    'exports.handler = async (_, context) => context.invokedFunctionArn;',
  );
  await lambda.send(new PublishVersionCommand({ FunctionName: name }));
  await lambda.send(new CreateAliasCommand({ FunctionName: name, Name: 'live', FunctionVersion: '1' }));
  const { FunctionUrl } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: name, Qualifier: 'live', AuthType: 'NONE' }),
  );
  assert.notEqual(FunctionUrl, url);
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  assert.equal((await callUrl(url)).text, arn);
  assert.equal((await callUrl(FunctionUrl!)).text, `${arn}:live`);
  await lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 0 }),
  );
  const closed = await callUrl(url);
  assert.deepEqual(
    [closed.status, closed.json<Record<string, string>>()['Reason']],
    [429, 'ReservedFunctionConcurrentInvocationLimitExceeded'],
  );
  await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: name }));
  const gone = await callUrl(url);
  assert.deepEqual([gone.status, gone.text], [403, '{"Message":null}']);
});

test('with authorization on, a URL for everybody needs the permission that AWS asks of it', async (context) => {
  const strict = await startedPlatform(context, { authorization: true });
  const client = new LambdaClient(clientSettings(strict));
  context.after(() => client.destroy());
  const { url, name } = await functionWithUrl("exports.handler = async () => 'in';", {}, client);
  const refused = await callUrl(url);
  assert.deepEqual([refused.status, refused.text], [403, '{"Message":"Forbidden"}']);
  for (const [StatementId, Action, condition] of [
    ['a', 'lambda:InvokeFunctionUrl', { FunctionUrlAuthType: 'NONE' as const }],
    ['b', 'lambda:InvokeFunction', { InvokedViaFunctionUrl: true }],
  ] as const) {
    await client.send(
      new AddPermissionCommand({ FunctionName: name, StatementId, Action, Principal: '*', ...condition }),
    );
  }
  assert.equal((await callUrl(url)).text, 'in');
});
