import type { CreateDeliveryStreamInput } from '@aws-sdk/client-firehose';
import { destinationOf, updatedDestination } from './destination-settings.ts';
import type { FirehoseContext, FirehoseOperations } from './firehose-context.ts';
import { existingStream } from './firehose-context.ts';
import { invalidArgument, notImplemented, streamExists, versionConflict } from './firehose-errors.ts';
import { DESTINATION_ID, describedStream } from './stream-description.ts';
import type { DeliveryStreamRecord } from './stream-record.ts';
import { deliveryStreamArn } from './stream-record.ts';
import { tagsOf } from './tag-operations.ts';

/** Names a page of ListDeliveryStreams has unless asked otherwise. */
const DEFAULT_PAGE = 10;

type StreamOperations =
  | 'CreateDeliveryStream'
  | 'DescribeDeliveryStream'
  | 'ListDeliveryStreams'
  | 'UpdateDestination'
  | 'DeleteDeliveryStream';

export function streamOperations(
  firehose: FirehoseContext,
): Required<Pick<FirehoseOperations, StreamOperations>> {
  const { streams, clock, ids } = firehose;
  return {
    async CreateDeliveryStream(input, context) {
      const { accountId, region } = context;
      const name = input.DeliveryStreamName!;
      checkSettings(input);
      const destination = destinationOf(input);
      const source = await sourceOf(firehose, input);
      const tags = tagsOf(input.Tags ?? []);
      if (streams.find(context, name) !== undefined) throw streamExists(name, accountId);
      const record: DeliveryStreamRecord = {
        id: ids.uuid(),
        accountId,
        region,
        name,
        createdMs: clock.now(),
        version: 1,
        ...source,
        destination,
        tags,
      };
      await streams.create(record);
      return { DeliveryStreamARN: deliveryStreamArn(record) };
    },

    async DescribeDeliveryStream(input, context) {
      const { record } = existingStream(firehose, context, input.DeliveryStreamName!);
      return { DeliveryStreamDescription: describedStream(record, input.ExclusiveStartDestinationId) };
    },

    async ListDeliveryStreams(input, context) {
      const { ExclusiveStartDeliveryStreamName: after = '', DeliveryStreamType: type } = input;
      const matching = streams
        .list(context)
        .filter((record) => record.name > after && (type === undefined || type === typeOf(record)));
      const page = matching.slice(0, input.Limit ?? DEFAULT_PAGE);
      return {
        DeliveryStreamNames: page.map(({ name }) => name),
        HasMoreDeliveryStreams: page.length < matching.length,
      };
    },

    async UpdateDestination(input, context) {
      const stream = existingStream(firehose, context, input.DeliveryStreamName!);
      const { record } = stream;
      const { CurrentDeliveryStreamVersionId: version, DestinationId } = input;
      if (DestinationId !== DESTINATION_ID) {
        throw invalidArgument(`Destination Id ${DestinationId} not found`);
      }
      if (version !== String(record.version)) throw versionConflict(String(record.version), version!);
      const other = Object.keys(input).find((member) => /Update$/.test(member) && !/S3/.test(member));
      if (other !== undefined) throw notImplemented(other);
      const update = input.ExtendedS3DestinationUpdate ?? input.S3DestinationUpdate ?? {};
      await streams.update(stream, {
        ...record,
        updatedMs: clock.now(),
        version: record.version + 1,
        destination: updatedDestination(record.destination, update),
      });
      return {};
    },

    async DeleteDeliveryStream(input, context) {
      await streams.remove(existingStream(firehose, context, input.DeliveryStreamName!));
      return {};
    },
  };
}

export function typeOf({ source }: DeliveryStreamRecord): 'DirectPut' | 'KinesisStreamAsSource' {
  return source === undefined ? 'DirectPut' : 'KinesisStreamAsSource';
}

const UNIMPLEMENTED = ['DeliveryStreamEncryptionConfigurationInput', 'DirectPutSourceConfiguration'];

function checkSettings(input: CreateDeliveryStreamInput): void {
  const asked = UNIMPLEMENTED.find((member) => member in input);
  if (asked !== undefined) throw notImplemented(asked);
}

async function sourceOf(
  { source }: FirehoseContext,
  input: CreateDeliveryStreamInput,
): Promise<Pick<DeliveryStreamRecord, 'source'>> {
  const { DeliveryStreamType: type = 'DirectPut', KinesisStreamSourceConfiguration: kinesis } = input;
  if (type !== 'DirectPut' && type !== 'KinesisStreamAsSource') {
    throw notImplemented(`the delivery stream type ${type}`);
  }
  if ((kinesis === undefined) !== (type === 'DirectPut')) {
    throw invalidArgument(
      'KinesisStreamSourceConfig is only applicable for KinesisStreamAsSource stream type, which requires it.',
    );
  }
  if (kinesis === undefined) return {};
  const { KinesisStreamARN, RoleARN } = kinesis;
  if (!(await source.exists(KinesisStreamARN!))) {
    throw invalidArgument(`Kinesis stream ${KinesisStreamARN} does not exist.`);
  }
  return { source: { KinesisStreamARN: KinesisStreamARN!, RoleARN: RoleARN! } };
}
