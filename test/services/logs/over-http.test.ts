import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  paginateFilterLogEvents,
  ResourceAlreadyExistsException,
  StartLiveTailCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { openServiceModel } from '../../../src/wire/model/open.ts';
import { createWireServer } from '../../../src/wire/server/wire-server.ts';
import { openTestSts } from '../sts/opened-sts.ts';
import { NOW_MS, openTestLogs, REGION } from './opened-logs.ts';

/** A server of the two services, and the settings of a client that uses it. */
async function serve(context: TestContext) {
  const logs = await openTestLogs(context);
  const sts = openTestSts();
  const server = createWireServer({
    services: [logs.service, sts.service],
    openServiceModel,
    clock: logs.clock,
    ids: logs.ids,
    log: logs.log,
  });
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  context.after(() => server.close(0));
  const settings = {
    endpoint: `http://${host}:${port}`,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    disableHostPrefix: true,
  };
  const client = new CloudWatchLogsClient(settings);
  context.after(() => client.destroy());
  return { ...logs, settings, client };
}

test('the AWS SDK writes and reads logs', async (context) => {
  const { client } = await serve(context);
  await client.send(new CreateLogGroupCommand({ logGroupName: '/aws/lambda/f', tags: { a: 'b' } }));
  await assert.rejects(
    client.send(new CreateLogGroupCommand({ logGroupName: '/aws/lambda/f' })),
    (error: unknown) =>
      error instanceof ResourceAlreadyExistsException &&
      error.message === 'The specified log group already exists' &&
      error.$metadata.httpStatusCode === 400,
  );
  const target = { logGroupName: '/aws/lambda/f', logStreamName: '2026/01/02/[$LATEST]abc' };
  await client.send(new CreateLogStreamCommand(target));
  const logEvents = [
    { timestamp: NOW_MS, message: 'START' },
    { timestamp: NOW_MS + 1, message: 'END ✓' },
  ];
  const put = await client.send(new PutLogEventsCommand({ ...target, logEvents }));
  assert.equal(put.rejectedLogEventsInfo, undefined);
  const got = await client.send(new GetLogEventsCommand({ ...target, startFromHead: true }));
  assert.deepEqual(
    got.events,
    logEvents.map((event) => ({ ...event, ingestionTime: NOW_MS })),
  );
  const groups = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws/' }));
  assert.equal(groups.logGroups?.[0]?.arn, `arn:aws:logs:${REGION}:000000000000:log-group:/aws/lambda/f:*`);
  const streams = await client.send(new DescribeLogStreamsCommand({ logGroupIdentifier: '/aws/lambda/f' }));
  assert.equal(streams.logStreams?.[0]?.lastEventTimestamp, NOW_MS + 1);
  const found: (string | undefined)[] = [];
  const pages = paginateFilterLogEvents(
    { client, pageSize: 1 },
    { logGroupName: '/aws/lambda/f', filterPattern: '?START ?END' },
  );
  for await (const page of pages) found.push(...page.events!.map((event) => event.message));
  assert.deepEqual(found, ['START', 'END ✓']);
});

test('the AWS SDK follows a live tail', async (context) => {
  const { client, sink } = await serve(context);
  await client.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
  const groups = await client.send(new DescribeLogGroupsCommand({}));
  const identifier = groups.logGroups![0]!.logGroupArn!;
  const abort = new AbortController();
  context.after(() => abort.abort());
  const { responseStream } = await client.send(
    new StartLiveTailCommand({ logGroupIdentifiers: [identifier], logEventFilterPattern: 'hello' }),
    { abortSignal: abort.signal },
  );
  for await (const event of responseStream!) {
    if (event.sessionStart) {
      assert.deepEqual(event.sessionStart.logGroupIdentifiers, [identifier]);
      const address = { accountId: '000000000000', region: REGION, group: 'g', stream: 's' };
      sink.append(address, [{ timestampMs: NOW_MS, message: 'hello, tail' }]);
    }
    const [first] = event.sessionUpdate?.sessionResults ?? [];
    if (first) {
      assert.equal(first.message, 'hello, tail');
      assert.equal(first.logStreamName, 's');
      break;
    }
  }
});

test('the AWS SDK asks who it is', async (context) => {
  const { settings } = await serve(context);
  const client = new STSClient(settings);
  context.after(() => client.destroy());
  const { Account, Arn, UserId } = await client.send(new GetCallerIdentityCommand({}));
  assert.deepEqual(
    { Account, Arn, UserId },
    {
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
      UserId: '000000000000',
    },
  );
});
