import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../src/core/errors.ts';
import type { ShardPull } from '../../src/ports/stream-source.ts';
import type { RecordsPage, StreamApi } from '../../src/remote/remote-streams.ts';
import { RemoteStreams } from '../../src/remote/remote-streams.ts';
import { SettableClock } from '../services/settable-clock.ts';

const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
const SHARD = 'shardId-000000000000';

/** A stream at an endpoint: `asked` are the places of iterators, and how often records were asked for. */
function opened(pages: readonly (RecordsPage | AwsError)[], clock = new SettableClock(0)) {
  const asked: string[] = [];
  const left = [...pages];
  const api: StreamApi = {
    exists: async () => true,
    shards: async () => [{ shardId: SHARD, parentShardIds: [] }],
    iterator: async (_arn, _shardId, place) => {
      asked.push(JSON.stringify(place));
      return 'iterator';
    },
    records: async () => {
      asked.push('records');
      const page = left.shift() ?? emptyPage();
      if (page instanceof AwsError) throw page;
      return page;
    },
  };
  return { asked, clock, streams: new RemoteStreams({ api, clock, realNowMs: () => 5_000 }) };
}

function emptyPage(): RecordsPage {
  return { records: [], nextIterator: 'next', isBehind: false };
}

function page(...arrivals: readonly number[]): RecordsPage {
  const records = arrivals.map((arrivedAtMs) => ({
    sequenceNumber: `${arrivedAtMs}`,
    orderKey: 'k',
    arrivedAtMs,
    record: {},
  }));
  return { records, nextIterator: 'next', isBehind: false };
}

const pull = (signal = new AbortController().signal): ShardPull => ({ max: 10, signal });
const settled = () => new Promise(setImmediate);

test('a shard with nothing new is asked for records once a second', async () => {
  const { streams, asked, clock } = opened([emptyPage(), emptyPage(), page(7)]);
  const cursor = await streams.open(ARN, SHARD, { at: 'TRIM_HORIZON' });
  const read = streams.read(ARN, SHARD, cursor, pull());
  await settled();
  assert.deepEqual(asked, ['{"at":"TRIM_HORIZON"}', 'records']);
  await clock.advance(999);
  await settled();
  assert.equal(asked.length, 2);
  await clock.advance(1);
  await settled();
  assert.deepEqual(asked.slice(2), ['records']);
  await clock.advance(1_000);
  assert.equal((await read).cursor, 'AFTER:7');
});

test('the end of a shard is asked for when it is opened; another process goes by the time that was then', async () => {
  const first = opened([page(5_001)]);
  const cursor = await first.streams.open(ARN, SHARD, { at: 'LATEST' });
  assert.deepEqual(first.asked, ['{"at":"LATEST","sinceMs":5000}']);
  assert.equal((await first.streams.read(ARN, SHARD, cursor, pull())).records.length, 1);
  assert.equal(first.asked.length, 2);

  // An endpoint that knows no places in time, as DynamoDB's, gives what was there before too.
  const second = opened([page(4_999, 5_001)]);
  const { records } = await second.streams.read(ARN, SHARD, cursor, pull());
  assert.deepEqual(second.asked[0], '{"at":"AT_TIMESTAMP","timestampMs":5000}');
  assert.deepEqual(
    records.map(({ arrivedAtMs }) => arrivedAtMs),
    [5_001],
  );
});

test('an iterator that has expired is made anew from the cursor', async () => {
  const expired = new AwsError('ExpiredIteratorException', 'Iterator expired.');
  const { streams, asked, clock } = opened([page(7), expired, page(8)]);
  const { cursor } = await streams.read(ARN, SHARD, 'TRIM_HORIZON', pull());
  const read = streams.read(ARN, SHARD, cursor, pull());
  await clock.advance(1_000);
  assert.equal((await read).cursor, 'AFTER:8');
  assert.deepEqual(asked.slice(-2), ['{"at":"AFTER","sequenceNumber":"7"}', 'records']);
});

test('a signal ends the waiting; one that has ended before asks for what is there', async () => {
  const { streams, asked } = opened([emptyPage()]);
  const waiting = new AbortController();
  const read = streams.read(ARN, SHARD, 'TRIM_HORIZON', pull(waiting.signal));
  await settled();
  waiting.abort();
  assert.deepEqual(await read, { records: [], cursor: 'TRIM_HORIZON', isEnd: false });
  const before = asked.length;
  await streams.read(ARN, SHARD, 'TRIM_HORIZON', pull(AbortSignal.abort()));
  assert.ok(asked.length > before);
});

test('whoever waits for shards to change is woken by the end of one', async () => {
  const { streams } = opened([{ records: [], nextIterator: undefined, isBehind: false }]);
  const known = await streams.shards(ARN);
  const stopping = new AbortController();
  let listed = 0;
  const { shards } = streams;
  streams.shards = (arn) => {
    listed += 1;
    return shards.call(streams, arn);
  };
  const changed = streams.shardsChanged(ARN, known, stopping.signal);
  await settled();
  assert.equal(listed, 1);
  assert.equal((await streams.read(ARN, SHARD, 'TRIM_HORIZON', pull())).isEnd, true);
  await settled();
  assert.equal(listed, 2);
  stopping.abort();
  await changed;
});
