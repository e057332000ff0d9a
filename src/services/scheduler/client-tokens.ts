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
  readonly answer: object;
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
  private readonly used = new Map<string, UsedToken>();

  private constructor(clock: Clock) {
    this.clock = clock;
  }

  static async open(state: StateStore, clock: Clock): Promise<ClientTokens> {
    const tokens = new ClientTokens(clock);
    for (const { key, value } of await state.list<UsedToken>(TABLE)) tokens.used.set(key, value);
    return tokens;
  }

  /** What the same request was answered; undefined for a new one. Throws `ConflictException` for another request. */
  earlier<T extends object>(key: string, request: object): T | undefined {
    const known = this.used.get(key);
    if (known === undefined || this.isForgotten(known)) return undefined;
    if (known.request !== digest(request)) throw tokenReused();
    return known.answer as T;
  }

  /** To be stored together with what the request has changed; forgets those that are too old. */
  remembered(key: string, request: object, answer: object): RememberedToken {
    const value: UsedToken = { request: digest(request), answer, usedMs: this.clock.now() };
    const old = [...this.used].flatMap(([each, token]) =>
      this.isForgotten(token) && each !== key ? [each] : [],
    );
    return {
      writes: [
        ...old.map((each) => ({ table: TABLE, key: each, delete: true as const })),
        { table: TABLE, key, value },
      ],
      apply: () => {
        for (const each of old) this.used.delete(each);
        this.used.set(key, value);
      },
      undo: () => {
        this.used.delete(key);
      },
    };
  }

  private isForgotten({ usedMs }: UsedToken): boolean {
    return this.clock.now() - usedMs > REMEMBERED_MS;
  }
}

function digest(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64');
}
