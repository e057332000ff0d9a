/**
 * An application that is driven by events: an upload to S3 goes through SNS and SQS to a function, which writes to
 * DynamoDB; the stream of the table reaches a second function, and a rule wakes a third every morning.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { say } from './stage.ts';

const RUNTIME = 'nodejs24.x';
const OWNER = 'us-east-1:000000000000';
const TABLE = 'orders';
const BUCKET = 'incoming-orders';
const TOPIC = `arn:aws:sns:${OWNER}:uploads`;
const QUEUE = `arn:aws:sqs:${OWNER}:uploads`;
const RULE = `arn:aws:events:${OWNER}:rule/every-morning`;

const ORDERS = [
  { id: 1, article: 'lamp', units: 2 },
  { id: 2, article: 'chair', units: 4 },
  { id: 3, article: 'lamp', units: 3 },
];

const DAY_MS = 24 * 3_600_000;
/** Far longer than it takes. */
const PATIENCE_MS = 60_000;
const POLL_MS = 100;

export async function showOrderFlow(stage: Stage): Promise<void> {
  say('--- order-flow: S3, SNS, SQS, Lambda, DynamoDB, its stream, Lambda; and a cron\n');
  await createServices(stage);
  await connect(stage);
  await deployFunctions(stage);
  for (const order of ORDERS) {
    const file = join(stage.scratch, `order-${order.id}.json`);
    await writeFile(file, JSON.stringify(order));
    await stage.aws('s3', 'cp', file, `s3://${BUCKET}/`, '--no-progress');
  }
  await logged(stage, 'count-units', 'chair: 4 ordered so far', 'lamp: 5 ordered so far');
  await stage.aws(
    ...['dynamodb', 'scan', '--table-name', TABLE, '--query', 'Items[].[pk.S, units.N]', '--output', 'text'],
  );
  say('# A day passes.');
  await stage.platform.clock.advance(DAY_MS);
  await logged(stage, 'daily-report', 'chair: 4, lamp: 5');
  for (const name of ['take-order', 'count-units', 'daily-report'])
    await stage.aws('logs', 'tail', `/aws/lambda/${name}`, '--since', '3d', '--format', 'short');
  say('');
}

async function createServices(stage: Stage): Promise<void> {
  await stage.aws('s3', 'mb', `s3://${BUCKET}`);
  await stage.aws('sns', 'create-topic', '--name', 'uploads', '--output', 'text');
  await stage.aws('sqs', 'create-queue', '--queue-name', 'uploads', '--output', 'text');
  await stage.quietAws(
    ...['dynamodb', 'create-table', '--table-name', TABLE, '--billing-mode', 'PAY_PER_REQUEST'],
    ...['--attribute-definitions', 'AttributeName=pk,AttributeType=S'],
    ...['--key-schema', 'AttributeName=pk,KeyType=HASH'],
    ...['--stream-specification', 'StreamEnabled=true,StreamViewType=NEW_IMAGE'],
  );
  await stage.aws('dynamodb', 'wait', 'table-exists', '--table-name', TABLE);
}

/** Topic and queue take what comes only with a policy that lets it in. */
async function connect(stage: Stage): Promise<void> {
  await stage.aws(
    ...['sns', 'set-topic-attributes', '--topic-arn', TOPIC, '--attribute-name', 'Policy'],
    ...['--attribute-value', allow('s3.amazonaws.com', 'sns:Publish', TOPIC, `arn:aws:s3:::${BUCKET}`)],
  );
  const url = await stage.aws('sqs', 'get-queue-url', '--queue-name', 'uploads', '--output', 'text');
  const attributes = JSON.stringify({ Policy: allow('sns.amazonaws.com', 'sqs:SendMessage', QUEUE, TOPIC) });
  await stage.aws('sqs', 'set-queue-attributes', '--queue-url', url.trim(), '--attributes', attributes);
  await stage.aws(
    ...['sns', 'subscribe', '--topic-arn', TOPIC, '--protocol', 'sqs', '--notification-endpoint', QUEUE],
    ...['--output', 'text'],
  );
  const notification = { TopicConfigurations: [{ TopicArn: TOPIC, Events: ['s3:ObjectCreated:*'] }] };
  await stage.aws(
    ...['s3api', 'put-bucket-notification-configuration', '--bucket', BUCKET],
    ...['--notification-configuration', JSON.stringify(notification)],
  );
}

async function deployFunctions(stage: Stage): Promise<void> {
  for (const name of ['take-order', 'count-units', 'daily-report'])
    await stage.deploy(`order-flow/${name}`, RUNTIME, '--environment', `Variables={TABLE=${TABLE}}`);
  await stage.quietAws(
    ...['lambda', 'create-event-source-mapping', '--function-name', 'take-order'],
    ...['--event-source-arn', QUEUE, '--function-response-types', 'ReportBatchItemFailures'],
  );
  const stream = await stage.aws(
    ...['dynamodb', 'describe-table', '--table-name', TABLE, '--query', 'Table.LatestStreamArn'],
    ...['--output', 'text'],
  );
  const newOrders = { eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'order#' }] } } } };
  await stage.quietAws(
    ...['lambda', 'create-event-source-mapping', '--function-name', 'count-units'],
    ...['--event-source-arn', stream.trim(), '--starting-position', 'TRIM_HORIZON'],
    ...['--filter-criteria', JSON.stringify({ Filters: [{ Pattern: JSON.stringify(newOrders) }] })],
  );
  const schedule = 'cron(0 6 * * ? *)';
  await stage.aws('events', 'put-rule', '--name', 'every-morning', '--schedule-expression', schedule);
  await stage.quietAws(
    ...['lambda', 'add-permission', '--function-name', 'daily-report', '--statement-id', 'every-morning'],
    ...['--action', 'lambda:InvokeFunction', '--principal', 'events.amazonaws.com', '--source-arn', RULE],
  );
  const target = `Id=report,Arn=arn:aws:lambda:${OWNER}:function:daily-report`;
  await stage.aws(
    ...['events', 'put-targets', '--rule', 'every-morning', '--targets', target],
    ...['--query', 'FailedEntryCount'],
  );
}

function allow(service: string, action: string, resource: string, source: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: action,
        Resource: resource,
        Condition: { ArnEquals: { 'aws:SourceArn': source } },
      },
    ],
  });
}

/** Waits until the function has logged all that is expected. */
async function logged(stage: Stage, name: string, ...expected: string[]): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const text = await stage.logText(name);
    const missing = expected.filter((part) => !text.includes(part));
    if (missing.length === 0) return;
    if (performance.now() > giveUpAt)
      throw new Error(`${name} has not logged '${missing[0]}' within ${PATIENCE_MS / 1_000} s, but: ${text}`);
    await sleep(POLL_MS);
  }
}
