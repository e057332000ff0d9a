import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';

const s3 = new S3Client();
const table = DynamoDBDocumentClient.from(new DynamoDBClient());

/** From SQS: each body is a notification of SNS, whose message is the event of S3. */
export async function handler({ Records }) {
  const failed = [];
  for (const { messageId, body } of Records) {
    try {
      const { Records: uploads = [] } = JSON.parse(JSON.parse(body).Message);
      for (const { s3: upload } of uploads) await take(upload.bucket.name, upload.object.key);
    } catch (error) {
      console.error(`${messageId}: ${error.message}`);
      failed.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures: failed };
}

async function take(bucket, encodedKey) {
  // S3 writes keys in events as in a form: `+` for a blank.
  const key = decodeURIComponent(encodedKey.replaceAll('+', ' '));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const order = JSON.parse(await Body.transformToString());
  // The same upload may come twice; the same order is the same item.
  const item = { pk: `order#${order.id}`, article: order.article, units: order.units, from: key };
  await table.send(new PutCommand({ TableName: process.env.TABLE, Item: item }));
  console.log(`Took order ${order.id}: ${order.units} of ${order.article}`);
}
