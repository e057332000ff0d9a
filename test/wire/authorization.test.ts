/** Authorization switched on, from the clients' side: who gets in, and in which words others do not. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import type { ClientSettings } from '../kit/started-platform.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';

const DAY_MS = 86_400_000;

describe('with authorization', () => {
  let platform: Platform;
  let settings: ClientSettings;
  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', authorization: true });
    settings = clientSettings(platform);
  });
  after(() => platform.close());

  const wrongSecret = (): ClientSettings => ({
    ...settings,
    credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' },
  });
  const unknownKey = (): ClientSettings => ({
    ...settings,
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'test' },
  });
  const refusal = (code: string, status: number, words: RegExp) => (error: unknown) => {
    const {
      name,
      message,
      $metadata: metadata,
    } = error as Error & { $metadata: { httpStatusCode?: number } };
    assert.equal(name, code);
    assert.equal(metadata.httpStatusCode, status);
    assert.match(message, words);
    return true;
  };

  it('the right secret is let in, in every protocol', async () => {
    const { Account } = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
    assert.equal(Account, '000000000000');
    assert.deepEqual((await new LambdaClient(settings).send(new ListFunctionsCommand({}))).Functions, []);
    assert.deepEqual(
      (await new CloudWatchLogsClient(settings).send(new DescribeLogGroupsCommand({}))).logGroups,
      [],
    );
  });

  it('a wrong secret is refused, in the words of each protocol', async () => {
    const words = /^The request signature we calculated does not match the signature you provided\./;
    await assert.rejects(
      new LambdaClient(wrongSecret()).send(new ListFunctionsCommand({})),
      refusal('InvalidSignatureException', 403, words),
    );
    await assert.rejects(
      new EventBridgeClient(wrongSecret()).send(new ListEventBusesCommand({})),
      refusal('InvalidSignatureException', 400, words),
    );
    await assert.rejects(
      new STSClient(wrongSecret()).send(new GetCallerIdentityCommand({})),
      refusal('SignatureDoesNotMatch', 403, words),
    );
    await assert.rejects(
      new S3Client(wrongSecret()).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })),
      refusal('SignatureDoesNotMatch', 403, words),
    );
  });

  it('an unknown key is refused', async () => {
    await assert.rejects(
      new LambdaClient(unknownKey()).send(new ListFunctionsCommand({})),
      refusal(
        'UnrecognizedClientException',
        403,
        /^The security token included in the request is invalid\.$/,
      ),
    );
    await assert.rejects(
      new STSClient(unknownKey()).send(new GetCallerIdentityCommand({})),
      refusal('InvalidClientTokenId', 403, /^The security token included in the request is invalid/),
    );
  });

  it('a request without a signature is refused, whatever it asks for', async () => {
    for (const [path, method] of [
      ['/2015-03-31/functions', 'GET'],
      ['/bucket/key', 'GET'],
      ['/?Action=GetCallerIdentity&Version=2011-06-15', 'GET'],
      ['/2015-03-31/functions/f/invocations', 'POST'],
    ] as const) {
      const answer = await fetch(`${platform.origin}${path}`, { method });
      assert.equal(answer.status, 403, path);
      assert.match(await answer.text(), /missing Authentication Token|<Code>AccessDenied<\/Code>/);
    }
  });

  it('a client whose clock is an hour behind is told so, and corrects itself', async () => {
    const late = { ...settings, systemClockOffset: -3_600_000 };
    await assert.rejects(
      new LambdaClient(late).send(new ListFunctionsCommand({})),
      refusal(
        'InvalidSignatureException',
        403,
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z/,
      ),
    );
    const client = new LambdaClient({ ...late, maxAttempts: 2 });
    assert.deepEqual((await client.send(new ListFunctionsCommand({}))).Functions, []);
  });

  it('a clock that tests move makes no signature expire', async (context) => {
    const own = await startedPlatform(context, { authorization: true });
    await own.clock.advance(30 * DAY_MS);
    const client = new STSClient(clientSettings(own));
    assert.equal((await client.send(new GetCallerIdentityCommand({}))).Account, '000000000000');
  });

  it('a presigned request is let in until it expires, and not with another path', async () => {
    const client = new S3Client({ ...settings, forcePathStyle: true });
    const command = new GetObjectCommand({ Bucket: 'bucket', Key: 'key' });
    const url = await getSignedUrl(client, command, { expiresIn: 60 });
    const allowed = await fetch(url);
    assert.equal(allowed.status, 404, 'it got as far as the operation, which finds no bucket');
    await allowed.text();
    const moved = await fetch(url.replace('/key?', '/other?'));
    assert.equal(moved.status, 403);
    assert.match(await moved.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
    const expired = await getSignedUrl(client, command, {
      expiresIn: 60,
      signingDate: new Date(Date.now() - 120_000),
    });
    const late = await fetch(expired);
    assert.equal(late.status, 403);
    assert.match(await late.text(), /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
  });

  it('a body that is not the one that was signed is refused', async () => {
    const client = new LambdaClient(settings);
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string };
        request.body = request.body.replace('"FunctionName":"f"', '"FunctionName":"g"');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const { CreateFunctionCommand } = await import('@aws-sdk/client-lambda');
    await assert.rejects(
      client.send(new CreateFunctionCommand({ FunctionName: 'f', Role: 'arn', Code: {} })),
      refusal('InvalidSignatureException', 403, /does not match/),
    );
  });
});

describe('without authorization', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.com']) {
    it(`binding to ${host} is refused with the reason`, async () => {
      await assert.rejects(start({ port: 0, host, dataDir: 'temporary', logLevel: 'silent' }), {
        name: 'PlatformError',
        message: `Binding to ${host} without authorization is refused: anyone who can reach it could run code on this machine.`,
        remedy: 'Turn authorization on, or bind to 127.0.0.1.',
      });
    });
  }

  it('any signature will do, on loopback', async (context) => {
    const platform = await startedPlatform(context);
    const client = new STSClient({
      ...clientSettings(platform),
      credentials: { accessKeyId: '123456789012', secretAccessKey: 'anything' },
    });
    assert.equal((await client.send(new GetCallerIdentityCommand({}))).Account, '123456789012');
  });
});
