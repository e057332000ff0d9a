/**
 * Where functions wait for one another and for the test. A sandbox reaches nothing on this host but the server, so
 * they meet there: who arrives makes a log group, and waits until there is one that says that the gate is open.
 */
import { randomUUID } from 'node:crypto';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Platform } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';

/** How often both sides look, milliseconds. */
const POLL_MS = 5;

/** JavaScript of a function that takes a gate's name and returns when it is open. */
export const PASS_GATE = `async (gate) => {
  const call = async (operation, input) => {
    const answer = await fetch(process.env.AWS_ENDPOINT_URL, {
      method: 'POST',
      headers: { 'x-amz-target': 'Logs_20140328.' + operation, 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return JSON.parse(text || '{}');
  };
  await call('CreateLogGroup', { logGroupName: gate + '/arrived/' + require('node:crypto').randomUUID() });
  for (;;) {
    const { logGroups } = await call('DescribeLogGroups', { logGroupNamePrefix: gate + '/open' });
    if (logGroups.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, ${POLL_MS}));
  }
}`;

export interface Gate extends AsyncDisposable {
  /** For `PASS_GATE`. */
  readonly name: string;
  /** Resolves when so many have arrived. */
  arrived(count: number): Promise<void>;
  /** Lets all who wait, and all who come later, go on. */
  open(): Promise<void>;
}

export function openGate(platform: Platform): Gate {
  const name = `/gate/${randomUUID()}`;
  const logs = new CloudWatchLogsClient(clientSettings(platform));
  let opened: Promise<void> | undefined;
  const open = (): Promise<void> => {
    opened ??= logs.send(new CreateLogGroupCommand({ logGroupName: `${name}/open` })).then(() => {});
    return opened;
  };
  return {
    name,
    arrived: async (count) => {
      while ((await countGroups(logs, `${name}/arrived/`)) < count)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    },
    open,
    [Symbol.asyncDispose]: async () => {
      // A test may have closed the server.
      await open().catch(() => {});
      logs.destroy();
    },
  };
}

async function countGroups(logs: CloudWatchLogsClient, logGroupNamePrefix: string): Promise<number> {
  let count = 0;
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix, nextToken }));
    count += page.logGroups?.length ?? 0;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return count;
}
