/** Expected times: examples of the EventBridge user guide ("Cron expressions reference"), and the calendar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSchedule } from '../../../src/core/schedule/schedule-expression.ts';

function nextOnes(expression: string, after: string, count = 1, zone = 'UTC'): string[] {
  const schedule = parseSchedule(expression, zone);
  const originMs = Date.parse(after);
  const times: string[] = [];
  let ms: number | undefined = originMs;
  for (let n = 0; n < count; n += 1) {
    ms = schedule.next(ms, originMs);
    if (ms === undefined) break;
    times.push(new Date(ms).toISOString().replace('.000Z', 'Z'));
  }
  return times;
}

const CRONS: readonly [string, string, readonly string[]][] = [
  ['0 10 * * ? *', '2026-01-31T10:00:00Z', ['2026-02-01T10:00:00Z', '2026-02-02T10:00:00Z']],
  ['15 12 * * ? *', '2026-01-01T00:00:00Z', ['2026-01-01T12:15:00Z']],
  ['0 18 ? * MON-FRI *', '2026-11-20T18:00:00Z', ['2026-11-23T18:00:00Z', '2026-11-24T18:00:00Z']],
  ['0 8 1 * ? *', '2026-11-24T00:00:00Z', ['2026-12-01T08:00:00Z', '2027-01-01T08:00:00Z']],
  ['0/15 * * * ? *', '2026-11-24T10:50:00Z', ['2026-11-24T11:00:00Z', '2026-11-24T11:15:00Z']],
  ['0/10 * ? * MON-FRI *', '2026-11-20T23:50:00Z', ['2026-11-23T00:00:00Z']],
  ['0/5 8-17 ? * 2-6 *', '2026-11-24T17:55:00Z', ['2026-11-25T08:00:00Z']],
  ['0 9 ? * 2#1 *', '2026-11-24T00:00:00Z', ['2026-12-07T09:00:00Z']],
  ['0 0 L * ? *', '2026-02-01T00:00:00Z', ['2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z']],
  ['0 0 L-2 * ? *', '2026-02-01T00:00:00Z', ['2026-02-26T00:00:00Z']],
  ['0 0 15W * ? *', '2026-11-01T00:00:00Z', ['2026-11-16T00:00:00Z', '2026-12-15T00:00:00Z']],
  ['0 0 1W * ? *', '2026-07-31T00:00:00Z', ['2026-08-03T00:00:00Z']],
  ['0 0 LW * ? *', '2026-01-01T00:00:00Z', ['2026-01-30T00:00:00Z', '2026-02-27T00:00:00Z']],
  ['0 0 ? * 6L *', '2026-11-01T00:00:00Z', ['2026-11-27T00:00:00Z']],
  ['0 0 ? * L *', '2026-11-22T00:00:00Z', ['2026-11-28T00:00:00Z', '2026-12-05T00:00:00Z']],
  ['0 0 ? * FRI-MON *', '2026-11-23T00:00:00Z', ['2026-11-27T00:00:00Z', '2026-11-28T00:00:00Z']],
  ['30 6 29 FEB ? *', '2026-01-01T00:00:00Z', ['2028-02-29T06:30:00Z', '2032-02-29T06:30:00Z']],
  ['0 0 1 1 ? 2027-2028', '2026-01-01T00:00:00Z', ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']],
];

for (const [fields, after, expected] of CRONS) {
  test(`cron(${fields}) after ${after}`, () => {
    assert.deepEqual(nextOnes(`cron(${fields})`, after, expected.length), expected);
  });
}

test('a cron expression whose years are over is never due', () => {
  assert.deepEqual(nextOnes('cron(0 0 1 1 ? 2020)', '2026-01-01T00:00:00Z'), []);
});

test('times of a zone follow its clock: what is set forward over does not come, what comes twice comes once', () => {
  const zone = 'Europe/Berlin';
  assert.deepEqual(nextOnes('cron(30 2 * * ? *)', '2026-03-27T12:00:00Z', 3, zone), [
    '2026-03-28T01:30:00Z',
    // On the 29th the clock goes from 2 to 3.
    '2026-03-30T00:30:00Z',
    '2026-03-31T00:30:00Z',
  ]);
  assert.deepEqual(nextOnes('cron(30 2 * * ? *)', '2026-10-24T12:00:00Z', 2, zone), [
    '2026-10-25T00:30:00Z',
    '2026-10-26T01:30:00Z',
  ]);
  assert.deepEqual(nextOnes('at(2026-07-01T12:00:30)', '2026-01-01T00:00:00Z', 2, zone), [
    '2026-07-01T10:00:30Z',
  ]);
});

test('a rate counts from its origin', () => {
  assert.deepEqual(nextOnes('rate(5 minutes)', '2026-01-01T00:02:03Z', 2), [
    '2026-01-01T00:07:03Z',
    '2026-01-01T00:12:03Z',
  ]);
  const schedule = parseSchedule('rate(1 hour)');
  assert.equal(schedule.next(10_000_000, 0), 10_800_000);
});

test('what is no schedule is refused, and says why', () => {
  for (const [expression, problem] of [
    ['rate(1 minutes)', /no rate/],
    ['rate(5 minute)', /no rate/],
    ['rate(0 minutes)', /no rate/],
    ['cron(0 0 * * * *)', /is \?/],
    ['cron(0 0 ? * ? *)', /is \?/],
    ['cron(0 0 * * ?)', /six fields/],
    ['cron(60 0 * * ? *)', /'60' is not a minute from 0 to 59/],
    ['cron(0 0 32 * ? *)', /day of the month/],
    ['cron(0 0 ? * 8 *)', /day of the week/],
    ['cron(0 0 ? * 2#6 *)', /day of the week/],
    ['cron(0 0 1 13 ? *)', /month/],
    ['at(2026-13-01)', /no time/],
    ['at(2026-02-31T00:00:00)', /there is no/],
    ['at(2026-01-01T24:00:61)', /there is no/],
    ['every day', /none of/],
  ] as const)
    assert.throws(() => parseSchedule(expression), { name: 'RangeError', message: problem }, expression);
  assert.throws(() => parseSchedule('rate(1 day)', 'Mars/Olympus'), /not a time zone/);
});
