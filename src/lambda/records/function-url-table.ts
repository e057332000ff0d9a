/** Stored function URLs: at most one of each function and of each alias. */
import type { StateStore } from '../../ports/state-store.ts';
import type { FunctionTable } from './function-table.ts';
import { QualifiedTable } from './qualified-table.ts';

/** Lists are as given: absent members were not given. */
export interface FunctionUrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAgeSeconds?: number;
}

export interface FunctionUrlRecord {
  /** First label of the URL's host: 32 letters and digits, the same until the URL is deleted. */
  readonly urlId: string;
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** The alias that the URL invokes; without it `$LATEST`. */
  readonly alias?: string;
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly cors?: FunctionUrlCors;
  readonly invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
}

export class FunctionUrlTable extends QualifiedTable<FunctionUrlRecord> {
  private readonly byId = new Map<string, FunctionUrlRecord>();

  static async openUrls(state: StateStore, functions: FunctionTable): Promise<FunctionUrlTable> {
    return new FunctionUrlTable('lambda.function-url').filled(state, functions);
  }

  /** The URL whose host begins with the id. */
  find(urlId: string): FunctionUrlRecord | undefined {
    return this.byId.get(urlId);
  }

  protected override remember(key: string, qualifier: string, value: FunctionUrlRecord | undefined): void {
    const before = this.valueOf(key, qualifier);
    if (before !== undefined) this.byId.delete(before.urlId);
    if (value !== undefined) this.byId.set(value.urlId, value);
    super.remember(key, qualifier, value);
  }
}
