/** EventBridge Pipes: from queues and streams, by filter and enrichment, to targets. */
import type { Service } from '../../ports/service.ts';
import { pipeOperations } from './pipe-operations.ts';
import type { PipeRunnersDependencies } from './pipe-runners.ts';
import { PipeRunners } from './pipe-runners.ts';
import { PipeTable } from './pipe-table.ts';
import type { PipesContext, PipesOperations } from './pipes-context.ts';
import { tagOperations } from './tag-operations.ts';

export type PipesDependencies = Omit<PipeRunnersDependencies, 'table'>;

export interface Pipes {
  readonly service: Service & { readonly operations: PipesOperations };
  /** To be called when sources and targets can be called: what ran before goes on. */
  resume(): Promise<void>;
  /** Takes no more; what is under way ends with the server. */
  close(): Promise<void>;
}

export async function openPipes(dependencies: PipesDependencies): Promise<Pipes> {
  const { state, clock } = dependencies;
  const table = await PipeTable.open(state);
  const runners = new PipeRunners({ ...dependencies, table });
  const context: PipesContext = { table, runners, clock };
  const operations: PipesOperations = { ...pipeOperations(context), ...tagOperations(context) };
  return {
    service: { name: 'pipes', operations: operations as Service['operations'] & PipesOperations },
    resume: () => runners.resume(),
    close: () => runners.close(),
  };
}
