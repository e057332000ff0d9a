import type {
  AttributeDefinition,
  BillingMode,
  KeySchemaElement,
  Projection,
  TableClass,
} from '@aws-sdk/client-dynamodb';
import type { StreamViewType } from './engine/table-layout.ts';

export interface TableAddress {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export interface Throughput {
  readonly read: number;
  readonly write: number;
  readonly increasedMs?: number;
  /** When it was lowered, within the last day. */
  readonly decreasesMs?: readonly number[];
}

export interface IndexRecord {
  /** Names its rows in the item store. */
  readonly id: number;
  readonly name: string;
  readonly isLocal: boolean;
  readonly keySchema: readonly KeySchemaElement[];
  readonly projection: Projection;
  readonly throughput?: Throughput;
  /** `CREATING` while it is filled from the table, `DELETING` while its rows are removed. */
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING';
}

export interface TableStream {
  /** Names its records in the item store. */
  readonly id: number;
  /** When it was turned on, as AWS writes it: the last part of the stream's ARN. */
  readonly label: string;
  readonly viewType: StreamViewType;
  readonly slots: number;
}

/** A table as stored. Its items lie in the item store under `id`, so that a name made anew starts empty. */
export interface TableRecord extends TableAddress {
  readonly id: number;
  readonly uuid: string;
  readonly createdMs: number;
  readonly attributeDefinitions: readonly AttributeDefinition[];
  readonly keySchema: readonly KeySchemaElement[];
  readonly billingMode: BillingMode;
  /** When the billing mode became PAY_PER_REQUEST. */
  readonly onDemandSinceMs?: number;
  readonly throughput: Throughput;
  readonly indexes: readonly IndexRecord[];
  readonly stream?: TableStream;
  /** Whether the stream takes records; one that is turned off is told of for a day more. */
  readonly isStreaming: boolean;
  readonly ttlAttribute?: string;
  /** When TTL was last turned on or off. */
  readonly ttlChangedMs?: number;
  /** As `ttlChangedMs`, until every item has been looked at: when it expires now, if at all. */
  readonly redatingSinceMs?: number;
  readonly isProtected: boolean;
  readonly tableClass?: TableClass;
  readonly tableClassChangedMs?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: { readonly text: string; readonly revision: string };
}

/** A stream as stored; it stays for a day after its table or its being turned on is no more. */
export interface StreamRecord extends TableAddress {
  readonly id: number;
  readonly label: string;
  readonly viewType: StreamViewType;
  readonly keySchema: readonly KeySchemaElement[];
  readonly slots: number;
  readonly createdMs: number;
  readonly disabledMs?: number;
}

export function addressKey({ accountId, region, name }: TableAddress): string {
  return `${accountId}/${region}/${name}`;
}

export function tableArn({ accountId, region, name }: TableAddress): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
}

export function streamArn(stream: TableAddress & { readonly label: string }): string {
  return `${tableArn(stream)}/stream/${stream.label}`;
}
