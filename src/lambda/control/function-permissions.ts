/** The resource policies of functions, versions and aliases, statement by statement. */
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { StoredDocument, StoredStatement } from '../records/function-policy-table.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { noSuchResource, notFound, revisionMismatch } from './lambda-errors.ts';
import { permissionStatement } from './permission-statement.ts';
import { checkPolicyLength, duplicateStatement, noPolicy, statementNotFound } from './policy-errors.ts';
import type { PolicySubject } from './policy-subject.ts';
import { changePolicy } from './policy-subject.ts';

type FunctionPermissions = Required<
  Pick<LambdaOperations, 'AddPermission' | 'RemovePermission' | 'GetPolicy'>
>;

export function functionPermissions(context: ControlContext): FunctionPermissions {
  const { policies } = context;
  return {
    async AddPermission(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller);
      let statement: StoredStatement = {};
      await changePolicy(context, identifier, (subject, known) => {
        statement = permissionStatement(input, functionArn(identifier));
        const statements = known?.document.Statement ?? [];
        if (statements.some(({ Sid }) => Sid === input.StatementId))
          throw duplicateStatement(input.StatementId!);
        checkRevision(subject, input.RevisionId);
        const document = { ...(known?.document ?? NEW_DOCUMENT), Statement: [...statements, statement] };
        checkPolicyLength(JSON.stringify(document));
        return document;
      });
      return { Statement: JSON.stringify(statement) };
    },

    async RemovePermission(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller);
      checkFunction(context, identifier);
      await changePolicy(context, identifier, (subject, known) => {
        if (known === undefined) throw noPolicy();
        const { document } = known;
        const statements = document.Statement.filter(({ Sid }) => Sid !== input.StatementId);
        if (statements.length === document.Statement.length) throw statementNotFound(input.StatementId);
        checkRevision(subject, input.RevisionId);
        return statements.length === 0 ? undefined : { ...document, Statement: statements };
      });
      return {};
    },

    async GetPolicy(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller);
      const policy = policies.get(identifier, identifier.qualifier ?? LATEST);
      // Recorded: a function that is not there has no policy, no more.
      if (policy === undefined) throw noSuchResource();
      return { Policy: JSON.stringify(policy.document), RevisionId: policy.revisionId };
    },
  };
}

const NEW_DOCUMENT: StoredDocument = { Version: '2012-10-17', Id: 'default', Statement: [] };

/** The revision is that of the resource; the words are recorded, for an alias with another API than for a function. */
function checkRevision({ revisionId, isAlias }: PolicySubject, requested: string | undefined): void {
  if (requested === undefined || requested === revisionId) return;
  throw revisionMismatch(isAlias ? 'GetPolicy' : 'GetFunction/GetAlias');
}

function checkFunction({ table }: ControlContext, identifier: FunctionIdentifier): void {
  const { accountId, region, functionName } = identifier;
  if (table.find(accountId, region, functionName, LATEST) !== undefined) return;
  throw notFound(`No policy found for: ${functionArn({ ...identifier, qualifier: undefined })}`);
}
