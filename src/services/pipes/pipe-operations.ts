import type {
  CreatePipeRequest,
  DescribePipeResponse,
  PipeSourceParameters,
  UpdatePipeRequest,
} from '@aws-sdk/client-pipes';
import type { RequestContext } from '../../ports/service.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import { pipeArn } from './pipe-record.ts';
import type { PipesContext, PipesOperations } from './pipes-context.ts';
import { existingPipe, page } from './pipes-context.ts';
import { notImplemented, pipeExists } from './pipes-errors.ts';
import { checkedSource } from './source-settings.ts';
import { checkEnrichment, checkTarget } from './target-settings.ts';

type Names =
  | 'CreatePipe'
  | 'UpdatePipe'
  | 'DescribePipe'
  | 'DeletePipe'
  | 'ListPipes'
  | 'StartPipe'
  | 'StopPipe';

export function pipeOperations(context: PipesContext): Required<Pick<PipesOperations, Names>> {
  const { table, runners, clock } = context;
  return {
    async CreatePipe(input, caller) {
      const key = keyOf(caller, input.Name);
      refuseUnimplemented(input);
      if (table.find(key) !== undefined) throw pipeExists(key.name);
      runners.requireSettled(key);
      const pipe = createdPipe(key, input, clock.now());
      await runners.change(pipe, 'CREATING');
      return { ...summary(context, pipe), CurrentState: 'CREATING' };
    },

    async UpdatePipe(input, caller) {
      const before = existingPipe(context, keyOf(caller, input.Name));
      refuseUnimplemented(input);
      runners.requireSettled(before);
      const pipe = changedPipe(before, input, clock.now());
      await runners.change(pipe, 'UPDATING');
      return { ...summary(context, pipe), CurrentState: 'UPDATING' };
    },

    async StartPipe(input, caller) {
      const pipe = await moved(context, keyOf(caller, input.Name), 'RUNNING', 'STARTING');
      return { ...summary(context, pipe), CurrentState: 'STARTING' };
    },

    async StopPipe(input, caller) {
      const pipe = await moved(context, keyOf(caller, input.Name), 'STOPPED', 'STOPPING');
      return { ...summary(context, pipe), CurrentState: 'STOPPING' };
    },

    async DeletePipe(input, caller) {
      const pipe = existingPipe(context, keyOf(caller, input.Name));
      runners.requireSettled(pipe);
      await runners.delete(pipe);
      return { ...summary(context, pipe), DesiredState: 'DELETED', CurrentState: 'DELETING' };
    },

    async DescribePipe(input, caller) {
      return described(context, existingPipe(context, keyOf(caller, input.Name)));
    },

    async ListPipes(input, { accountId, region }) {
      const { NamePrefix = '', SourcePrefix = '', TargetPrefix = '', DesiredState, CurrentState } = input;
      const found = table.list(accountId, region).filter((pipe) => {
        const state = runners.stateOf(pipe);
        return (
          pipe.name.startsWith(NamePrefix) &&
          pipe.source.startsWith(SourcePrefix) &&
          pipe.target.startsWith(TargetPrefix) &&
          (DesiredState ?? pipe.desiredState) === pipe.desiredState &&
          (CurrentState ?? state) === state
        );
      });
      const { shown, next } = page(found, input);
      return { Pipes: shown.map((pipe) => listed(context, pipe)), ...next };
    },
  };
}

function keyOf({ accountId, region }: RequestContext, name: string | undefined): PipeKey {
  return { accountId, region, name: name ?? '' };
}

async function moved(
  context: PipesContext,
  key: PipeKey,
  desiredState: PipeRecord['desiredState'],
  transition: 'STARTING' | 'STOPPING',
): Promise<PipeRecord> {
  const { failure: _, isDeleting: __, ...before } = existingPipe(context, key);
  context.runners.requireSettled(key);
  const pipe = { ...before, desiredState, modifiedMs: context.clock.now() };
  await context.runners.change(pipe, transition);
  return pipe;
}

function createdPipe(key: PipeKey, input: CreatePipeRequest, nowMs: number): PipeRecord {
  return {
    ...key,
    desiredState: input.DesiredState ?? 'RUNNING',
    source: input.Source!,
    ...checkedSettings(input.Source!, input.Target!, input.SourceParameters, input),
    roleArn: input.RoleArn!,
    tags: input.Tags ?? {},
    createdMs: nowMs,
    modifiedMs: nowMs,
  };
}

/** What an update leaves out stays, but for what it names with nothing in it. Of a stream the starting position stays. */
function changedPipe(
  { failure: _, isDeleting: __, ...before }: PipeRecord,
  input: UpdatePipeRequest,
  nowMs: number,
): PipeRecord {
  const { source } = before;
  const given = input.SourceParameters ?? {};
  const kinds = ['SqsQueueParameters', 'KinesisStreamParameters', 'DynamoDBStreamParameters'] as const;
  const changed = Object.fromEntries(
    kinds.flatMap((kind) => {
      const held = before.sourceParameters[kind];
      return held === undefined && given[kind] === undefined ? [] : [[kind, { ...held, ...given[kind] }]];
    }),
  );
  const FilterCriteria = given.FilterCriteria ?? before.sourceParameters.FilterCriteria;
  const parameters = {
    ...given,
    ...changed,
    ...(FilterCriteria === undefined ? {} : { FilterCriteria }),
  } as PipeSourceParameters;
  const { description, enrichment, enrichmentParameters, target, targetParameters, ...kept } = before;
  const settings = checkedSettings(source, input.Target ?? target, parameters, {
    Description: input.Description ?? description,
    Enrichment: input.Enrichment ?? enrichment,
    EnrichmentParameters: input.EnrichmentParameters ?? enrichmentParameters,
    TargetParameters: input.TargetParameters ?? targetParameters,
  });
  return {
    ...kept,
    ...settings,
    desiredState: input.DesiredState ?? before.desiredState,
    roleArn: input.RoleArn!,
    modifiedMs: nowMs,
  };
}

type OtherSettings = Pick<
  CreatePipeRequest,
  'Description' | 'Enrichment' | 'EnrichmentParameters' | 'TargetParameters'
>;

function checkedSettings(
  source: string,
  target: string,
  sourceParameters: CreatePipeRequest['SourceParameters'],
  { Description, Enrichment, EnrichmentParameters, TargetParameters }: OtherSettings,
) {
  checkTarget(target, TargetParameters);
  const enrichment = Enrichment || undefined;
  checkEnrichment(enrichment, EnrichmentParameters);
  return {
    sourceParameters: checkedSource(source, sourceParameters, target),
    target,
    ...(Description === undefined ? {} : { description: Description }),
    ...(enrichment === undefined ? {} : { enrichment }),
    ...(EnrichmentParameters === undefined ? {} : { enrichmentParameters: EnrichmentParameters }),
    ...(TargetParameters === undefined ? {} : { targetParameters: TargetParameters }),
  };
}

function refuseUnimplemented({
  KmsKeyIdentifier,
  LogConfiguration,
}: Pick<CreatePipeRequest, 'KmsKeyIdentifier' | 'LogConfiguration'>): void {
  if (KmsKeyIdentifier) throw notImplemented('encryption of pipes by KmsKeyIdentifier');
  if (LogConfiguration !== undefined && LogConfiguration.Level !== 'OFF')
    throw notImplemented('logs of pipes by LogConfiguration');
}

function summary({ runners }: PipesContext, pipe: PipeRecord) {
  return {
    Arn: pipeArn(pipe),
    Name: pipe.name,
    DesiredState: pipe.desiredState,
    CurrentState: runners.stateOf(pipe),
    CreationTime: new Date(pipe.createdMs),
    LastModifiedTime: new Date(pipe.modifiedMs),
  };
}

function listed(context: PipesContext, pipe: PipeRecord) {
  return {
    ...summary(context, pipe),
    ...(pipe.failure === undefined ? {} : { StateReason: pipe.failure.reason }),
    Source: pipe.source,
    Target: pipe.target,
    ...(pipe.enrichment === undefined ? {} : { Enrichment: pipe.enrichment }),
  };
}

function described(context: PipesContext, pipe: PipeRecord): Omit<DescribePipeResponse, '$metadata'> {
  const { description, enrichmentParameters, targetParameters, roleArn, tags } = pipe;
  return {
    ...listed(context, pipe),
    ...(pipe.isDeleting ? { DesiredState: 'DELETED' as const } : {}),
    ...(description === undefined ? {} : { Description: description }),
    SourceParameters: pipe.sourceParameters,
    ...(enrichmentParameters === undefined ? {} : { EnrichmentParameters: enrichmentParameters }),
    ...(targetParameters === undefined ? {} : { TargetParameters: targetParameters }),
    RoleArn: roleArn,
    Tags: { ...tags },
  };
}
