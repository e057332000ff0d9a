import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

/** From the stream of the table: adds what was ordered newly to the sum of its article. */
export async function handler({ Records }) {
  for (const { dynamodb } of Records) {
    const { article, units } = dynamodb.NewImage;
    const { Attributes } = await table.send(
      new UpdateCommand({
        TableName: process.env.TABLE,
        Key: { pk: `article#${article.S}` },
        UpdateExpression: 'ADD units :units',
        ExpressionAttributeValues: { ':units': Number(units.N) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    console.log(`${article.S}: ${Attributes.units} ordered so far`);
  }
}
