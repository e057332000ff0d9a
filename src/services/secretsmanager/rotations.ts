/** Rotations under way and to come. Source: Secrets Manager user guide, "Rotation by Lambda function". */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import { nextRotation } from './rotation-rules.ts';
import type { PendingRotation, Rotation, SecretRecord } from './secret-record.ts';
import { CURRENT, PENDING, secretArn, staged } from './secret-record.ts';
import type { SecretTable } from './secret-table.ts';
import { withoutVersion, withStage, withVersion } from './version-stages.ts';

export interface RotationsDependencies {
  readonly secrets: SecretTable;
  readonly call: Call;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = (typeof STEPS)[number];

/** AWS retries "multiple times" and does not say how often or how fast. */
const MAX_ATTEMPTS = 5;
const RETRY: BackOff = { firstMs: 60_000, maxMs: 15 * 60_000 };

export class Rotations {
  private readonly deps: RotationsDependencies;
  private readonly timers = new Map<string, Timer>();
  private isClosed = false;

  constructor(deps: RotationsDependencies) {
    this.deps = deps;
  }

  /** To be called for every secret once functions can be called, and whenever its rotation was set. */
  follow(record: SecretRecord): void {
    const arn = secretArn(record);
    this.forget(record);
    const { rotation, deletion } = record;
    const dueMs = rotation?.pending === undefined ? rotation?.nextMs : rotation.pending.dueMs;
    if (this.isClosed || dueMs === undefined || deletion !== undefined || rotation?.isEnabled !== true)
      return;
    this.timers.set(
      arn,
      this.deps.clock.at(dueMs, () => this.rotate(arn)),
    );
  }

  /** To be called for one that is gone. */
  forget(record: SecretRecord): void {
    const arn = secretArn(record);
    this.timers.get(arn)?.cancel();
    this.timers.delete(arn);
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
  }

  /** `record` with a rotation that has begun, due now, and the version that its function is to put. */
  begun(record: SecretRecord, rotation: Rotation, versionId: string): SecretRecord {
    const { clock, ids } = this.deps;
    const nowMs = clock.now();
    const pending = { versionId, rotationToken: ids.uuid(), failures: 0, dueMs: nowMs };
    const version = { id: versionId, stages: [PENDING], createdMs: nowMs };
    return { ...withVersion(record, version), rotation: { ...rotation, pending } };
  }

  /** What is pending is attempted at once, and not waited for. */
  attemptNow(record: SecretRecord): void {
    this.forget(record);
    const work = this.rotate(secretArn(record));
    this.deps.clock.during(work);
    work.catch((error: unknown) =>
      this.deps.log.error({ error: String(error) }, 'A rotation could not be stored.'),
    );
  }

  /** Whether a function can be called at all: it is given a version that goes afterwards. */
  testNow(record: SecretRecord, pending: PendingRotation): void {
    const work = this.test(record, pending);
    this.deps.clock.during(work);
    work.catch((error: unknown) =>
      this.deps.log.error({ error: String(error) }, 'The test of a rotation could not be stored.'),
    );
  }

  private async test(record: SecretRecord, { versionId }: PendingRotation): Promise<void> {
    await this.step(record, 'testSecret').catch((error: unknown) => this.warn(record, error));
    const after = await this.change(record, (known, rotation) => {
      const { pending: _, ...rest } = rotation;
      return { ...withoutVersion(known, versionId), rotation: rest };
    });
    if (after !== undefined) this.follow(after);
  }

  private async rotate(arn: string): Promise<void> {
    const [, , , region = '', accountId = ''] = arn.split(':');
    const known = this.deps.secrets.find(arn, { accountId, region });
    if (known?.rotation === undefined || known.deletion !== undefined) return;
    const begun =
      known.rotation.pending === undefined
        ? await this.change(known, (record, rotation) => this.begun(record, rotation, this.deps.ids.uuid()))
        : known;
    if (begun === undefined) return;
    let failure: unknown;
    try {
      for (const step of STEPS) await this.step(begun, step);
    } catch (error) {
      failure = error;
      this.warn(begun, error);
    }
    const after = await this.change(begun, (record, rotation) =>
      failure === undefined ? this.completed(record, rotation) : this.failed(record, rotation),
    );
    if (after !== undefined) this.follow(after);
  }

  /** As long as AWSPENDING is at another version than AWSCURRENT, a rotation is not complete. */
  private completed(record: SecretRecord, rotation: Rotation): SecretRecord {
    const pending = staged(record, PENDING);
    if (pending !== undefined && !pending.stages.includes(CURRENT)) return this.failed(record, rotation);
    const nowMs = this.deps.clock.now();
    const { pending: _, nextMs: _next, ...rest } = rotation;
    return { ...record, rotation: { ...rest, lastMs: nowMs, ...this.next(rotation, nowMs) } };
  }

  /** After the last attempt it waits for the next time that a rotation is due. */
  private failed(record: SecretRecord, rotation: Rotation): SecretRecord {
    const { pending, nextMs: _, ...rest } = rotation;
    if (pending === undefined) return record;
    const nowMs = this.deps.clock.now();
    const failures = pending.failures + 1;
    const next = this.next(rotation, nowMs);
    const dueMs = failures % MAX_ATTEMPTS === 0 ? next.nextMs : nowMs + backOffMs(RETRY, failures);
    const { dueMs: _due, ...kept } = pending;
    return {
      ...withStage(record, PENDING, pending.versionId),
      rotation: {
        ...rest,
        ...next,
        pending: { ...kept, failures, ...(dueMs === undefined ? {} : { dueMs }) },
      },
    };
  }

  private next({ rules }: Rotation, nowMs: number): { readonly nextMs?: number } {
    const nextMs = nextRotation(rules, nowMs);
    return nextMs === undefined ? {} : { nextMs };
  }

  /** Undefined where the secret, or its rotation, has gone meanwhile. */
  private change(
    record: SecretRecord,
    change: (record: SecretRecord, rotation: Rotation) => SecretRecord,
  ): Promise<SecretRecord | undefined> {
    return this.deps.secrets.decide(record, (known) =>
      known?.suffix !== record.suffix || known.rotation === undefined ? known : change(known, known.rotation),
    );
  }

  /** Rejects where the function fails. */
  private async step(record: SecretRecord, step: Step): Promise<void> {
    const { accountId, region, rotation } = record;
    const { versionId, rotationToken } = rotation!.pending!;
    const event = {
      Step: step,
      SecretId: secretArn(record),
      ClientRequestToken: versionId,
      RotationToken: rotationToken,
    };
    const { FunctionError: error } = (await this.deps.call({ accountId, region }, 'lambda', 'Invoke', {
      FunctionName: rotation!.functionArn,
      Payload: Buffer.from(JSON.stringify(event)),
    })) as { readonly FunctionError?: string };
    if (error !== undefined) throw new Error(`The function failed in ${step}: ${error}.`);
  }

  private warn(record: SecretRecord, error: unknown): void {
    this.deps.log.warn({ secret: secretArn(record), error: String(error) }, 'A secret could not be rotated.');
  }
}
