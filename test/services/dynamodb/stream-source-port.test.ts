import { streamSourceSuite } from '../../ports/stream-source-suite.ts';
import { openedDynamo } from './opened-dynamo.ts';

const HOUR_MS = 3_600_000;

streamSourceSuite('a stream of DynamoDB', async (context) => {
  const { dynamo, call, clock } = await openedDynamo(context);
  const TableName = 'table';
  const { TableDescription } = (await call('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  })) as { TableDescription: { LatestStreamArn: string } };
  const put = (key: string) => call('PutItem', { TableName, Item: { pk: { S: key } } });
  return {
    source: dynamo.streamSource,
    arn: TableDescription.LatestStreamArn,
    put,
    async reshard() {
      await clock.advance(4 * HOUR_MS);
      await put('in the next shard');
    },
    async remove() {
      await call('DeleteTable', { TableName });
      dynamo.begin();
      await clock.advance(26 * HOUR_MS);
    },
  };
});
