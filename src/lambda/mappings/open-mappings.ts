/** Puts event source mappings together with what they need of the rest of Lambda. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { FunctionControl } from '../control/function-control.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { mappingOperations } from './mapping-operations.ts';
import { MappingPollers } from './mapping-pollers.ts';

export interface MappingsDependencies {
  readonly control: Pick<FunctionControl, 'directory' | 'aliases' | 'mappings'>;
  readonly invoker: Pick<Invoker, 'run'>;
  /** By the service that an ARN names. */
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface Mappings {
  readonly operations: ReturnType<typeof mappingOperations>;
  /** To be called once functions can be invoked. */
  resume(): Promise<void>;
  /** Nothing more is taken from any source. */
  close(): void;
}

export function openMappings({ control, ...shared }: MappingsDependencies): Mappings {
  const { directory, aliases, mappings: table } = control;
  const pollers = new MappingPollers({ ...shared, table });
  return {
    operations: mappingOperations({ ...shared, table, pollers, directory, aliases }),
    resume: () => pollers.resume(),
    close: () => pollers.close(),
  };
}
