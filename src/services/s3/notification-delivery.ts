import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { Log } from '../../ports/log.ts';
import type { Notification, ObjectTable } from '../../ports/object-table.ts';
import type { NotificationTarget } from './object-events.ts';

/** Notifications read at once; each is delivered and removed on its own. */
const PAGE = 100;
const RETRY: BackOff = { firstMs: 1_000, maxMs: 15 * 60 * 1_000 };
/** With these delays a day's worth, which is how long AWS's services keep trying. */
const MAX_ATTEMPTS = 105;

export interface NotificationDeliveryDependencies {
  readonly objects: ObjectTable;
  readonly deliver: Deliver;
  readonly clock: WorkClock;
  readonly log: Log;
}

/** Delivers what was kept with the changes of objects, until it has arrived or has been tried long enough. */
export class NotificationDelivery {
  private readonly deps: NotificationDeliveryDependencies;
  private running: Promise<void> | undefined;
  private isAskedAgain = false;
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(deps: NotificationDeliveryDependencies) {
    this.deps = deps;
  }

  /** Delivers what is due, now and whenever something is. To be called when something has been kept. */
  begin(): void {
    this.isAskedAgain = true;
    if (this.running !== undefined || this.isClosed) return;
    this.running = this.run();
    this.deps.clock.during(this.running);
  }

  /** Resolves when nothing is being delivered any more; what is left waits for the next start. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.running;
  }

  /** Ends when nothing was asked for since it last looked, in the same turn in which it says so. */
  private async run(): Promise<void> {
    const { objects, clock, log } = this.deps;
    let nextMs: number | undefined;
    do {
      this.isAskedAgain = false;
      try {
        await this.deliverDue();
        nextMs = await objects.nextNotificationMs();
      } catch (error) {
        log.error({ err: error }, 'notifications of S3 wait until their file can be used again');
        nextMs = clock.now() + RETRY.maxMs;
      }
    } while (this.isAskedAgain && !this.isClosed);
    this.running = undefined;
    this.wakeAt(nextMs);
  }

  private wakeAt(nextMs: number | undefined): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (nextMs === undefined || this.isClosed) return;
    const { clock } = this.deps;
    this.timer = clock.at(Math.max(nextMs, clock.now() + 1), () => {
      this.begin();
      return this.running;
    });
  }

  private async deliverDue(): Promise<void> {
    const { objects, clock } = this.deps;
    for (;;) {
      const due = await objects.notifications(clock.now(), PAGE);
      const attempts = await Promise.allSettled(due.map((notification) => this.attempt(notification)));
      const failed = attempts.find((attempt) => attempt.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      if (due.length < PAGE || this.isClosed) return;
    }
  }

  private async attempt(notification: Notification): Promise<void> {
    const { objects, deliver, clock, log } = this.deps;
    const { id, attempts, body } = notification;
    const { arn, bucketArn, accountId } = JSON.parse(notification.target) as NotificationTarget;
    const delivery = { body, principal: 's3.amazonaws.com', sourceArn: bucketArn, sourceAccount: accountId };
    try {
      await deliver(arn, delivery);
    } catch (error) {
      if (!(error instanceof AwsError)) log.error({ err: error, arn }, 'a notification of S3 failed');
      if (attempts + 1 < MAX_ATTEMPTS) {
        await objects.postponeNotification(id, clock.now() + backOffMs(RETRY, attempts + 1));
        return;
      }
      log.warn({ arn, bucketArn }, 'a notification of S3 is given up after a day');
    }
    await objects.removeNotification(id);
  }
}
