import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

/** Every morning by a rule of EventBridge: what has been ordered of each article. */
export async function handler({ time }) {
  const lines = [];
  const pages = paginateScan(
    { client },
    {
      TableName: process.env.TABLE,
      FilterExpression: 'begins_with(pk, :article)',
      ExpressionAttributeValues: { ':article': 'article#' },
    },
  );
  for await (const { Items } of pages)
    for (const { pk, units } of Items) lines.push(`${pk.slice('article#'.length)}: ${units}`);
  console.log(`Report of ${time}: ${lines.sort().join(', ')}`);
}
