import type { Log } from '../../src/ports/log.ts';

/** A server log that keeps its sentences for a test to look at. */
export class RecordedLog implements Log {
  readonly warnings: string[] = [];
  /** The fields of each warning. */
  readonly warningFields: object[] = [];
  readonly errors: string[] = [];

  debug(): void {}

  info(): void {}

  warn(fields: object, message: string): void {
    this.warningFields.push(fields);
    this.warnings.push(message);
  }

  error(_fields: object, message: string): void {
    this.errors.push(message);
  }
}
