import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Bound, RowRange } from '../../../src/ports/item-store.ts';
import { rangeQuery } from '../../../src/storage/items/range-query.ts';

const OWNER = 1;
const COLUMNS = ['k0', 'k1', 'k2'];
const PARTS = [1, 2, 3, 4];
const byteOf = (value: number): Uint8Array => Uint8Array.of(value);

/** Rows [1, k1, k2] with every pair of parts. */
function filled(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE pairs (owner, k0, k1, k2, PRIMARY KEY (owner, k0, k1, k2)) WITHOUT ROWID');
  const insert = database.prepare('INSERT INTO pairs VALUES (?, ?, ?, ?)');
  for (const one of PARTS) for (const two of PARTS) insert.run(OWNER, byteOf(1), byteOf(one), byteOf(two));
  return database;
}

function bounds(): (Bound | undefined)[] {
  const inclusive = [true, false];
  return [
    undefined,
    ...[2, 3].flatMap((v) => inclusive.map((is) => ({ value: byteOf(v), isInclusive: is }))),
  ];
}

function expected({ low, high, beyond, isDescending }: RowRange): number[][] {
  const pairs = PARTS.flatMap((one) => PARTS.map((two) => [one, two]));
  const after = beyond && beyond[1]![0]! * 10 + beyond[2]![0]!;
  const found = pairs.filter(([one, two]) => {
    const place = one! * 10 + two!;
    if (low !== undefined && (one! < low.value[0]! || (one === low.value[0] && !low.isInclusive)))
      return false;
    if (high !== undefined && (one! > high.value[0]! || (one === high.value[0] && !high.isInclusive)))
      return false;
    return after === undefined || (isDescending ? place < after : place > after);
  });
  return isDescending ? found.reverse() : found;
}

test('a range gives the same rows wherever it goes on, and looks for their place by one bound', () => {
  const database = filled();
  const starts = [undefined, ...PARTS.flatMap((one) => PARTS.map((two) => [1, one, two].map(byteOf)))];
  for (const low of bounds())
    for (const high of bounds())
      for (const beyond of starts)
        for (const isDescending of [false, true]) {
          const range: RowRange = { partition: byteOf(1), low, high, beyond, isDescending };
          const { sql, values } = rangeQuery('pairs', COLUMNS, 'k1, k2', OWNER, range);
          const rows = database.prepare(sql).all(...values) as { k1: Uint8Array; k2: Uint8Array }[];
          const found = rows.map(({ k1, k2 }) => [k1[0], k2[0]]);
          assert.deepEqual(found, expected(range), JSON.stringify(range));
          // Reads go on from a row that they have come to.
          const place = beyond && `${beyond[1]![0]},${beyond[2]![0]}`;
          if (!expected({ ...range, beyond: undefined }).some((pair) => String(pair) === place)) continue;
          // With two bounds on the side from which it reads, SQLite would seek by either.
          const side = isDescending ? /</g : />/g;
          assert.equal(sql.match(side)?.length, 1, `${sql}: ${JSON.stringify(range)}`);
        }
  database.close();
});
