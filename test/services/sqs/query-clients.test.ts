import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SqsTester } from './sqs-client.ts';

/** What older clients send: a form, to the root or to a queue's own URL. Names as in AWS's API reference of 2012-11-05. */
async function post(url: string, fields: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: response.status, text: await response.text() };
}

/** The texts of all elements of a name. */
function texts(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1]!);
}

test('a client of the Query protocol makes a queue, sends, receives and deletes', async (context) => {
  const sqs = await SqsTester.alone(context);
  const version = { Version: '2012-11-05' };
  const made = await post(`${sqs.platform.origin}/`, {
    ...version,
    Action: 'CreateQueue',
    QueueName: 'q',
    'Attribute.1.Name': 'VisibilityTimeout',
    'Attribute.1.Value': '7',
    'Tag.1.Key': 'k',
    'Tag.1.Value': 'v',
  });
  const [url = ''] = texts(made.text, 'QueueUrl');
  assert.match(made.text, /^<CreateQueueResponse xmlns="http:\/\/queue.amazonaws.com\/doc\/2012-11-05\/">/);
  assert.equal(url, `${sqs.platform.origin}/000000000000/q`);

  const sent = await post(url, {
    ...version,
    Action: 'SendMessage',
    MessageBody: 'a < b',
    'MessageAttribute.1.Name': 'colour',
    'MessageAttribute.1.Value.DataType': 'String',
    'MessageAttribute.1.Value.StringValue': 'red',
  });
  assert.deepEqual(texts(sent.text, 'MD5OfMessageBody'), [createHash('md5').update('a < b').digest('hex')]);
  const batch = await post(url, {
    ...version,
    Action: 'SendMessageBatch',
    'SendMessageBatchRequestEntry.1.Id': 'one',
    'SendMessageBatchRequestEntry.1.MessageBody': '1',
    'SendMessageBatchRequestEntry.2.Id': 'two',
    'SendMessageBatchRequestEntry.2.MessageBody': '2',
    'SendMessageBatchRequestEntry.2.DelaySeconds': '901',
  });
  assert.match(batch.text, /<SendMessageBatchResultEntry><Id>one<\/Id>/);
  assert.match(batch.text, /<BatchResultErrorEntry><Id>two<\/Id><SenderFault>true<\/SenderFault>/);

  const received = await post(url, {
    ...version,
    Action: 'ReceiveMessage',
    MaxNumberOfMessages: '10',
    'AttributeName.1': 'ApproximateReceiveCount',
    'MessageAttributeName.1': 'All',
  });
  assert.deepEqual(texts(received.text, 'Body'), ['a &lt; b', '1']);
  assert.match(
    received.text,
    /<Attribute><Name>ApproximateReceiveCount<\/Name><Value>1<\/Value><\/Attribute>/,
  );
  assert.match(
    received.text,
    /<MessageAttribute><Name>colour<\/Name><Value><StringValue>red<\/StringValue><DataType>String<\/DataType><\/Value><\/MessageAttribute>/,
  );
  const [first = '', second = ''] = texts(received.text, 'ReceiptHandle');
  const deleted = await post(url, {
    ...version,
    Action: 'DeleteMessageBatch',
    'DeleteMessageBatchRequestEntry.1.Id': '1',
    'DeleteMessageBatchRequestEntry.1.ReceiptHandle': first,
    'DeleteMessageBatchRequestEntry.2.Id': '2',
    'DeleteMessageBatchRequestEntry.2.ReceiptHandle': second,
  });
  assert.deepEqual(texts(deleted.text, 'Id'), ['1', '2']);

  const attributes = await post(url, {
    ...version,
    Action: 'GetQueueAttributes',
    'AttributeName.1': 'VisibilityTimeout',
  });
  assert.match(attributes.text, /<Attribute><Name>VisibilityTimeout<\/Name><Value>7<\/Value><\/Attribute>/);
  const tags = await post(url, { ...version, Action: 'ListQueueTags' });
  assert.match(tags.text, /<Tag><Key>k<\/Key><Value>v<\/Value><\/Tag>/);
});

test('a queue is spoken to at its own URL, without a version and by GET', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const sent = await fetch(`${url}?Action=SendMessage&MessageBody=hello`);
  assert.equal(sent.status, 200);
  const received = await post(url, { Action: 'ReceiveMessage' });
  assert.deepEqual(texts(received.text, 'Body'), ['hello']);
});

test('errors have the codes and the words of the Query protocol', async (context) => {
  const sqs = await SqsTester.start(context);
  const origin = `${sqs.platform.origin}/`;
  const version = { Version: '2012-11-05' };
  // Recorded as "queue-does-not-exist-query".
  const missing = await post(origin, { ...version, Action: 'GetQueueUrl', QueueName: 'nothing' });
  assert.equal(missing.status, 400);
  assert.match(
    missing.text,
    /<Type>Sender<\/Type><Code>AWS.SimpleQueueService.NonExistentQueue<\/Code><Message>The specified queue does not exist for this wsdl version.<\/Message>/,
  );
  const nameless = await post(origin, { ...version, Action: 'CreateQueue' });
  assert.match(
    nameless.text,
    /<Code>MissingParameter<\/Code><Message>The request must contain the parameter QueueName.<\/Message>/,
  );
  const url = await sqs.queue('q');
  const tooMany = await post(url, { ...version, Action: 'ReceiveMessage', MaxNumberOfMessages: '11' });
  assert.match(tooMany.text, /<Code>InvalidParameterValue<\/Code>/);
  assert.match((await post(url, { ...version, Action: 'Nothing' })).text, /<Code>InvalidAction<\/Code>/);
});

test('JSON clients find the codes of Query in a header, for errors that no model has as well', async (context) => {
  const sqs = await SqsTester.start(context);
  const response = await fetch(sqs.platform.origin, {
    method: 'POST',
    headers: { 'x-amz-target': 'AmazonSQS.CreateQueue', 'content-type': 'application/x-amz-json-1.0' },
    body: '{"QueueName":"a b"}',
  });
  assert.equal(response.headers.get('x-amzn-query-error'), 'InvalidParameterValue;Sender');
  const { __type: type } = (await response.json()) as { __type: string };
  assert.equal(type, 'com.amazonaws.sqs#InvalidParameterValueException');
});
