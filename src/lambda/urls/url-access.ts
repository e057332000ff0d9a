/** Who may call a function URL. */
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../../core/errors.ts';
import type { Authenticate, Authorize } from '../../ports/authorize.ts';
import type { Identity } from '../../ports/identity.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionPolicyTable } from '../records/function-policy-table.ts';
import type { FunctionUrlRecord } from '../records/function-url-table.ts';
import { sourceIp } from './url-event.ts';

export interface UrlAccessDependencies {
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
  readonly policies: Pick<FunctionPolicyTable, 'documentOf'>;
  /** Whether a URL that everybody may call needs the permission that AWS asks of it. */
  readonly isEnforced: boolean;
}

/**
 * Both are needed since October 2025; the second with the condition `lambda:InvokedViaFunctionUrl`. Source:
 * developer guide, "Control access to Lambda function URLs".
 */
const ACTIONS = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'];

export class UrlAccess {
  private readonly deps: UrlAccessDependencies;

  constructor(deps: UrlAccessDependencies) {
    this.deps = deps;
  }

  /** Who calls; undefined where nobody has to say so. Rejects with `AccessDeniedException` where the caller may not. */
  async admit(
    record: FunctionUrlRecord,
    request: IncomingMessage,
    body: Buffer,
  ): Promise<Identity | undefined> {
    const identity =
      record.authType === 'NONE' ? undefined : await this.deps.authenticate(request, body, 'lambda');
    if (identity === undefined && !this.deps.isEnforced) return undefined;
    const { accountId, region, functionName, alias: qualifier } = record;
    const identifier = { accountId, region, functionName, qualifier };
    const facts = {
      'lambda:FunctionUrlAuthType': record.authType,
      'lambda:InvokedViaFunctionUrl': 'true',
      'aws:SourceIp': sourceIp(request.socket.remoteAddress ?? ''),
    };
    const resource = functionArn(identifier);
    const resourcePolicy = this.deps.policies.documentOf(identifier);
    for (const action of ACTIONS) {
      const decision = this.deps.authorize({ identity, action, resource, facts, resourcePolicy });
      if (decision.outcome !== 'allowed') throw forbidden();
    }
    return identity;
  }
}

export function forbidden(): AwsError {
  return new AwsError('AccessDeniedException', 'Forbidden', {}, 403);
}
