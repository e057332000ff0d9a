import type { EventPosition } from '../../ports/event-queue.ts';
import type { BusAddress } from './bus-record.ts';

export interface ReplayRecord {
  /** The bus that the events came from, and go to. */
  readonly bus: BusAddress;
  readonly archiveName: string;
  /** Of the archive that was meant: where another of that name has come after it, nothing more is found. */
  readonly archiveId: string;
  readonly name: string;
  readonly description?: string;
  /** Only these rules get the events; all of the bus where absent. */
  readonly ruleArns?: readonly string[];
  /** Times of events, inclusive and exclusive; epoch milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly state: 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED';
  /** Service time, epoch milliseconds. */
  readonly startedMs: number;
  readonly endedMs?: number;
  /** The last event whose deliveries are on disk. */
  readonly position?: EventPosition;
}

export function replayKey({
  bus: { accountId, region },
  name,
}: {
  readonly bus: Pick<BusAddress, 'accountId' | 'region'>;
  readonly name: string;
}): string {
  return `${accountId}/${region}/${name}`;
}

export function replayArn({ bus: { accountId, region }, name }: ReplayRecord): string {
  return `arn:aws:events:${region}:${accountId}:replay/${name}`;
}

export function isActive({ state }: ReplayRecord): boolean {
  return state === 'STARTING' || state === 'RUNNING' || state === 'CANCELLING';
}
