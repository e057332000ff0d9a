/** What a table may be, in DynamoDB's words and in the order in which it looks. */
import type {
  AttributeDefinition,
  BillingMode,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  Projection,
  ProvisionedThroughput,
} from '@aws-sdk/client-dynamodb';
import { invalidValues, validationError } from './engine/item-checks.ts';

/** Source: "Quotas in Amazon DynamoDB". */
export const MAX_LOCAL_INDEXES = 5;
export const MAX_GLOBAL_INDEXES = 20;
const MAX_NON_KEY_ATTRIBUTES = 100;

export interface TableShape {
  readonly attributeDefinitions: readonly AttributeDefinition[];
  readonly keySchema: readonly KeySchemaElement[];
  readonly billingMode: BillingMode;
  readonly throughput: ProvisionedThroughput | undefined;
  readonly localIndexes: readonly LocalSecondaryIndex[] | undefined;
  readonly globalIndexes: readonly GlobalSecondaryIndex[] | undefined;
}

export function checkTableShape(shape: TableShape): void {
  const { attributeDefinitions, keySchema, localIndexes, globalIndexes } = shape;
  checkBilling(shape);
  const defined = attributeDefinitions.map(({ AttributeName }) => AttributeName!);
  checkKeySchema(keySchema, defined);
  if (localIndexes === undefined && globalIndexes === undefined && keySchema.length !== defined.length) {
    throw invalidValues(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
  const names = new Set<string>();
  if (localIndexes !== undefined) checkLocalIndexes(shape, localIndexes, names);
  if (globalIndexes !== undefined) checkGlobalIndexes(shape, globalIndexes, names);
  checkAllUsed(shape);
}

function checkBilling({ billingMode, throughput }: TableShape): void {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) return;
    throw invalidValues(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (throughput === undefined) {
    throw invalidValues(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
}

export function checkKeySchema(schema: readonly KeySchemaElement[], defined: readonly string[]): void {
  const keys = schema.map(({ AttributeName }) => AttributeName!);
  if (keys.length > defined.length) {
    throw validationError('Invalid KeySchema: Some index key attribute have no definition');
  }
  checkDefined(keys, defined);
  checkKeyOrder(schema);
}

function checkDefined(keys: readonly string[], defined: readonly string[]): void {
  if (keys.every((key) => defined.includes(key))) return;
  throw invalidValues(
    `Some index key attributes are not defined in AttributeDefinitions. Keys: [${keys.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
  );
}

function checkKeyOrder([first, second]: readonly KeySchemaElement[]): void {
  if (first!.AttributeName === second?.AttributeName) {
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  if (first!.KeyType !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (second !== undefined && second.KeyType !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
}

function checkLocalIndexes(
  { attributeDefinitions, keySchema }: TableShape,
  indexes: readonly LocalSecondaryIndex[],
  names: Set<string>,
): void {
  const defined = attributeDefinitions.map(({ AttributeName }) => AttributeName!);
  const tableHash = keySchema[0]!.AttributeName!;
  if (indexes.length === 0) throw invalidValues('List of LocalSecondaryIndexes is empty');
  if (keySchema.length !== 2) {
    throw invalidValues(
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    );
  }
  for (const { IndexName: name, KeySchema: schema, Projection: projection } of indexes) {
    checkIndexKeys(schema!, defined);
    if (schema!.length !== 2) {
      throw invalidValues(`Index KeySchema does not have a range key for index: ${name}`);
    }
    const indexHash = schema![0]!.AttributeName;
    if (indexHash !== tableHash) {
      throw invalidValues(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${name}. index hash key: ${indexHash}, table hash key: ${tableHash}`,
      );
    }
    checkProjection(projection!);
    checkNew(name!, names);
  }
  if (indexes.length > MAX_LOCAL_INDEXES) {
    throw invalidValues(`Number of LocalSecondaryIndexes exceeds per-table limit of ${MAX_LOCAL_INDEXES}`);
  }
}

function checkGlobalIndexes(
  shape: TableShape,
  indexes: readonly GlobalSecondaryIndex[],
  names: Set<string>,
): void {
  if (indexes.length === 0) throw invalidValues('List of GlobalSecondaryIndexes is empty');
  for (const index of indexes) checkGlobalIndex(shape, index, names);
  if (indexes.length > MAX_GLOBAL_INDEXES) {
    throw invalidValues(`GlobalSecondaryIndex count exceeds the per-table limit of ${MAX_GLOBAL_INDEXES}`);
  }
}

/** `names` are those of the table's other indexes. */
export function checkGlobalIndex(
  { attributeDefinitions, billingMode }: Pick<TableShape, 'attributeDefinitions' | 'billingMode'>,
  index: GlobalSecondaryIndex,
  names: Set<string>,
): void {
  const { IndexName: name, KeySchema: schema, Projection: projection } = index;
  checkIndexKeys(
    schema!,
    attributeDefinitions.map(({ AttributeName }) => AttributeName!),
  );
  checkProjection(projection!);
  if (billingMode === 'PAY_PER_REQUEST' && index.ProvisionedThroughput !== undefined) {
    throw invalidValues(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (billingMode !== 'PAY_PER_REQUEST' && index.ProvisionedThroughput === undefined) {
    throw invalidValues(`ProvisionedThroughput must be specified for index: ${name}`);
  }
  checkNew(name!, names);
}

function checkIndexKeys(schema: readonly KeySchemaElement[], defined: readonly string[]): void {
  checkDefined(
    schema.map(({ AttributeName }) => AttributeName!),
    defined,
  );
  checkKeyOrder(schema);
}

function checkProjection({ ProjectionType: type, NonKeyAttributes: attributes }: Projection): void {
  if (type === undefined) throw invalidValues('Unknown ProjectionType: null');
  if (attributes !== undefined && type !== 'INCLUDE') {
    throw invalidValues(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  if (type === 'INCLUDE' && attributes === undefined) {
    throw invalidValues(`ProjectionType is ${type}, but NonKeyAttributes is not specified`);
  }
  if ((attributes?.length ?? 0) > MAX_NON_KEY_ATTRIBUTES) {
    throw invalidValues(
      `NonKeyAttributes exceeds the limit of ${MAX_NON_KEY_ATTRIBUTES} attributes: ${attributes!.length}`,
    );
  }
}

function checkNew(name: string, names: Set<string>): void {
  if (names.has(name)) throw invalidValues(`Duplicate index name: ${name}`);
  names.add(name);
}

/** What is defined is used by some key. */
function checkAllUsed({
  attributeDefinitions,
  keySchema,
  localIndexes = [],
  globalIndexes = [],
}: TableShape): void {
  const schemas = [keySchema, ...localIndexes.map(schemaOf), ...globalIndexes.map(schemaOf)];
  const used = new Set(schemas.flat().map(({ AttributeName }) => AttributeName!));
  const defined = attributeDefinitions.map(({ AttributeName }) => AttributeName!);
  if (defined.every((name) => used.has(name))) return;
  throw invalidValues(
    `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}

function schemaOf({ KeySchema }: LocalSecondaryIndex | GlobalSecondaryIndex): readonly KeySchemaElement[] {
  return KeySchema ?? [];
}
