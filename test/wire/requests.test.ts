/** Requests as clients send them, to a whole server: which service and operation they reach, in which form they are refused. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { decodeCbor, encodeCbor } from '../../src/wire/protocols/cbor.ts';
import { head, RawConnection } from './server/raw-connection.ts';

const scope = (service: string, region = 'eu-west-1') =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=x`;
const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

describe('a request', () => {
  let platform: Platform;
  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
  });
  after(() => platform.close());

  const send = async ({ method = 'POST', path = '/', headers = {}, body }: Sent): Promise<Received> => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`${platform.origin}${path}`, init);
    return {
      status: response.status,
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    };
  };

  /** Sets Host, which fetch does not. */
  const sendTo = async (host: string, path: string): Promise<string> => {
    const connection = await RawConnection.open(Number(new URL(platform.origin).port));
    connection.send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    return connection.untilClosed();
  };

  describe('finds its service and operation by', () => {
    const query = (service: string) =>
      `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`test/20260101/eu-west-1/${service}/aws4_request`)}` +
      '&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=x';
    const form = (body: string, headers: Record<string, string> = {}): Sent => ({
      headers: { 'content-type': FORM, ...headers },
      body,
    });
    const cases: readonly [by: string, sent: Sent, reached: string][] = [
      [
        'its credential scope',
        { method: 'GET', path: '/apikeys', headers: { authorization: scope('apigateway') } },
        'apigateway:GetApiKeys',
      ],
      [
        'its scope and path',
        { method: 'GET', path: '/v2/apis', headers: { authorization: scope('apigateway') } },
        'apigatewayv2:GetApis',
      ],
      [
        'its scope and target',
        {
          headers: {
            authorization: scope('dynamodb'),
            'x-amz-target': 'DynamoDB_20120810.ListBackups',
            'content-type': 'application/x-amz-json-1.0',
          },
          body: '{}',
        },
        'dynamodb:ListBackups',
      ],
      [
        'its target',
        { headers: { 'x-amz-target': 'AWSStepFunctions.ListStateMachines' }, body: '{}' },
        'stepfunctions:ListStateMachines',
      ],
      [
        'a path with a date',
        { method: 'GET', path: '/2020-05-31/distribution' },
        'cloudfront:ListDistributions',
      ],
      [
        'a path of CBOR',
        {
          path: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
          headers: { 'smithy-protocol': 'rpc-v2-cbor' },
          body: new Uint8Array([0xa0]),
        },
        'cloudwatch:ListMetrics',
      ],
      [
        'a presigned query',
        { method: 'GET', path: `/bucket/key?torrent&${query('s3')}` },
        's3:GetObjectTorrent',
      ],
      [
        'a presigned query with its action',
        { method: 'GET', path: `/?Action=ListPlatformApplications&Version=2010-03-31&${query('sns')}` },
        'sns:ListPlatformApplications',
      ],
      [
        'the action and version of an unsigned query',
        { method: 'GET', path: '/?Action=DescribeDBInstances&Version=2014-10-31' },
        'rds:DescribeDBInstances',
      ],
      [
        'the action and version of an unsigned form',
        form('Action=DescribeVpcs&Version=2016-11-15'),
        'ec2:DescribeVpcs',
      ],
      ['nothing, which is S3', { method: 'GET', path: '/bucket/key?torrent' }, 's3:GetObjectTorrent'],
      ['nothing, which is S3: a bucket', { method: 'GET', path: '/bucket?website' }, 's3:GetBucketWebsite'],
    ];
    for (const [by, sent, reached] of cases) {
      it(by, async () => {
        const { status, body } = await send(sent);
        assert.equal(status, 501);
        const text = body[0]! < 0x20 || body[0]! > 0x7e ? JSON.stringify(decodeCbor(body)) : body.toString();
        assert.ok(text.includes(`${reached} is not implemented.`), text);
      });
    }

    for (const [host, path, reached] of [
      ['sns.eu-west-1.amazonaws.com', '/?Action=ListPlatformApplications', 'sns:ListPlatformApplications'],
      ['monitoring.us-east-2.api.amazonaws.com', '/?Action=ListMetrics', 'cloudwatch:ListMetrics'],
      ['bucket.s3.eu-west-1.amazonaws.com', '/key?torrent', 's3:GetObjectTorrent'],
      ['bucket.s3.localhost:4566', '/?website', 's3:GetBucketWebsite'],
      ['events.localhost', '/', 'UnknownOperationException'],
    ] as const) {
      it(`the host ${host}`, async () => {
        const answer = await sendTo(host, path);
        assert.ok(answer.includes(reached), answer);
      });
    }
  });

  describe('to an operation that does not exist is refused in the form of', () => {
    const json = (received: Received) => JSON.parse(received.body.toString()) as Record<string, string>;
    it('restJson1', async () => {
      const answer = await send({ path: '/2015-03-31/nothing', headers: { authorization: scope('lambda') } });
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get('x-amzn-errortype'), 'UnknownOperationException');
      assert.match(json(answer)['message']!, /^Unknown operation: POST \/2015-03-31\/nothing$/);
    });
    for (const [protocol, service, target] of [
      ['awsJson1_0', 'sqs', 'AmazonSQS.Nothing'],
      ['awsJson1_1', 'logs', 'Logs_20140328.Nothing'],
    ] as const) {
      it(protocol, async () => {
        const contentType = `application/x-amz-json-${protocol.endsWith('0') ? '1.0' : '1.1'}`;
        const answer = await send({
          headers: { authorization: scope(service), 'x-amz-target': target, 'content-type': contentType },
          body: '{}',
        });
        assert.equal(answer.status, 404);
        assert.equal(answer.headers.get('content-type'), contentType);
        assert.match(json(answer)['__type']!, /UnknownOperationException$/);
      });
    }
    it('rpcv2Cbor', async () => {
      const answer = await send({
        path: '/service/GraniteServiceVersion20100801/operation/Nothing',
        headers: {
          authorization: scope('monitoring'),
          'smithy-protocol': 'rpc-v2-cbor',
          'content-type': 'application/cbor',
        },
        body: new Uint8Array(encodeCbor({})),
      });
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get('smithy-protocol'), 'rpc-v2-cbor');
      assert.match((decodeCbor(answer.body) as { __type: string }).__type, /UnknownOperationException$/);
    });
    it('awsQuery', async () => {
      const answer = await send({
        headers: { authorization: scope('iam'), 'content-type': FORM },
        body: 'Action=Nothing&Version=2010-05-08',
      });
      assert.equal(answer.status, 400);
      assert.match(
        answer.body.toString(),
        /<ErrorResponse.*<Code>InvalidAction<\/Code><Message>The action Nothing is not valid for this web service\./s,
      );
    });
    it('ec2Query', async () => {
      const answer = await send({
        headers: { authorization: scope('ec2'), 'content-type': FORM },
        body: 'Action=Nothing&Version=2016-11-15',
      });
      assert.equal(answer.status, 400);
      assert.match(answer.body.toString(), /<Response><Errors><Error><Code>InvalidAction<\/Code>/);
    });
    it('restXml', async () => {
      const answer = await send({
        path: '/2020-05-31/nothing',
        headers: { authorization: scope('cloudfront') },
      });
      assert.equal(answer.status, 404);
      assert.match(answer.body.toString(), /<ErrorResponse.*<Code>UnknownOperationException<\/Code>/s);
    });
    it('S3', async () => {
      const answer = await send({
        method: 'PATCH',
        path: '/bucket',
        headers: { authorization: scope('s3') },
      });
      assert.equal(answer.status, 405);
      assert.match(answer.body.toString(), /<Error><Code>MethodNotAllowed<\/Code>/);
    });
  });

  describe('that makes no sense for its service is refused, not guessed:', () => {
    it('a service nobody knows, named', async () => {
      const answer = await send({ headers: { authorization: scope('nosuchservice') }, body: 'x' });
      assert.equal(answer.status, 404);
      assert.match(answer.body.toString(), /'nosuchservice'/);
    });
    it('also with a path that could be a bucket or a dated one', async () => {
      for (const path of ['/bucket/key', '/2021-01-01/opensearch/domain']) {
        const answer = await send({ method: 'GET', path, headers: { authorization: scope('es') } });
        assert.equal(answer.status, 404);
        assert.match(answer.body.toString(), /its credential scope names 'es'/);
      }
    });
    it('a target without a service', async () => {
      const answer = await send({ headers: { 'x-amz-target': 'NoSuch_20200101.List' }, body: '{}' });
      assert.equal(answer.status, 404);
      assert.match(answer.body.toString(), /NoSuch_20200101/);
    });
    it('a target of JSON to a REST service', async () => {
      const answer = await send({
        headers: { authorization: scope('lambda'), 'x-amz-target': 'AWSLambda.ListFunctions' },
        body: '{}',
      });
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get('x-amzn-errortype'), 'UnknownOperationException');
    });
    it('a form to a JSON service', async () => {
      const answer = await send({
        headers: { authorization: scope('logs'), 'content-type': FORM },
        body: 'Action=DescribeLogGroups&Version=2014-03-28',
      });
      assert.equal(answer.status, 404);
      assert.match(answer.body.toString(), /UnknownOperationException/);
    });
    it('CBOR to a service that does not speak it', async () => {
      const answer = await send({
        path: '/service/AmazonSQS/operation/ListQueues',
        headers: { authorization: scope('sqs'), 'smithy-protocol': 'rpc-v2-cbor' },
        body: new Uint8Array(encodeCbor({})),
      });
      assert.equal(answer.status, 404);
    });
  });

  it('has its id in every answer, whoever refuses it', async () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    const signed = { authorization: scope('lambda') };
    const answers = [
      await send({ method: 'GET', path: '/2015-03-31/functions', headers: signed }),
      await send({ method: 'GET', path: '/2015-03-31/functions/absent', headers: signed }),
      await send({ path: '/2015-03-31/functions', headers: signed, body: '{' }),
      await send({ path: '/nothing', headers: signed }),
      await send({ headers: { authorization: scope('nosuchservice') } }),
      await send({
        headers: { authorization: scope('rds'), 'content-type': FORM },
        body: 'Action=DescribeDBInstances&Version=2014-10-31',
      }),
      await send({ headers: { ...signed, origin: 'https://evil.example' } }),
      await send({ method: 'GET', path: '/bucket/key', headers: { authorization: scope('s3') } }),
    ];
    for (const { headers, status } of answers)
      assert.match(headers.get('x-amzn-requestid') ?? `none in ${status}`, uuid);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 400, 404, 404, 501, 403, 404],
    );
    const connection = await RawConnection.open(Number(new URL(platform.origin).port));
    connection.send('this is no HTTP\r\n\r\n');
    assert.match(await connection.untilClosed(), /^HTTP\/1.1 400 [\s\S]*x-amzn-requestid: [0-9a-f-]{36}\r\n/);
    const oversize = await RawConnection.open(Number(new URL(platform.origin).port));
    oversize.send(
      head('2015-03-31/functions', { 'content-length': '999999999', authorization: scope('lambda') }),
    );
    assert.match(await oversize.until('\r\n\r\n'), /^HTTP\/1.1 413 [\s\S]*x-amzn-requestid: /);
    oversize.close();
  });

  describe('whose input is wrong is refused in the words of AWS:', () => {
    const logs = (operation: string, body: string) =>
      send({
        headers: {
          authorization: scope('logs'),
          'x-amz-target': `Logs_20140328.${operation}`,
          'content-type': 'application/x-amz-json-1.1',
        },
        body,
      });
    it('several constraints at once, joined', async () => {
      const answer = await logs('PutRetentionPolicy', '{"logGroupName": ""}');
      assert.equal(answer.status, 400);
      assert.deepEqual(JSON.parse(answer.body.toString()), {
        __type: 'InvalidParameterException',
        message:
          "3 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have " +
          "length greater than or equal to 1; Value '' at 'logGroupName' failed to satisfy constraint: Member must " +
          "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value null at 'retentionInDays' failed to " +
          'satisfy constraint: Member must not be null',
      });
    });
    it('an element of a list', async () => {
      const answer = await logs('StartLiveTail', '{"logGroupIdentifiers": ["a b"]}');
      assert.match(
        JSON.parse(answer.body.toString()).message,
        /^1 validation error detected: Value '\[a b\]' at 'logGroupIdentifiers' failed to satisfy constraint: Member must satisfy constraint: \[/,
      );
    });
    for (const [what, body, words] of [
      ['a number for text', '{"logGroupName": 5}', 'NUMBER_VALUE can not be converted to a String'],
      [
        'text for a number',
        '{"logGroupName": "g", "retentionInDays": "5"}',
        'STRING_VALUE can not be converted to an Integer',
      ],
      ['a list for text', '{"logGroupName": []}', 'Start of list found where not expected'],
      [
        'an object for a number',
        '{"logGroupName": "g", "retentionInDays": {}}',
        'Start of structure or map found where not expected.',
      ],
      ['a list for the input', '[]', 'Start of list found where not expected'],
      ['no JSON', '{"logGroupName": ', 'Could not parse request body into json: '],
    ] as const) {
      it(`${what} is a SerializationException`, async () => {
        const answer = await logs('PutRetentionPolicy', body);
        assert.equal(answer.status, 400);
        const { __type: type, message } = JSON.parse(answer.body.toString()) as Record<string, string>;
        assert.equal(type, 'SerializationException');
        assert.ok(message!.startsWith(words), message);
      });
    }
    it('of a REST service', async () => {
      const answer = await send({
        path: '/2015-03-31/functions',
        headers: { authorization: scope('lambda') },
        body: '{"FunctionName": "f", "Role": "r", "Code": {"ZipFile": 5}}',
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get('x-amzn-errortype'), 'SerializationException');
    });
  });
});
