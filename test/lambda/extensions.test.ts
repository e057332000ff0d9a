/** An extension in a layer, on a whole server, with the best isolation that the host can hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishLayerVersionCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { ROLE } from './control/lambda-server.ts';

const EXTENSION = `#!/usr/bin/env node
(async () => {
  const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
  const answer = await fetch(base + 'register', { method: 'POST',
    headers: { 'Lambda-Extension-Name': 'greeter', 'Lambda-Extension-Accept-Feature': 'accountId' },
    body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }) });
  const id = answer.headers.get('lambda-extension-identifier');
  console.log('registered ' + (await answer.text()));
  for (;;) {
    const event = await (await fetch(base + 'event/next', { headers: { 'Lambda-Extension-Identifier': id } })).json();
    console.log('greeted ' + event.eventType);
    if (event.eventType === 'SHUTDOWN') return;
  }
})();
`;

test('an extension in a layer runs with the function, and its output is in the function’s log', async (context) => {
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  const logs = new CloudWatchLogsClient(clientSettings(platform));
  context.after(() => {
    lambda.destroy();
    logs.destroy();
  });
  const layer = await lambda.send(
    new PublishLayerVersionCommand({
      LayerName: 'greeter',
      Content: { ZipFile: await zipOf({ 'extensions/greeter': { content: EXTENSION, mode: 0o100755 } }) },
    }),
  );
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'greeted',
      Runtime: 'nodejs24.x',
      Role: ROLE,
      Handler: 'index.handler',
      Layers: [layer.LayerVersionArn!],
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async (event) => event;' }) },
    }),
  );
  // With the log's tail the answer comes when the extension is done too, so that one environment serves both.
  const invoke = () =>
    lambda.send(new InvokeCommand({ FunctionName: 'greeted', Payload: '{"a":1}', LogType: 'Tail' }));
  for (let count = 0; count < 2; count += 1)
    assert.equal(Buffer.from((await invoke()).Payload!).toString(), '{"a":1}');
  // Idle environments go, and their extensions hear of it.
  await platform.clock.advance(60 * 60_000);
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/greeted' }));
  const messages = events!.map(({ message }) => message!.trimEnd());
  assert.ok(
    messages.some((message) =>
      /^registered .*"functionName":"greeted".*"accountId":"000000000000"/.test(message),
    ),
  );
  assert.ok(messages.includes('EXTENSION\tName: greeter\tState: Ready\tEvents: [INVOKE, SHUTDOWN]'));
  assert.deepEqual(
    messages.filter((message) => message.startsWith('greeted')),
    ['greeted INVOKE', 'greeted INVOKE', 'greeted SHUTDOWN'],
  );
});
