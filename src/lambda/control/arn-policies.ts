/** The policy of whatever an ARN of Lambda's names: a function, version or alias, or a version of a layer. */
import { parseArn } from '../../core/arn.ts';
import { policyOf } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { POLICY_VERSION } from '../../core/policy/policy-document.ts';
import type { FunctionPolicyTable } from '../records/function-policy-table.ts';
import { parseLayerVersionArn } from '../records/layer-identifier.ts';
import type { LayerVersionTable } from '../records/layer-version-table.ts';

export interface PolicyTables {
  readonly policies: Pick<FunctionPolicyTable, 'documentOf'>;
  readonly layers: Pick<LayerVersionTable, 'find'>;
}

export function arnPolicy({ policies, layers }: PolicyTables, text: string): PolicyDocument | undefined {
  const version = parseLayerVersionArn(text);
  if (version !== undefined) {
    const statements = layers.find(version)?.policy?.statements;
    return statements && policyOf({ Version: POLICY_VERSION, Statement: statements });
  }
  const { accountId = '', region = '', resource = '' } = parseArn(text) ?? {};
  const [kind, functionName, qualifier] = resource.split(':');
  if (kind !== 'function' || functionName === undefined) return undefined;
  return policies.documentOf({ accountId, region, functionName, qualifier });
}
