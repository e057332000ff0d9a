/** A range of rows as SQL. Tuples compare part by part, as the primary key orders them. */
import type { SQLInputValue } from 'node:sqlite';
import type { RowRange } from '../../ports/item-store.ts';

export interface RangeQuery {
  readonly sql: string;
  readonly values: SQLInputValue[];
}

/** `columns` are those of the key, in order. */
export function rangeQuery(
  table: string,
  columns: readonly string[],
  selected: string,
  owner: number,
  range: RowRange,
): RangeQuery {
  const { partition, low, high, beyond, isDescending } = range;
  const conditions = ['owner = ?'];
  const values: SQLInputValue[] = [owner];
  if (partition !== undefined) {
    conditions.push(`${columns[0]} = ?`);
    values.push(partition);
  }
  const fixed = partition === undefined ? 0 : 1;
  const bounded = columns[fixed];
  if (low !== undefined) {
    conditions.push(`${bounded} ${low.isInclusive ? '>=' : '>'} ?`);
    values.push(low.value);
  }
  if (high !== undefined) {
    conditions.push(`${bounded} ${high.isInclusive ? '<=' : '<'} ?`);
    values.push(high.value);
  }
  if (beyond !== undefined) {
    const rest = columns.slice(fixed);
    const marks = rest.map(() => '?').join(', ');
    conditions.push(`(${rest.join(', ')}) ${isDescending ? '<' : '>'} (${marks})`);
    values.push(...beyond.slice(fixed));
  }
  const order = columns.map((column) => `${column} ${isDescending ? 'DESC' : 'ASC'}`).join(', ');
  return {
    sql: `SELECT ${selected} FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY ${order}`,
    values,
  };
}
