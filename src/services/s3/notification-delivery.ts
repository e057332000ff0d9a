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
    this.running = this.run().finally(() => {
      this.running = undefined;
    });
    this.deps.clock.during(this.running);
  }

  /** Resolves when nothing is being delivered any more; what is left waits for the next start. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.running;
  }

  private async run(): Promise<void> {
    const { objects, clock, log } = this.deps;
    try {
      while (this.isAskedAgain && !this.isClosed) {
        this.isAskedAgain = false;
        await this.deliverDue();
      }
      this.timer?.cancel();
      const nextMs = await objects.nextNotificationMs();
      if (nextMs === undefined || this.isClosed) return;
      // What became due meanwhile was asked for as well.
      this.timer = clock.at(Math.max(nextMs, clock.now() + 1), () => {
        this.begin();
        return this.running;
      });
    } catch (error) {
      log.error({ err: error }, 'notifications of S3 wait for the next change of an object');
    }
  }

  private async deliverDue(): Promise<void> {
    const { objects, clock } = this.deps;
    for (;;) {
      const due = await objects.notifications(clock.now(), PAGE);
      await Promise.all(due.map((notification) => this.attempt(notification)));
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
