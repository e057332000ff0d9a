/** A server that is killed at random while events come: each that was accepted reaches the targets of its rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateArchiveCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';

const KILLS = 20;
/** See `Kills`. */
const LONGEST_LIFE_MS = 400;
/** Polls in a row that find nothing, each of a second, after which all has arrived. */
const EMPTY_POLLS = 3;
const OWNER = 'us-east-1:000000000000';
const BUS = `arn:aws:events:${OWNER}:event-bus/default`;
const HOUR_MS = 3_600_000;

test(`events that a bus accepted arrive, and are in its archive, after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const [events, sqs] = [new EventBridgeClient(settings), new SQSClient(settings)];
  context.after(() => {
    events.destroy();
    sqs.destroy();
  });
  const queues = await Promise.all(['direct', 'replayed'].map((name) => queueFor(sqs, name)));
  const [direct, replayed] = queues as [string, string];
  const rules = {
    direct: { 'replay-name': [{ exists: false }], source: ['test'] },
    replayed: { 'replay-name': [{ exists: true }] },
  };
  for (const [Name, pattern] of Object.entries(rules)) {
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
    const Targets = [{ Id: 't', Arn: `arn:aws:sqs:${OWNER}:${Name}` }];
    await events.send(new PutTargetsCommand({ Rule: Name, Targets }));
  }
  await events.send(new CreateArchiveCommand({ ArchiveName: 'a', EventSourceArn: BUS }));

  const accepted: string[] = [];
  const put = async (): Promise<void> => {
    const entry = { Source: 'test', DetailType: 'Tested', Detail: '{}' };
    const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry, entry] }));
    accepted.push(...Entries!.map(({ EventId }) => EventId!));
  };
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [put, put]);

  const arrived = await drained(sqs, direct);
  const lost = accepted.filter((id) => !arrived.includes(id));
  assert.deepEqual(lost, [], 'accepted, and have not arrived');
  console.log(`${accepted.length} accepted, ${arrived.length} arrived`);
  assert.ok(accepted.length > KILLS, 'the server was at work when it was killed');

  await events.send(
    new StartReplayCommand({
      ReplayName: 'r',
      EventSourceArn: `arn:aws:events:${OWNER}:archive/a`,
      EventStartTime: new Date(Date.now() - HOUR_MS),
      EventEndTime: new Date(Date.now() + HOUR_MS),
      Destination: { Arn: BUS },
    }),
  );
  const again = await drained(sqs, replayed);
  assert.deepEqual(
    accepted.filter((id) => !again.includes(id)),
    [],
    'accepted, and not in the archive',
  );
});

/** The URL of a new queue that EventBridge may send to. */
async function queueFor(sqs: SQSClient, name: string): Promise<string> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: `arn:aws:sqs:${OWNER}:${name}`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const command = new CreateQueueCommand({ QueueName: name, Attributes: { Policy } });
  return (await sqs.send(command)).QueueUrl!;
}

/** The ids of the events. */
async function drained(sqs: SQSClient, QueueUrl: string): Promise<string[]> {
  const ids: string[] = [];
  for (let empty = 0; empty < EMPTY_POLLS; ) {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sqs.send(command);
    empty = Messages.length === 0 ? empty + 1 : 0;
    if (Messages.length === 0) continue;
    ids.push(...Messages.map(({ Body }) => JSON.parse(Body!).id as string));
    const Entries = Messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId!, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return ids;
}
