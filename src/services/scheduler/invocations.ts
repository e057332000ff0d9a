/** Invokes targets that are due, again and again as the retry policy says, and sends what is given up to its dead-letter queue. */

import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { CallAs } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { DeadLetter, InvocationRecord } from './schedule-record.ts';
import { scheduleArn } from './schedule-record.ts';
import type { Schedules } from './schedules.ts';
import { targetInput, timeText } from './target-input.ts';
import type { TargetRequest } from './target-request.ts';
import { targetRequest } from './target-request.ts';
import { retryPolicyOf } from './target-settings.ts';

/** AWS says "exponential backoff" and no numbers. */
const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 10 * 60_000 };
/** A dead-letter queue that refuses is tried again; AWS does not say what it does. */
const MAX_LETTER_FAILURES = 100;
const PRINCIPAL = 'scheduler.amazonaws.com';

export interface InvocationsDependencies {
  readonly schedules: Schedules;
  readonly callAs: CallAs;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export class Invocations {
  private readonly deps: InvocationsDependencies;
  private readonly timers = new Map<string, Timer>();
  private readonly work: ClockedWork;
  private isClosed = false;

  constructor(deps: InvocationsDependencies) {
    this.deps = deps;
    this.work = new ClockedWork(deps.clock);
  }

  /** What is known of an invocation has changed; undefined: it is over. */
  follow(executionId: string, invocation: InvocationRecord | undefined): void {
    this.timers.get(executionId)?.cancel();
    this.timers.delete(executionId);
    if (invocation !== undefined) this.wait(executionId, invocation.dueMs);
  }

  /** Begins nothing more; resolves when what became of those under way is on disk. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  private wait(executionId: string, dueMs: number): void {
    if (this.isClosed) return;
    const timer = this.deps.clock.at(dueMs, () => {
      this.timers.delete(executionId);
      return this.work.run(() => this.attempt(executionId));
    });
    this.timers.set(executionId, timer);
  }

  private async attempt(executionId: string): Promise<void> {
    const { schedules, clock, log } = this.deps;
    const invocation = schedules.invocation(executionId);
    if (invocation === undefined || this.isClosed) return;
    const changed =
      invocation.letter === undefined
        ? await this.invoke(invocation)
        : await this.bury(invocation, invocation.letter);
    try {
      await schedules.changeInvocation(invocation, changed);
    } catch (error) {
      // It is repeated: nothing says any more that it was made.
      log.error({ executionId, error: String(error) }, 'The outcome of an invocation could not be stored.');
      this.wait(executionId, clock.now() + backOffMs(BACK_OFF, 1));
    }
  }

  /** What is left to be done of it. */
  private async invoke(invocation: InvocationRecord): Promise<InvocationRecord | undefined> {
    const request = targetRequest(invocation.target, targetInput(invocation, this.deps.ids.uuid()));
    try {
      requireTaken(request, await this.call(invocation, request));
      return undefined;
    } catch (error) {
      return this.failed(invocation, request, awsError(error));
    }
  }

  private failed(
    invocation: InvocationRecord,
    request: TargetRequest,
    error: AwsError,
  ): InvocationRecord | undefined {
    const { clock, log } = this.deps;
    const { maxAgeMs, maxRetries } = retryPolicyOf(invocation.target);
    const failures = invocation.failures + 1;
    const dueMs = clock.now() + backOffMs(BACK_OFF, failures);
    const about = { schedule: scheduleArn(invocation.schedule), error: `${error.code}: ${error.message}` };
    const exhausted =
      failures > maxRetries
        ? 'MaximumRetryAttempts'
        : dueMs - invocation.beginMs > maxAgeMs
          ? 'MaximumEventAgeInSeconds'
          : undefined;
    // Another attempt at what is not written yet would be the same.
    if (exhausted === undefined && error.code !== 'NotImplemented') {
      log.debug(about, 'A target of a schedule could not be reached; it will be tried again.');
      return { ...invocation, failures, dueMs };
    }
    log.warn(about, 'A target of a schedule could not be reached.');
    const queueArn = invocation.target.DeadLetterConfig?.Arn;
    if (queueArn === undefined) return undefined;
    const letter = deadLetter(queueArn, invocation, request, error, exhausted);
    return { ...invocation, failures, dueMs: clock.now(), letter };
  }

  private async bury(
    invocation: InvocationRecord,
    letter: DeadLetter,
  ): Promise<InvocationRecord | undefined> {
    const { clock, log } = this.deps;
    try {
      await this.call(invocation, letterRequest(letter));
      return undefined;
    } catch (error) {
      const failures = letter.failures + 1;
      const about = { schedule: scheduleArn(invocation.schedule), error: awsError(error).message };
      if (failures > MAX_LETTER_FAILURES) {
        log.error(about, 'A dead-letter queue has refused an event for long; the event is dropped.');
        return undefined;
      }
      log.warn(about, 'A dead-letter queue refused an event of a schedule.');
      const dueMs = clock.now() + backOffMs(BACK_OFF, failures);
      return { ...invocation, dueMs, letter: { ...letter, failures } };
    }
  }

  private call(invocation: InvocationRecord, { service, operation, input }: TargetRequest): Promise<unknown> {
    const { accountId, region } = invocation.schedule;
    const caller = {
      accountId,
      region,
      roleArn: invocation.target.RoleArn!,
      principal: PRINCIPAL,
      sessionName: invocation.executionId,
    };
    return this.deps.callAs(caller, service, operation, input);
  }
}

/** EventBridge answers for each entry by itself. */
function requireTaken({ service }: TargetRequest, answer: unknown): void {
  if (service !== 'events') return;
  const { Entries = [] } = (answer ?? {}) as {
    readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
  };
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused !== undefined) throw new AwsError(refused.ErrorCode!, refused.ErrorMessage ?? '');
}

/** A failure that is none of AWS's (a full disk) is met as one of the target's. */
function awsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError('InternalServerException', String(error), {}, 500);
}

/** Source: EventBridge Scheduler user guide, "Retrieve the dead-letter event": the request, and why it was given up. */
function deadLetter(
  queueArn: string,
  { schedule, scheduledMs, executionId, failures, target }: InvocationRecord,
  { input }: TargetRequest,
  error: AwsError,
  exhausted: string | undefined,
): DeadLetter {
  return {
    queueArn,
    body: JSON.stringify(input),
    attributes: {
      ERROR_CODE: error.code,
      ERROR_MESSAGE: error.message,
      EXECUTION_ID: executionId,
      ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
      // Inputs are smaller than messages may be.
      IS_PAYLOAD_TRUNCATED: 'false',
      RETRY_ATTEMPTS: String(failures),
      SCHEDULED_TIME: timeText(scheduledMs),
      SCHEDULE_ARN: scheduleArn(schedule),
      TARGET_ARN: target.Arn!,
    },
    failures: 0,
  };
}

function letterRequest({ queueArn, body, attributes }: DeadLetter): TargetRequest {
  const { operation, service, input } = targetRequest({ Arn: queueArn, RoleArn: undefined }, body);
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
  return { operation, service, input: { ...input, MessageAttributes } };
}
