/** Stored resource policies of functions, versions and aliases: who may do what with them. */
import { policyOf } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { FunctionIdentifier } from './function-identifier.ts';
import { LATEST } from './function-record.ts';
import type { FunctionTable } from './function-table.ts';
import { QualifiedTable } from './qualified-table.ts';

/** A statement in the form AWS shows; of those that AddPermission makes, `Sid` is the statement's id. */
export type StoredStatement = Readonly<Record<string, unknown>>;

/** A policy as JSON: what AddPermission adds to, or a document that was put as a whole. */
export interface StoredDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly StoredStatement[];
}

export interface FunctionPolicy {
  readonly document: StoredDocument;
  /** That of the last change of the policy; the resource got the same one then. */
  readonly revisionId: string;
}

export class FunctionPolicyTable extends QualifiedTable<FunctionPolicy> {
  /** Policies as the evaluator reads them, each parsed when it is first asked. */
  private readonly parsed = new WeakMap<FunctionPolicy, PolicyDocument>();

  static async openPolicies(state: StateStore, functions: FunctionTable): Promise<FunctionPolicyTable> {
    return new FunctionPolicyTable('lambda.function-policy').filled(state, functions);
  }

  /** The policy of exactly that resource: one of a function says nothing of its versions and aliases. */
  documentOf(identifier: FunctionIdentifier): PolicyDocument | undefined {
    const policy = this.get(identifier, identifier.qualifier ?? LATEST);
    if (policy === undefined) return undefined;
    const document = this.parsed.get(policy) ?? policyOf(policy.document);
    this.parsed.set(policy, document);
    return document;
  }
}
