/** What an archive keeps events by. The events lie in a queue of the event queue named by its id. */
import type { BusAddress } from './bus-record.ts';

export interface ArchiveRecord {
  readonly bus: BusAddress;
  readonly name: string;
  /** Of this archive alone: another one of the same name, later, has another. */
  readonly id: string;
  readonly description?: string;
  /** JSON as it was given; all events where absent. */
  readonly pattern?: string;
  /** 0: without end. */
  readonly retentionDays: number;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
}

export interface ArchiveAddress {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export function archiveKey({ accountId, region, name }: ArchiveAddress): string {
  return `${accountId}/${region}/${name}`;
}

export function archiveAddress({ bus: { accountId, region }, name }: ArchiveRecord): ArchiveAddress {
  return { accountId, region, name };
}

export function archiveArn({ accountId, region, name }: ArchiveAddress): string {
  return `arn:aws:events:${region}:${accountId}:archive/${name}`;
}
