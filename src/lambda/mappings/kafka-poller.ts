/** What polls the topic of Kafka that a mapping names. */
import type { WorkClock } from '../../core/clock.ts';
import { GroupOffsets } from '../../polling/group-offsets.ts';
import { KafkaSource } from '../../polling/kafka-source.ts';
import { StreamPoller } from '../../polling/stream-poller.ts';
import type { KafkaFailureKind } from '../../ports/kafka.ts';
import { KafkaFailure } from '../../ports/kafka.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { KafkaMapping, MappingRecord, StreamMapping } from '../records/mapping-table.ts';
import { KafkaBatches } from './kafka-batches.ts';
import type { KafkaConnectionDependencies } from './kafka-connection.ts';
import { KafkaConnection } from './kafka-connection.ts';
import { consumerGroupOf, retriesOf } from './kafka-settings.ts';
import { MappingMetrics } from './mapping-metrics.ts';
import type { ProcessingResult, StreamBatchesDependencies } from './stream-batches.ts';
import { NOTHING_PROCESSED, streamBatches } from './stream-batches.ts';
import { startOf } from './stream-settings.ts';

export interface KafkaPollerDependencies
  extends KafkaConnectionDependencies,
    Omit<StreamBatchesDependencies, 'call' | 'clock' | 'metrics' | 'role' | 'processed' | 'kafka'> {
  readonly state: StateStore;
  /** The ARN of the role by which the function of a mapping runs now. */
  readonly roleOf: (mapping: MappingRecord) => string | undefined;
  readonly metrics: MetricSink;
  readonly clock: WorkClock;
  readonly log: Log;
}

/**
 * What `LastProcessingResult` says of a cluster that cannot be read. Source: "Troubleshooting Kafka event source mapping
 * errors", whose headings are AWS's words; those of a lost connection are quoted in reports of users.
 */
const PROBLEMS: Readonly<Record<KafkaFailureKind, ProcessingResult>> = {
  connection:
    'PROBLEM: Connection error. Please check your event source connection configuration. If your event source lives in a VPC, try setting up a new Lambda function or EC2 instance with the same VPC, Subnet, and Security Group settings. Connect the new device to the Kafka cluster and consume messages to ensure that the issue is not related to VPC or Endpoint configuration. If the new device is able to connect to your Kafka cluster, please contact Lambda customer support for further investigation.',
  login: 'PROBLEM: SASL authentication failed.',
  authorization: 'PROBLEM: Cluster failed to authorize Lambda.',
  'server-certificate': 'PROBLEM: Lambda failed to authenticate server.',
  'own-certificate': 'PROBLEM: Provided certificate or private key is invalid.',
  'no-topic': 'PROBLEM: Topic not found.',
  'offset-out-of-range': 'PROBLEM: Internal Lambda error.',
  other: 'PROBLEM: Internal Lambda error.',
};

/** Of a cluster, in which a mapping reads a topic for its consumer group. */
export function kafkaPoller(
  deps: KafkaPollerDependencies,
  mapping: MappingRecord,
  stream: StreamMapping,
  kafka: KafkaMapping,
  processed: (result: ProcessingResult) => void,
) {
  const connection = new KafkaConnection(deps, mapping, kafka);
  const cluster = () => connection.cluster();
  const batches = new KafkaBatches(mapping, connection);
  const troubled = Promise.withResolvers<void>();
  let isTroubled = false;
  const { topic } = kafka;
  const start = startOf(stream);
  const poller = new StreamPoller(
    {
      ...deps,
      source: new KafkaSource({
        clock: deps.clock,
        cluster,
        topic,
        start,
        reached() {
          if (isTroubled) processed(NOTHING_PROCESSED);
          isTroubled = false;
        },
      }),
      openCheckpoints: () => GroupOffsets.open(cluster, { groupId: consumerGroupOf(mapping), topic }),
      handler: streamBatches(
        {
          ...deps,
          metrics: new MappingMetrics(deps.metrics, mapping),
          role: () => deps.roleOf(mapping),
          processed,
          kafka: batches,
        },
        mapping,
      ),
      owner: mapping.uuid,
      failed(error) {
        if (!(error instanceof KafkaFailure)) return;
        isTroubled = true;
        processed(PROBLEMS[error.kind]);
        troubled.resolve();
        void connection.failed(error.kind);
      },
    },
    {
      ...stream,
      ...mapping,
      maximumRetryAttempts: retriesOf(mapping),
      frameBytes: batches.frameBytes,
      streamArn: mapping.eventSourceArn,
      start,
      logFields: { functionName: mapping.functionName, topic, servers: connection.servers },
    },
  );
  return {
    start: () => poller.start(),
    // One that cannot be reached is enabled all the same, and says so.
    begun: () => Promise.race([poller.begun(), troubled.promise]),
    async stop() {
      await poller.stop();
      await connection.close();
    },
    async abandon() {
      await poller.abandon();
      await connection.close();
    },
  };
}
