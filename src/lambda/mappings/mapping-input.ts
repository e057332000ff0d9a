/** What a request may say of a mapping, and what is kept of that. */
import type {
  CreateEventSourceMappingCommandInput,
  UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { MappingRecord } from '../records/mapping-table.ts';

export type MappingInput = Omit<UpdateEventSourceMappingCommandInput, 'UUID'> &
  Pick<
    CreateEventSourceMappingCommandInput,
    'StartingPosition' | 'StartingPositionTimestamp' | 'Topics' | 'Queues' | 'SelfManagedEventSource'
  >;

export type MappingSettings = Pick<
  MappingRecord,
  | 'enabled'
  | 'batchSize'
  | 'windowSeconds'
  | 'filters'
  | 'kmsKeyArn'
  | 'reportsItemFailures'
  | 'maximumConcurrency'
  | 'provisionedPollers'
  | 'countsEvents'
  | 'stream'
  | 'kafka'
  | 'broker'
>;

/** Members that neither queues nor streams have. */
export const BROKER_MEMBERS = [
  'SourceAccessConfigurations',
  'Topics',
  'Queues',
  'AmazonManagedKafkaEventSourceConfig',
  'SelfManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
] as const;

/** Words that reports about AWS quote, for example serverless/serverless#7049. */
export function refuseMembers(input: MappingInput, members: readonly (keyof MappingInput)[]): void {
  for (const member of members) {
    if (input[member] === undefined) continue;
    throw invalidParameter(`Unsupported ${member} parameter for given event source mapping type.`);
  }
}
