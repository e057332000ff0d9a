import type { KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { KeySchema, KeyType } from './engine/key-bytes.ts';
import type { IndexLayout, TableLayout } from './engine/table-layout.ts';
import type { IndexRecord, TableRecord } from './table-record.ts';
import { tableArn } from './table-record.ts';

/** A table with what follows from its record, which is worked out once for each change of it. */
export class Table {
  readonly record: TableRecord;
  readonly arn: string;
  readonly layout: TableLayout;
  readonly policy: PolicyDocument | undefined;
  private readonly indexes: ReadonlyMap<string, IndexRecord>;

  constructor(record: TableRecord) {
    this.record = record;
    this.arn = tableArn(record);
    this.layout = layoutOf(record);
    this.policy = record.policy && parsePolicy(record.policy.text);
    this.indexes = new Map(record.indexes.map((index) => [index.name, index]));
  }

  get isOnDemand(): boolean {
    return this.record.billingMode === 'PAY_PER_REQUEST';
  }

  index(name: string): IndexRecord | undefined {
    return this.indexes.get(name);
  }

  /** Of an index that the table has. */
  indexLayout(name: string): IndexLayout {
    return this.layout.indexes.find((index) => index.name === name)!;
  }
}

function layoutOf(record: TableRecord): TableLayout {
  const { id, keySchema, indexes, stream, isStreaming, ttlAttribute } = record;
  return {
    id,
    key: schemaOf(record, keySchema),
    indexes: indexes
      .filter(({ status }) => status !== 'DELETING')
      .map((index) => ({
        id: index.id,
        name: index.name,
        isLocal: index.isLocal,
        key: schemaOf(record, index.keySchema),
        projection:
          index.projection.ProjectionType === 'ALL' ? 'ALL' : (index.projection.NonKeyAttributes ?? []),
      })),
    stream: stream !== undefined && isStreaming ? stream : undefined,
    ttlAttribute,
  };
}

function schemaOf({ attributeDefinitions }: TableRecord, elements: readonly KeySchemaElement[]): KeySchema {
  const part = ({ AttributeName: name }: KeySchemaElement) => ({
    name: name!,
    type: attributeDefinitions.find((found) => found.AttributeName === name)!.AttributeType as KeyType,
  });
  const [partition, sort] = elements;
  return { partition: part(partition!), sort: sort && part(sort) };
}
