/** SDK clients for commands that call AWS's APIs; loaded when a command needs one, never by `start`. */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { CliContext } from '../cli-context.ts';
import type { Settings } from '../settings/settings.ts';
import { endpointOf } from './server.ts';

export async function openLambdaClient(context: CliContext, settings: Settings): Promise<LambdaClient> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  return new LambdaClient(clientConfiguration(context, settings));
}

export async function openLogsClient(context: CliContext, settings: Settings): Promise<CloudWatchLogsClient> {
  const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs');
  return new CloudWatchLogsClient(clientConfiguration(context, settings));
}

export function regionOf({ process: { env } }: CliContext, settings: Settings): string {
  return settings.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
}

function clientConfiguration(context: CliContext, settings: Settings) {
  const { env } = context.process;
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return {
    endpoint: endpointOf(settings),
    region: regionOf(context, settings),
    // Without authorization any credentials will do, so nobody needs to have some.
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'test',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    // A person who invokes a function means once.
    maxAttempts: 1,
    disableHostPrefix: true,
  };
}
