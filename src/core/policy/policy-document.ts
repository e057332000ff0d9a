/** IAM JSON policies as data: what a document says, with every "one or a list" made a list. */

export type Effect = 'Allow' | 'Deny';

/** What a statement names as its principals; `'*'` stands for everyone, with and without credentials. */
export type PrincipalElement = '*' | PrincipalSets;

export interface PrincipalSets {
  readonly AWS?: readonly string[];
  readonly Service?: readonly string[];
  readonly Federated?: readonly string[];
  readonly CanonicalUser?: readonly string[];
}

/** Values by condition key by operator, as written: `{ StringEquals: { 'aws:username': ['x'] } }`. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface Statement {
  readonly sid?: string;
  readonly effect: Effect;
  readonly principal?: PrincipalElement;
  readonly notPrincipal?: PrincipalElement;
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly resources?: readonly string[];
  readonly notResources?: readonly string[];
  readonly conditions?: ConditionBlock;
}

export const POLICY_VERSION = '2012-10-17';

/** The version that is meant where a document names none; it knows no policy variables. */
export const FIRST_POLICY_VERSION = '2008-10-17';

export interface PolicyDocument {
  readonly version: string;
  readonly id?: string;
  readonly statements: readonly Statement[];
}
