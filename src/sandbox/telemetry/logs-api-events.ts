/** Events of the Telemetry API in the older shapes of the Logs API, version 2020-08-15. */
import type { TelemetryEvent } from '../../ports/environment.ts';

/** The first schema of the Logs API, without `platform.runtimeDone`. Source: "Lambda Logs API", schema versions. */
const FIRST_SCHEMA = '2020-08-15';

/** None for what the Logs API does not know; two for a report, which was END and REPORT there. */
export function logsApiEvents(event: TelemetryEvent, schemaVersion: string): TelemetryEvent[] {
  const { time, type } = event;
  const record = event.record as Readonly<Record<string, unknown>>;
  const { requestId, status } = record;
  switch (type) {
    case 'function':
    case 'extension':
    case 'platform.extension':
    case 'platform.logsDropped':
      return [event];
    case 'platform.telemetrySubscription':
      return [{ ...event, type: 'platform.logsSubscription' }];
    case 'platform.start':
      return [{ time, type, record: { requestId, version: record['version'] } }];
    case 'platform.runtimeDone':
      if (schemaVersion === FIRST_SCHEMA) return [];
      return [{ time, type, record: { requestId, status: status === 'error' ? 'failure' : status } }];
    case 'platform.report':
      return [
        { time, type: 'platform.end', record: { requestId } },
        { time, type, record: { requestId, metrics: record['metrics'] } },
      ];
    default:
      return [];
  }
}
