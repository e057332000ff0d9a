/** What is stored of IAM. Policies are kept as they were written. Times are service time, epoch milliseconds. */

export interface NamedRecord {
  readonly accountId: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly id: string;
  readonly createdMs: number;
}

/** A user, group or role: what policies can be put into and attached to. */
export interface PolicyHolder extends NamedRecord {
  /** Documents by name. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
  /** ARNs of managed policies, in the order they were attached. */
  readonly attachedPolicies: readonly string[];
}

export interface BoundedRecord extends PolicyHolder {
  /** ARN of the managed policy that is the permissions boundary. */
  readonly boundary?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AccessKeyRecord {
  readonly id: string;
  readonly secret: string;
  readonly active: boolean;
  readonly createdMs: number;
}

export interface UserRecord extends BoundedRecord {
  readonly accessKeys: readonly AccessKeyRecord[];
  /** Ids of groups. */
  readonly groups: readonly string[];
}

export type GroupRecord = PolicyHolder;

export interface RoleRecord extends BoundedRecord {
  readonly trustPolicy: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds: number;
}

export interface PolicyVersionRecord {
  /** `v1`, `v2`, … */
  readonly id: string;
  readonly document: string;
  readonly createdMs: number;
}

export interface PolicyRecord extends NamedRecord {
  readonly description?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly versions: readonly PolicyVersionRecord[];
  readonly defaultVersion: string;
  /** The number of the last version made; numbers are not used again. */
  readonly lastVersion: number;
  readonly updatedMs: number;
}

export interface InstanceProfileRecord extends NamedRecord {
  readonly tags: Readonly<Record<string, string>>;
  /** Name of the role in it; a profile holds one at most. */
  readonly role?: string | undefined;
}

/** Of an OpenID Connect provider; its name is its URL without the scheme. */
export interface OidcProviderRecord extends Pick<NamedRecord, 'accountId' | 'name' | 'createdMs'> {
  /** Audiences that its tokens may be for. */
  readonly clientIds: readonly string[];
  /** Hexadecimal SHA-1 of certificates that vouch for its server where no known authority does. */
  readonly thumbprints: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

export type ResourceType = 'user' | 'group' | 'role' | 'policy' | 'instance-profile';

export function iamArn(
  type: ResourceType,
  { accountId, path, name }: Omit<NamedRecord, 'id' | 'createdMs'>,
): string {
  return `arn:aws:iam::${accountId}:${type}${path}${name}`;
}
