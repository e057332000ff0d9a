import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Row = Record<string, unknown>;

/** Statements of one connection, each compiled once. */
export class PreparedStatements {
  private readonly database: DatabaseSync;
  private readonly bySql = new Map<string, StatementSync>();

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

  private statement(sql: string): StatementSync {
    const known = this.bySql.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    this.bySql.set(sql, statement);
    return statement;
  }
}
