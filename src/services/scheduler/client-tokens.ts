/** A request that is sent again with its client token is answered as it was the first time. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import { tokenReused } from './scheduler-errors.ts';

const TABLE = 'scheduler.tokens';
/** How long a token is remembered. AWS does not say; SDKs send a request again within minutes. */
const REMEMBERED_MS = 60 * 60 * 1_000;

interface UsedToken {
  readonly request: string;
  readonly usedMs: number;
}

export interface RememberedToken {
  readonly writes: readonly StateWrite[];
  /** The same request is answered so from now on. */
  apply(): void;
  /** To be called where they could not be stored. */
  undo(): void;
}

export class ClientTokens {
  private readonly clock: Clock;
  /** In the order in which they were used. */
  private readonly used = new Map<string, UsedToken>();

  private constructor(clock: Clock) {
    this.clock = clock;
  }

  static async open(state: StateStore, clock: Clock): Promise<ClientTokens> {
    const tokens = new ClientTokens(clock);
    const records = await state.list<UsedToken>(TABLE);
    records.sort((a, b) => a.value.usedMs - b.value.usedMs);
    for (const { key, value } of records) tokens.used.set(key, value);
    return tokens;
  }

  /** Whether it is a request that has been answered before. Throws `ConflictException` for another one with its token. */
  isRepeated(key: string, request: object): boolean {
    const known = this.used.get(key);
    if (known === undefined || this.isForgotten(known)) return false;
    if (known.request !== digest(request)) throw tokenReused();
    return true;
  }

  /** To be stored together with what the request has changed; forgets those that are too old. */
  remembered(key: string, request: object): RememberedToken {
    const value: UsedToken = { request: digest(request), usedMs: this.clock.now() };
    const old = this.forgotten().filter((each) => each !== key);
    return {
      writes: [
        ...old.map((each) => ({ table: TABLE, key: each, delete: true as const })),
        { table: TABLE, key, value },
      ],
      apply: () => {
        for (const each of [...old, key]) this.used.delete(each);
        this.used.set(key, value);
      },
      undo: () => {
        this.used.delete(key);
      },
    };
  }

  private forgotten(): string[] {
    const keys: string[] = [];
    for (const [key, token] of this.used) {
      if (!this.isForgotten(token)) break;
      keys.push(key);
    }
    return keys;
  }

  private isForgotten({ usedMs }: UsedToken): boolean {
    return this.clock.now() - usedMs > REMEMBERED_MS;
  }
}

function digest(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64');
}
