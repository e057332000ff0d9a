/** How much of their capacity targets have used in the last minutes. */
import type { MetricDatum, MetricSink } from '../../ports/metrics.ts';

/** Minutes in a row below the target before capacity is taken away. Source: user guide, "Target tracking", alarms. */
export const SCALE_IN_MINUTES = 15;

const METRIC = 'ProvisionedConcurrencyUtilization';
const MS_PER_MINUTE = 60_000;

/** Minutes that are kept: as many whole ones as a scale-in looks at, and the one that has begun. */
const MINUTES_KEPT = SCALE_IN_MINUTES + 1;

interface Minute {
  readonly minute: number;
  sum: number;
  count: number;
}

export class Utilization implements MetricSink {
  private readonly now: () => number;
  /** By account, region and resource; the latest minute last. */
  private readonly minutes = new Map<string, Minute[]>();

  /** `now` is service time, epoch milliseconds. */
  constructor(now: () => number) {
    this.now = now;
  }

  record({ namespace, name, accountId, region, dimensions, value }: MetricDatum): void {
    const { Resource: resource } = dimensions;
    if (namespace !== 'AWS/Lambda' || name !== METRIC || resource === undefined) return;
    const key = `${accountId}/${region}/function:${resource}`;
    const kept = this.minutes.get(key) ?? [];
    const minute = Math.floor(this.now() / MS_PER_MINUTE);
    const last = kept.at(-1);
    if (last?.minute === minute) {
      last.sum += value;
      last.count += 1;
      return;
    }
    kept.push({ minute, sum: value, count: 1 });
    this.minutes.set(key, kept.slice(-MINUTES_KEPT));
  }

  /**
   * Averages of the last `count` whole minutes, the latest first; undefined for one in which nothing was used, of
   * which there is no figure, and for those that began before `sinceMs`.
   */
  recent(
    { accountId, region, resourceId }: { accountId: string; region: string; resourceId: string },
    count: number,
    sinceMs: number,
  ): (number | undefined)[] {
    const kept = this.minutes.get(`${accountId}/${region}/${resourceId}`) ?? [];
    const current = Math.floor(this.now() / MS_PER_MINUTE);
    return Array.from({ length: count }, (_, index) => {
      const wanted = current - 1 - index;
      const found =
        wanted * MS_PER_MINUTE < sinceMs ? undefined : kept.find(({ minute }) => minute === wanted);
      return found && found.sum / found.count;
    });
  }
}
