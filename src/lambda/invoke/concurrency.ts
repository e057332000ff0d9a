/**
 * Who may run at once, and how often: the account's concurrency, what functions have reserved of it, requests a
 * second and how fast a function may scale. Sources: Lambda developer guide, "Understanding Lambda function
 * scaling", "Lambda scaling behavior" and "Lambda quotas". Which `Reason` goes with which limit is recorded for
 * concurrency; for the rates it is taken from the names in the API's `ThrottleReason`.
 */
import type { ThrottleReason } from '@aws-sdk/client-lambda';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { ConcurrencySettings } from '../records/concurrency-settings.ts';
import { ACCOUNT_CONCURRENCY } from '../records/concurrency-settings.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ConcurrencyMetrics } from './concurrency-metrics.ts';
import { RequestRate } from './request-rate.ts';

/** Synchronous requests a second for each unit of concurrency. Source: "Lambda quotas", invocation requests. */
const REQUESTS_PER_CONCURRENCY = 10;

/** Environments by which a function may grow at once, and those that come to be allowed each second: 1,000 in 10 s. */
const SCALING_BURST = 1_000;
const SCALING_PER_SECOND = 100;

/** What `Retry-After` says, seconds. AWS documents the field and no value. */
const RETRY_AFTER_SECONDS = '1';

/** What is set of functions and accounts. */
type Settings = Pick<ConcurrencySettings, 'reserved' | 'provisionedTotal' | 'unreserved' | 'onChange'>;

/** The concurrency that functions of an account and region share unless they have reserved some. */
interface AccountUse {
  limit: number;
  /** Executions of functions without reserved concurrency, in environments that nobody has provisioned. */
  onDemand: number;
  readonly rate: RequestRate;
}

export class Concurrency {
  private readonly clock: Clock;
  private readonly settings: Settings;
  private readonly metrics: Pick<ConcurrencyMetrics, 'throttled'>;
  /** So that an invocation looks up one thing by identity, not by a name that has to be made. */
  private readonly byRecord = new WeakMap<FunctionRecord, FunctionUse>();
  private readonly functions = new Map<string, FunctionUse>();
  private readonly accounts = new Map<string, AccountUse>();

  constructor(
    clock: Clock,
    settings: Settings,
    directory: Pick<FunctionDirectory, 'onChange'>,
    metrics: Pick<ConcurrencyMetrics, 'throttled'>,
  ) {
    this.metrics = metrics;
    this.clock = clock;
    this.settings = settings;
    settings.onChange(({ accountId, region, functionName }) => {
      const scope = `${accountId}/${region}`;
      const account = this.accounts.get(scope);
      if (account !== undefined) account.limit = settings.unreserved(accountId, region);
      this.functions.get(`${scope}/${functionName}`)?.refresh();
    });
    directory.onChange((before, after) => {
      if (before?.version === LATEST && after === undefined) this.functions.delete(keyOf(before));
    });
  }

  /** The use that all versions of a function share. */
  of(record: FunctionRecord): FunctionUse {
    const known = this.byRecord.get(record);
    if (known !== undefined) return known;
    const key = keyOf(record);
    const use = this.functions.get(key) ?? new FunctionUse(record, this.account(record), this);
    this.functions.set(key, use);
    this.byRecord.set(record, use);
    return use;
  }

  now(): number {
    return this.clock.monotonic();
  }

  /** What is thrown where an invocation must not run now. */
  throttled(record: FunctionRecord, reason: ThrottleReason): AwsError {
    this.metrics.throttled(record);
    // Recorded from AWS: the same words for every reason.
    return new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
      Type: 'User',
      Reason: reason,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  /** What is reserved for the function, and how much of that is provisioned. */
  reservation(record: FunctionRecord): { readonly reserved: number; readonly onDemand: number } | undefined {
    const reserved = this.settings.reserved(record);
    if (reserved === undefined) return undefined;
    return { reserved, onDemand: reserved - this.settings.provisionedTotal(record) };
  }

  private account({ accountId, region }: FunctionRecord): AccountUse {
    const scope = `${accountId}/${region}`;
    const known = this.accounts.get(scope);
    if (known !== undefined) return known;
    const perSecond = ACCOUNT_CONCURRENCY * REQUESTS_PER_CONCURRENCY;
    const rate = new RequestRate(perSecond, perSecond, this.now());
    const account = { limit: this.settings.unreserved(accountId, region), onDemand: 0, rate };
    this.accounts.set(scope, account);
    return account;
  }
}

export class FunctionUse {
  private readonly record: FunctionRecord;
  private readonly account: AccountUse;
  private readonly concurrency: Concurrency;
  /** Executions in environments that nobody has provisioned. */
  private onDemand = 0;
  /** As many of those as there may be; undefined where the function shares the account's concurrency. */
  private limit: number | undefined;
  private reserved = 0;
  private rate: RequestRate | undefined;
  private readonly scaling: RequestRate;

  constructor(record: FunctionRecord, account: AccountUse, concurrency: Concurrency) {
    this.record = record;
    this.account = account;
    this.concurrency = concurrency;
    this.scaling = new RequestRate(SCALING_PER_SECOND, SCALING_BURST, concurrency.now());
    this.refresh();
  }

  /** A synchronous request has come; throws AWS's error where there were too many in this second. */
  request(): void {
    if (this.rate !== undefined) {
      // Where nothing at all may run, that is what `begin` says.
      if (this.reserved > 0 && !this.rate.take(this.concurrency.now()))
        throw this.throttled('ReservedFunctionInvocationRateLimitExceeded');
    } else if (!this.account.rate.take(this.concurrency.now())) {
      throw this.throttled('FunctionInvocationRateLimitExceeded');
    }
  }

  /** An execution begins in an environment on demand, `end` ends it; throws AWS's error where too many run. */
  begin(): void {
    if (this.limit === undefined) {
      if (this.account.onDemand >= this.account.limit)
        throw this.throttled('ConcurrentInvocationLimitExceeded');
      this.account.onDemand += 1;
    } else if (this.onDemand >= this.limit) {
      throw this.throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
    }
    this.onDemand += 1;
  }

  end(): void {
    this.onDemand -= 1;
    if (this.limit === undefined) this.account.onDemand -= 1;
  }

  /**
   * One more environment is about to be started; throws AWS's error where the function grows too fast. What it
   * gives takes that back, for a start that was not needed after all.
   */
  grow(): () => void {
    if (!this.scaling.take(this.concurrency.now()))
      throw this.throttled('FunctionInvocationRateLimitExceeded');
    return () => this.scaling.giveBack();
  }

  private throttled(reason: ThrottleReason): AwsError {
    return this.concurrency.throttled(this.record, reason);
  }

  /** Takes the settings up as they are now. */
  refresh(): void {
    const shared = this.limit === undefined;
    const reservation = this.concurrency.reservation(this.record);
    this.limit = reservation?.onDemand;
    // What runs is counted where it belongs from now on, so that its end finds it there.
    if (shared && reservation !== undefined) this.account.onDemand -= this.onDemand;
    if (!shared && reservation === undefined) this.account.onDemand += this.onDemand;
    this.reserved = reservation?.reserved ?? 0;
    const perSecond = this.reserved * REQUESTS_PER_CONCURRENCY;
    if (reservation === undefined) this.rate = undefined;
    else if (this.rate === undefined)
      this.rate = new RequestRate(perSecond, perSecond, this.concurrency.now());
    else this.rate.change(perSecond, perSecond);
  }
}

function keyOf({ accountId, region, functionName }: FunctionRecord): string {
  return `${accountId}/${region}/${functionName}`;
}
