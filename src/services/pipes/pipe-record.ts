/** What is stored of a pipe, as its caller has given it. */
import type {
  PipeEnrichmentParameters,
  PipeSourceParameters,
  PipeState,
  PipeTargetParameters,
} from '@aws-sdk/client-pipes';

export interface PipeKey {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

/** Where a pipe could not be brought into the state that was asked for. */
export interface PipeFailure {
  readonly state: Extract<PipeState, `${string}_FAILED`>;
  readonly reason: string;
}

export interface PipeRecord extends PipeKey {
  readonly description?: string;
  readonly desiredState: 'RUNNING' | 'STOPPED';
  /** ARN. */
  readonly source: string;
  readonly sourceParameters: PipeSourceParameters;
  /** ARN; absent where there is none. */
  readonly enrichment?: string;
  readonly enrichmentParameters?: PipeEnrichmentParameters;
  /** ARN. */
  readonly target: string;
  readonly targetParameters?: PipeTargetParameters;
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly failure?: PipeFailure;
  /** It is to go, and its reader has to end first. */
  readonly isDeleting?: true;
}

export function pipeArn({ accountId, region, name }: PipeKey): string {
  return `arn:aws:pipes:${region}:${accountId}:pipe/${name}`;
}

export function pipeKeyText({ accountId, region, name }: PipeKey): string {
  return `${accountId}/${region}/${name}`;
}
