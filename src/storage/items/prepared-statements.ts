import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Row = Record<string, unknown>;

/** Statements of one connection, each compiled once. */
export class PreparedStatements {
  private readonly database: DatabaseSync;
  private readonly bySql = new Map<string, StatementSync>();
  private readonly arraysBySql = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** How many rows were changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.statement(sql).get(...values);
  }

  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.statement(sql).all(...values);
  }

  each(sql: string, ...values: SQLInputValue[]): IterableIterator<Row> {
    return this.statement(sql).iterate(...values);
  }

  /** Rows as arrays, in the order of the columns: of many rows, objects cost as much again as what is in them. */
  eachArray(sql: string, ...values: SQLInputValue[]): IterableIterator<readonly unknown[]> {
    const statement = this.statement(sql, this.arraysBySql);
    return statement.iterate(...values) as IterableIterator<unknown> as IterableIterator<unknown[]>;
  }

  private statement(sql: string, known: Map<string, StatementSync> = this.bySql): StatementSync {
    const found = known.get(sql);
    if (found !== undefined) return found;
    const statement = this.database.prepare(sql);
    if (known === this.arraysBySql) statement.setReturnArrays(true);
    known.set(sql, statement);
    return statement;
  }
}
