/** A range of rows as SQL. Tuples compare part by part, as the primary key orders them. */
import type { SQLInputValue } from 'node:sqlite';
import type { Bound, RowRange } from '../../ports/item-store.ts';

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
  const { partition, beyond, isDescending } = range;
  const conditions = ['owner = ?'];
  const values: SQLInputValue[] = [owner];
  if (partition !== undefined) {
    conditions.push(`${columns[0]} = ?`);
    values.push(partition);
  }
  const fixed = partition === undefined ? 0 : 1;
  const bounded = columns[fixed];
  const { low, high } = boundsOf(range, beyond?.[fixed]);
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

/**
 * Without the bound from which the read came, once it has gone on from there to `reached`: SQLite seeks by one lower
 * and one upper bound, and would take that one and then step over all that was read before.
 */
function boundsOf(
  { low, high, isDescending }: RowRange,
  reached: Uint8Array | undefined,
): Pick<RowRange, 'low' | 'high'> {
  if (reached === undefined) return { low, high };
  const isPassed = ({ value, isInclusive }: Bound): boolean => {
    const order = Buffer.compare(reached, value) * (isDescending ? -1 : 1);
    return order > 0 || (order === 0 && isInclusive);
  };
  if (isDescending) return { low, high: high && (isPassed(high) ? undefined : high) };
  return { low: low && (isPassed(low) ? undefined : low), high };
}
