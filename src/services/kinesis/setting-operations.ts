import type { MetricsName } from '@aws-sdk/client-kinesis';
import type { RequestContext } from '../../ports/service.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { checkOnDemandLimit, streamOf } from './kinesis-context.ts';
import { checkActive, invalidArgument, limitExceeded } from './kinesis-errors.ts';
import { DEFAULT_RETENTION_HOURS, LIMIT_WINDOW_MS, MAX_MODE_CHANGES, MAX_RETENTION_HOURS } from './limits.ts';
import { SHARD_METRICS } from './shard-metrics.ts';
import type { StreamRecord, StreamSettings } from './stream-record.ts';

type SettingOperations =
  | 'IncreaseStreamRetentionPeriod'
  | 'DecreaseStreamRetentionPeriod'
  | 'UpdateStreamMode'
  | 'UpdateMaxRecordSize'
  | 'EnableEnhancedMonitoring'
  | 'DisableEnhancedMonitoring';

interface MonitoringInput {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
  readonly ShardLevelMetrics?: readonly MetricsName[] | undefined;
}

export function settingOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, SettingOperations>> {
  const { streams, clock } = kinesis;

  const changeMonitoring = async (
    input: MonitoringInput,
    caller: RequestContext,
    desiredOf: (current: readonly string[], named: readonly string[]) => string[],
  ) => {
    const stream = streamOf(kinesis, input, caller);
    const named = input.ShardLevelMetrics ?? [];
    let answer: { current: readonly string[]; desired: readonly string[] } = { current: [], desired: [] };
    await streams.begin(stream, 'UPDATING', (record) => {
      checkActive(record);
      const current = record.settings.shardMetrics;
      const desired = desiredOf(current, named.includes('ALL') ? SHARD_METRICS : named);
      answer = { current, desired };
      return { settings: { shardMetrics: desired } };
    });
    return {
      StreamName: stream.record.name,
      StreamARN: stream.arn,
      CurrentShardLevelMetrics: answer.current as MetricsName[],
      DesiredShardLevelMetrics: answer.desired as MetricsName[],
    };
  };

  return {
    async IncreaseStreamRetentionPeriod(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { settings: retention(record, input.RetentionPeriodHours!, 'shorter') };
      });
      return {};
    },

    async DecreaseStreamRetentionPeriod(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { settings: retention(record, input.RetentionPeriodHours!, 'longer') };
      });
      return {};
    },

    async UpdateStreamMode(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      const mode = input.StreamModeDetails!.StreamMode!;
      if (input.WarmThroughputMiBps !== undefined) throw noWarmThroughput();
      const nowMs = clock.now();
      if (mode === 'ON_DEMAND' && stream.record.settings.mode !== mode) {
        checkOnDemandLimit(kinesis, stream.record);
      }
      await streams.update(stream, (record) => {
        checkActive(record);
        const modeChangedMs = (record.modeChangedMs ?? []).filter((ms) => nowMs - ms < LIMIT_WINDOW_MS);
        if (modeChangedMs.length >= MAX_MODE_CHANGES) {
          throw limitExceeded(
            `Stream ${record.name} under account ${record.accountId} has changed its mode ${MAX_MODE_CHANGES} times within 24 hours, which is the limit.`,
          );
        }
        const changing = streams.changing(record, 'UPDATING', { settings: { mode } });
        return { ...changing, modeChangedMs: [...modeChangedMs, nowMs] };
      });
      return {};
    },

    async UpdateMaxRecordSize(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { settings: { maxRecordKiB: input.MaxRecordSizeInKiB! } };
      });
      return {};
    },

    EnableEnhancedMonitoring: (input, caller) =>
      changeMonitoring(input, caller, (current, named) =>
        SHARD_METRICS.filter((metric) => current.includes(metric) || named.includes(metric)),
      ),

    DisableEnhancedMonitoring: (input, caller) =>
      changeMonitoring(input, caller, (current, named) =>
        current.filter((metric) => !named.includes(metric)),
      ),
  };
}

/** Throws `InvalidArgumentException`, with what the new period must not be than the old. */
function retention(
  record: StreamRecord,
  hours: number,
  refused: 'shorter' | 'longer',
): Partial<StreamSettings> {
  const { retentionHours: current } = record.settings;
  if (hours < DEFAULT_RETENTION_HOURS) {
    throw invalidArgument(
      `Minimum allowed retention period is ${DEFAULT_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > MAX_RETENTION_HOURS) {
    throw invalidArgument(
      `Maximum allowed retention period is ${MAX_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  if (refused === 'shorter' ? hours < current : hours > current) {
    const other = refused === 'shorter' ? 'Decrease' : 'Increase';
    throw invalidArgument(
      `Requested retention period (${hours} hours) for stream ${record.name} can not be ${refused} than existing retention period (${current} hours). Use ${other}RetentionPeriod API.`,
    );
  }
  return { retentionHours: hours };
}

/** Throughput that is kept warm is a matter of an account's contract with AWS. */
export function noWarmThroughput(): Error {
  return invalidArgument('WarmThroughputMiBps can be set only where the account has committed throughput.');
}
