import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Call } from '../../ports/call.ts';
import type { RuntimeCatalog } from '../../ports/environment.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import type { Log } from '../../ports/log.ts';
import type { PackageStore } from '../../ports/package-store.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { EnvironmentCipher } from '../records/environment-cipher.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import type { ProvisionedStatus } from '../records/provisioned-status.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';

export interface FunctionControlDependencies {
  readonly state: StateStore;
  readonly environmentCipher: EnvironmentCipher;
  readonly blobs: BlobStore;
  readonly packages: PackageStore;
  readonly images: ImageStore;
  readonly catalog: RuntimeCatalog;
  /** Reads packages that are objects of S3. */
  readonly call: Call;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Takes the snapshot of a version with SnapStart; resolves with why there can be none. */
  readonly takeSnapshot: (record: FunctionRecord) => Promise<SnapshotProblem | undefined>;
  /** Starts the environments of a version on managed instances; resolves when it has them, or with why not. */
  readonly startManaged: (record: ManagedRecord) => Promise<SnapshotProblem | undefined>;
  /** How far what is provisioned for a version or an alias has come. */
  readonly provisionedStatus: (name: FunctionName, qualifier: string) => ProvisionedStatus;
}
