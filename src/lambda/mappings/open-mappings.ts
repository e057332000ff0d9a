/** Puts event source mappings together with what they need of the rest of Lambda. */
import type { FunctionControl } from '../control/function-control.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import { mappedFunction } from './mapped-function.ts';
import { mappingOperations } from './mapping-operations.ts';
import type { MappingPollerDependencies } from './mapping-poller.ts';
import { MappingPollers } from './mapping-pollers.ts';

export interface MappingsDependencies extends Omit<MappingPollerDependencies, 'roleOf'> {
  readonly control: Pick<FunctionControl, 'directory' | 'aliases' | 'mappings'>;
}

export interface Mappings {
  readonly operations: ReturnType<typeof mappingOperations>;
  /** To be called once functions can be invoked. */
  resume(): Promise<void>;
  /** Nothing more is taken from any source. */
  close(): Promise<void>;
}

export function openMappings({ control, ...shared }: MappingsDependencies): Mappings {
  const { directory, aliases, mappings: table } = control;
  const roleOf = (mapping: MappingRecord): string | undefined => {
    try {
      return mappedFunction({ directory, aliases }, mapping).role;
    } catch {
      // It is gone: nobody will run it by any role.
      return undefined;
    }
  };
  const pollers = new MappingPollers({ ...shared, table, roleOf });
  return {
    operations: mappingOperations({ ...shared, table, pollers, directory, aliases }),
    resume: () => pollers.resume(),
    close: () => pollers.close(),
  };
}
