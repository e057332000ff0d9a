/** Which version has which staging label, and how they move. A label is at one version at most. */
import type { SecretRecord, SecretVersion } from './secret-record.ts';
import { CURRENT, MS_PER_DAY, PREVIOUS, staged } from './secret-record.ts';

/** Versions that are kept, of which deprecated ones go first. Source: "Secret versions". */
const MAX_VERSIONS = 100;

/** With `version`, which takes its labels from the others. */
export function withVersion(record: SecretRecord, version: SecretVersion): SecretRecord {
  const others = { ...record, versions: [...record.versions, { ...version, stages: [] }] };
  const labelled = version.stages.reduce<SecretRecord>(
    (given, stage) => withStage(given, stage, version.id),
    others,
  );
  return { ...labelled, versions: kept(labelled.versions, version.createdMs) };
}

/**
 * `stage` goes to the version with that ID, or to none. Where AWSCURRENT moves, AWSPREVIOUS goes to the version that
 * had it. Recorded: "test_update_secret_version_stages_current_pending_cycle".
 */
export function withStage(record: SecretRecord, stage: string, versionId: string | undefined): SecretRecord {
  const holder = staged(record, stage);
  if (holder?.id === versionId) return record;
  const moved = {
    ...record,
    versions: record.versions.map((version) => ({
      ...version,
      stages: withLabel(version.stages, stage, version.id === versionId),
    })),
  };
  return stage === CURRENT && holder !== undefined ? withStage(moved, PREVIOUS, holder.id) : moved;
}

export function withoutVersion(record: SecretRecord, versionId: string): SecretRecord {
  return { ...record, versions: record.versions.filter(({ id }) => id !== versionId) };
}

function withLabel(stages: readonly string[], stage: string, isHeld: boolean): readonly string[] {
  const others = stages.filter((each) => each !== stage);
  return isHeld ? [...others, stage].sort() : others;
}

/** Without the oldest that are deprecated, none of them younger than a day. */
function kept(versions: readonly SecretVersion[], nowMs: number): readonly SecretVersion[] {
  const isForgotten = ({ stages, createdMs }: SecretVersion): boolean =>
    stages.length === 0 && nowMs - createdMs > MS_PER_DAY;
  const forgotten = versions.filter(isForgotten).slice(0, Math.max(0, versions.length - MAX_VERSIONS));
  return versions.filter((version) => !forgotten.includes(version));
}
