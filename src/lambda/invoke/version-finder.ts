/** Which version an invocation is of, and whether it can be run. */
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { AliasDirectory } from '../records/alias-table.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST, LATEST_PUBLISHED } from '../records/function-record.ts';
import { isManaged } from '../records/managed-record.ts';
import { PENDING_WAIT_MS } from './invoke-limits.ts';
import { RecordWaiters } from './record-waiters.ts';

export class VersionFinder {
  private readonly directory: FunctionDirectory;
  private readonly aliases: AliasDirectory;
  private readonly waiters: RecordWaiters;

  constructor(directory: FunctionDirectory, aliases: AliasDirectory) {
    this.directory = directory;
    this.aliases = aliases;
    this.waiters = new RecordWaiters(directory);
  }

  /** The version that is meant, once it can be run. */
  async find(
    name: string,
    namedQualifier: string | undefined,
    caller: Pick<RequestContext, 'accountId' | 'region'>,
  ): Promise<FunctionRecord> {
    const identifier = parseFunctionIdentifier(name, namedQualifier, caller);
    const { accountId, region, functionName } = identifier;
    const version = identifier.qualifier ?? '$LATEST';
    const record = this.directory.find(accountId, region, functionName, version) ?? this.aliased(identifier);
    if (record !== undefined && isManaged(record) && record.version === LATEST)
      return this.publishedOf(identifier);
    if (record !== undefined && isSettled(record)) return record;
    // Recorded: Invoke names the version, also where the caller named none.
    return this.untilSettled(record, { ...identifier, qualifier: version });
  }

  /** "When you invoke a Lambda Managed Instances function using an unqualified ARN, Lambda implicitly invokes the $LATEST.PUBLISHED version". */
  private publishedOf(identifier: FunctionIdentifier): Promise<FunctionRecord> {
    if (identifier.qualifier !== undefined) throw notInvocable('ActiveNonInvocable');
    const { accountId, region, functionName } = identifier;
    const record = this.directory.find(accountId, region, functionName, LATEST_PUBLISHED);
    return this.untilSettled(record, { ...identifier, qualifier: LATEST_PUBLISHED });
  }

  private aliased(identifier: FunctionIdentifier): FunctionRecord | undefined {
    const { accountId, region, functionName, qualifier } = identifier;
    if (qualifier === undefined) return undefined;
    const version = this.aliases.chooseVersion(identifier, qualifier);
    if (version === undefined) return undefined;
    return this.directory.find(accountId, region, functionName, version);
  }

  /** The same version as it is now: its alias may point elsewhere, and the answer has named the version. */
  findAgain({ accountId, region, functionName, version }: FunctionRecord): Promise<FunctionRecord> {
    const record = this.directory.find(accountId, region, functionName, version);
    return this.untilSettled(record, { accountId, region, functionName, qualifier: version });
  }

  private async untilSettled(
    record: FunctionRecord | undefined,
    named: FunctionIdentifier,
  ): Promise<FunctionRecord> {
    if (record === undefined) throw functionNotFound(named);
    if (isSettled(record)) return record;
    // On AWS a function is Pending for seconds and refuses invocations until then; here it is for
    // milliseconds unless a runtime is being fetched, so a client that invokes at once is served.
    const settled = await this.waiters.wait(record, isSettled, PENDING_WAIT_MS);
    if (settled === undefined) throw functionNotFound(named);
    if (settled.state === 'Active' || settled.state === 'Inactive') return settled;
    throw notInvocable(settled.state);
  }
}

function notInvocable(state: string): AwsError {
  return new AwsError(
    'ResourceConflictException',
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
    { Type: 'User' },
  );
}

function isSettled(record: FunctionRecord): boolean {
  return record.state === 'Active' && record.lastUpdateStatus !== 'InProgress';
}
