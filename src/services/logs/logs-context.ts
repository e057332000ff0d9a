import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations } from '../../ports/service.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import type { Groups } from './groups.ts';
import type { LiveTail } from './live-tail.ts';
import type { LogBuffer } from './log-buffer.ts';

/** What the operations share. */
export interface LogsContext {
  readonly groups: Groups;
  readonly store: StreamLog;
  readonly buffer: LogBuffer;
  readonly liveTail: LiveTail;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type LogsOperations = Operations<typeof import('@aws-sdk/client-cloudwatch-logs')>;

export const MS_PER_DAY = 86_400_000;
