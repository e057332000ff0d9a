import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import type { Groups } from './groups.ts';
import { MS_PER_DAY } from './logs-context.ts';

/** How often expired events are deleted, service time; AWS takes up to 72 hours. Readers never see them. */
const INTERVAL_MS = 6 * 3_600_000;

/** Deletes events older than their group's retention, again and again until stopped. */
export function startRetention(groups: Groups, store: StreamLog, clock: Clock, log: Log): Timer {
  let timer: Timer;
  let stopped = false;
  const run = async () => {
    try {
      for (const group of [...groups.all()]) {
        if (stopped) return;
        if (group.retentionDays === undefined) continue;
        await store.expire(group.id, clock.now() - group.retentionDays * MS_PER_DAY);
      }
    } catch (error) {
      log.error({ err: error }, 'expired log events could not be deleted; trying again later');
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = clock.at(clock.now() + INTERVAL_MS, run);
  };
  schedule();
  return {
    cancel() {
      stopped = true;
      timer.cancel();
    },
  };
}
