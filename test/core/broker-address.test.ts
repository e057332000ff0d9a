import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerAddressOf, brokerNameOf, parseBrokerAddress } from '../../src/core/broker-address.ts';

test('an address says what a broker is, and where', () => {
  const at = (host: string, port: number) => ({ endpoints: [{ host, port }] });
  const cases: [string, object][] = [
    ['amqp://127.0.0.1:5673', { kind: 'rabbitmq', isTls: false, ...at('127.0.0.1', 5_673) }],
    ['amqps://broker.example', { kind: 'rabbitmq', isTls: true, ...at('broker.example', 5_671) }],
    ['amqp://[::1]/', { kind: 'rabbitmq', isTls: false, ...at('::1', 5_672) }],
    ['amqp+activemq://localhost', { kind: 'activemq', isTls: false, ...at('localhost', 5_672) }],
    ['amqps+activemq://localhost:61617', { kind: 'activemq', isTls: true, ...at('localhost', 61_617) }],
    [
      'one:9092,two:9093',
      {
        kind: 'kafka',
        isTls: false,
        endpoints: [
          { host: 'one', port: 9_092 },
          { host: 'two', port: 9_093 },
        ],
      },
    ],
  ];
  for (const [text, address] of cases) assert.deepEqual(parseBrokerAddress(text), address, text);
});

test('what is no address is none', () => {
  const texts = ['', 'one', 'one:99999', 'one:9092,', 'http://one:80', 'amqp://', 'amqp://user:secret@one'];
  for (const text of [...texts, 'amqp://one/vhost', 'a b:1', 'mqtt://one:1883'])
    assert.equal(parseBrokerAddress(text), undefined, text);
});

test('brokers and clusters are known by name or by ARN, which wins', () => {
  const broker = 'arn:aws:mq:us-east-1:123456789012:broker:orders:b-1234';
  const cluster = 'arn:aws:kafka:us-east-1:123456789012:cluster/orders/1234-5678-9';
  assert.deepEqual([broker, cluster, 'orders'].map(brokerNameOf), ['orders', 'orders', undefined]);
  const addresses = { orders: 'amqp://by-name', [broker]: 'amqp://by-arn' };
  assert.equal(brokerAddressOf(addresses, broker)?.endpoints[0]?.host, 'by-arn');
  assert.equal(brokerAddressOf(addresses, cluster)?.endpoints[0]?.host, 'by-name');
  assert.equal(brokerAddressOf({}, broker), undefined);
});
