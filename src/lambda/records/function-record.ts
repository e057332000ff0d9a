/** What is stored of a function: one record per version, `$LATEST` included. */
import { mergedPackage } from '../../ports/package-store.ts';
import type { FunctionCapacity } from './function-capacity.ts';
import type { FunctionLayer } from './function-layer.ts';

/** `Deactivated`: a version on managed instances that may have no environments. */
export type FunctionState = 'Pending' | 'Active' | 'Inactive' | 'Failed' | 'Deactivated';
export type LastUpdateStatus = 'Successful' | 'InProgress' | 'Failed';

/** `$LATEST`, the decimal number of a published version, or `$LATEST.PUBLISHED`. */
export type VersionName = string;

/** The version that can be changed. */
export const LATEST = '$LATEST';

/** Of a function on managed instances: published again and again, and what runs where no version is named. */
export const LATEST_PUBLISHED = '$LATEST.PUBLISHED';

/** Where a version stands among those of its function. */
export function versionOrder(version: VersionName): number {
  if (version === LATEST) return 0;
  return version === LATEST_PUBLISHED ? 0.5 : Number(version);
}

export interface LoggingConfig {
  readonly format: 'Text' | 'JSON';
  /** Only with JSON. */
  readonly applicationLogLevel?: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
  readonly systemLogLevel?: 'DEBUG' | 'INFO' | 'WARN';
  readonly logGroup: string;
}

/**
 * A function's package as stored: `blob` is its name in the blob store (SHA-256, hexadecimal), or the
 * digest of its image.
 */
export interface CodeReference {
  readonly blob: string;
  /** AWS's `CodeSha256`: the same hash in base64; of an image in hexadecimal. */
  readonly sha256Base64: string;
  /** The image's name as the caller gave it, and with its digest. */
  readonly image?: { readonly uri: string; readonly resolvedUri: string };
  /** Bytes of the zip. */
  readonly sizeBytes: number;
  /** Bytes of its files unpacked; absent in records that earlier versions of this program stored. */
  readonly unpackedBytes?: number;
}

/** A package that a request has just brought, or that a layer has. */
export type StoredCode = CodeReference & Required<Pick<CodeReference, 'unpackedBytes'>>;

export interface FunctionRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  readonly version: VersionName;
  readonly description: string;
  readonly packageType: 'Zip' | 'Image';
  readonly runtime?: string;
  readonly handler?: string;
  readonly role: string;
  readonly code: CodeReference;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly architectures: readonly ('x86_64' | 'arm64')[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Why the variables could not be read when they were asked for. Not stored. */
  readonly environmentError?: { readonly code: string; readonly message: string };
  /** In the order in which they are laid over one another. */
  readonly layers: readonly FunctionLayer[];
  readonly tracingMode: 'PassThrough' | 'Active';
  readonly logging: LoggingConfig;
  /** When the function takes a new version of its runtime; absent for Auto. */
  readonly updateRuntimeOn?: 'Auto' | 'FunctionUpdate' | 'Manual';
  readonly snapStartApplyOn: 'None' | 'PublishedVersions';
  readonly tenantIsolationMode?: 'PER_TENANT';
  /** What the function has in place of its image's own settings. */
  readonly imageConfig?: {
    readonly entryPoint?: readonly string[];
    readonly command?: readonly string[];
    readonly workingDirectory?: string;
  };
  /** Makes its invocations durable executions. Set when the function is created, or never. */
  readonly durableConfig?: {
    readonly executionTimeoutSeconds: number;
    readonly retentionDays?: number;
    /** Under which the data of executions is kept. */
    readonly kmsKeyArn?: string;
  };
  /** Its published versions run on managed instances. Set when the function is created, or never. */
  readonly capacity?: FunctionCapacity;
  /** Settings that are kept as AWS returns them and have their effect elsewhere or later. */
  readonly deadLetterTargetArn?: string;
  readonly kmsKeyArn?: string;
  readonly vpcConfig?: {
    readonly subnetIds: readonly string[];
    readonly securityGroupIds: readonly string[];
  };
  readonly fileSystemConfigs?: readonly { readonly arn: string; readonly localMountPath: string }[];
  readonly state: FunctionState;
  readonly stateReason?: string;
  readonly stateReasonCode?: string;
  readonly lastUpdateStatus?: LastUpdateStatus;
  readonly lastUpdateStatusReason?: string;
  readonly lastUpdateStatusReasonCode?: string;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
  readonly revisionId: string;
  /**
   * Changes whenever environments started before must not serve any more (code or configuration);
   * a state change alone keeps it.
   */
  readonly generation: string;
}

/** Whether its environments are restored from a snapshot. */
export function hasSnapStart({ version, snapStartApplyOn }: FunctionRecord): boolean {
  return version !== LATEST && snapStartApplyOn === 'PublishedVersions';
}

/** Names of all packages that a record keeps: its code, its layers, and the layers merged. */
export function packagesOf({ code, layers }: FunctionRecord): Set<string> {
  const blobs = layers.map(({ blob }) => blob);
  return new Set([code.blob, ...blobs, ...(blobs.length === 0 ? [] : [mergedPackage(blobs)])]);
}

/** In-memory view of the stored functions, for the data plane: no I/O, no waiting. */
export interface FunctionDirectory {
  /** The record of that version; an alias is resolved by the caller. */
  find(
    accountId: string,
    region: string,
    functionName: string,
    version: VersionName,
  ): FunctionRecord | undefined;
  /** Every record of every version. */
  all(): Iterable<FunctionRecord>;
  /** Called after a record has been stored or deleted (`after` is then undefined). */
  onChange(listener: (before: FunctionRecord | undefined, after: FunctionRecord | undefined) => void): void;
}
