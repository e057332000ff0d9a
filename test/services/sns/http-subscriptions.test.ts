import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { HttpEndpoint } from './http-endpoint.ts';
import { SnsTester } from './sns-tester.ts';

/** A subscription that its endpoint has confirmed, the way endpoints do: by the URL they are sent. */
async function confirmed(
  sns: SnsTester,
  endpoint: HttpEndpoint,
  name: string,
  attributes: Record<string, string> = {},
) {
  const topic = await sns.topic(name);
  const subscription = await sns.subscribe(topic, endpoint.url, attributes, 'http');
  const asked = await endpoint.next();
  const answer = await fetch(JSON.parse(asked.body).SubscribeURL);
  assert.equal(answer.status, 200);
  return { topic, subscription, asked, answer: await answer.text() };
}

test('an endpoint is asked, and gets messages once it has agreed', async (context) => {
  const [sns, endpoint] = [await SnsTester.start(context), await HttpEndpoint.start(context)];
  const topic = await sns.topic('asked');
  const subscription = await sns.subscribe(topic, endpoint.url, {}, 'http');
  assert.equal((await sns.subscriptionAttributes(subscription))['PendingConfirmation'], 'true');
  assert.equal((await sns.topicAttributes(topic))['SubscriptionsPending'], '1');
  await sns.publish(topic, 'too early');
  const asked = await endpoint.next();
  assert.equal(asked.headers['x-amz-sns-message-type'], 'SubscriptionConfirmation');
  const body = JSON.parse(asked.body);
  assert.deepEqual(Object.keys(body), [
    'Type',
    'MessageId',
    'Token',
    'TopicArn',
    'Message',
    'SubscribeURL',
    'Timestamp',
    'SignatureVersion',
    'Signature',
    'SigningCertURL',
  ]);
  const names = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const signed = names.map((name) => `${name}\n${body[name]}\n`).join('');
  const certificate = new X509Certificate(await (await fetch(body.SigningCertURL)).text());
  const signature = Buffer.from(body.Signature, 'base64');
  assert.ok(verify('sha1', Buffer.from(signed), certificate.publicKey, signature));

  const answer = await (await fetch(body.SubscribeURL)).text();
  assert.match(answer, new RegExp(`<SubscriptionArn>${subscription}</SubscriptionArn>`));
  const attributes = await sns.subscriptionAttributes(subscription);
  assert.equal(attributes['PendingConfirmation'], 'false');
  assert.equal(attributes['ConfirmationWasAuthenticated'], 'false');

  const { MessageId } = await sns.publish(topic, 'welcome');
  const posted = await endpoint.next();
  assert.equal(JSON.parse(posted.body).Message, 'welcome');
  assert.equal(posted.headers['x-amz-sns-message-type'], 'Notification');
  assert.equal(posted.headers['x-amz-sns-message-id'], MessageId);
  assert.equal(posted.headers['x-amz-sns-topic-arn'], topic);
  assert.equal(posted.headers['x-amz-sns-subscription-arn'], subscription);
  assert.equal(posted.headers['content-type'], 'text/plain; charset=UTF-8');

  await fetch(JSON.parse(posted.body).UnsubscribeURL);
  await assert.rejects(sns.subscriptionAttributes(subscription), { name: 'NotFoundException' });
});

test('raw delivery posts the text alone', async (context) => {
  const [sns, endpoint] = [await SnsTester.start(context), await HttpEndpoint.start(context)];
  const { topic } = await confirmed(sns, endpoint, 'rawhttp', { RawMessageDelivery: 'true' });
  await sns.publish(topic, 'bare');
  const posted = await endpoint.next();
  assert.equal(posted.body, 'bare');
  assert.equal(posted.headers['x-amz-sns-rawdelivery'], 'true');
});

test('an endpoint that fails is tried again by its delivery policy, then given up', async (context) => {
  const [sns, endpoint] = [await SnsTester.start(context), await HttpEndpoint.start(context)];
  const letters = await sns.queue('http-letters');
  const { topic } = await confirmed(sns, endpoint, 'failing', {
    DeliveryPolicy: JSON.stringify({
      healthyRetryPolicy: { minDelayTarget: 10, maxDelayTarget: 10, numRetries: 2 },
    }),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: letters }),
  });
  endpoint.statuses.push(500, 503, 500);
  await sns.publish(topic, 'hard');
  await endpoint.next();
  for (let retry = 0; retry < 2; retry += 1) {
    await sns.platform.clock.advance(9_000);
    assert.equal(endpoint.count, 0, 'not before its time');
    await sns.platform.clock.advance(1_001);
    await endpoint.next();
  }
  const [message] = await sns.receive(letters);
  assert.equal(JSON.parse(message!.Body!).Message, 'hard');
});

test('an answer of the class 4xx is final', async (context) => {
  const [sns, endpoint] = [await SnsTester.start(context), await HttpEndpoint.start(context)];
  const letters = await sns.queue('forbidden');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters });
  const { topic } = await confirmed(sns, endpoint, 'forbidding', { RedrivePolicy });
  endpoint.statuses.push(403);
  await sns.publish(topic, 'no');
  await endpoint.next();
  const [message] = await sns.receive(letters);
  assert.equal(JSON.parse(message!.Body!).Message, 'no');
  assert.equal(endpoint.count, 0);
});

test('a token is valid for two days', async (context) => {
  const [sns, endpoint] = [await SnsTester.alone(context), await HttpEndpoint.start(context)];
  await sns.subscribe(await sns.topic('late'), endpoint.url, {}, 'http');
  const { SubscribeURL } = JSON.parse((await endpoint.next()).body);
  await sns.platform.clock.advance(2 * 24 * 3600 * 1000);
  const answer = await fetch(SubscribeURL);
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /Invalid parameter: Token/);
});
