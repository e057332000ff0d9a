/** What is stored of a layer: one record per version, and the number that its last version got. */
import type { StoredCode } from './function-record.ts';

/** A statement of a layer version's policy, in the form AWS shows. */
export interface LayerStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: string | { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: { readonly StringEquals: { readonly 'aws:PrincipalOrgID': string } };
}

export interface LayerPolicy {
  readonly revisionId: string;
  readonly statements: readonly LayerStatement[];
}

export interface LayerVersionRecord {
  readonly accountId: string;
  readonly region: string;
  readonly layerName: string;
  readonly version: number;
  readonly description: string;
  readonly licenseInfo?: string;
  /** As given; absent where the request had none. */
  readonly compatibleRuntimes?: readonly string[];
  readonly compatibleArchitectures?: readonly ('x86_64' | 'arm64')[];
  readonly code: StoredCode;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  /** Absent while nothing was ever allowed to others, and when the last permission was taken away. */
  readonly policy?: LayerPolicy;
}
