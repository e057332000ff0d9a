/** Calls that services make in roles which were passed to them. */
import type { Call, CallAs, RequireOfRole } from '../ports/call.ts';
import type { OpenServiceModel } from '../wire/contract.ts';
import type { Permissions } from './authorization/permissions.ts';

type RolePermissions = Pick<Permissions, 'permitAs' | 'permitAction'>;

export interface RoleCallsDependencies {
  readonly call: Call;
  readonly openServiceModel: OpenServiceModel;
  /** Undefined where nothing is enforced: then a role is a mere name. */
  readonly permissions: RolePermissions | undefined;
}

export function roleCalls({ call, openServiceModel, permissions }: RoleCallsDependencies): CallAs {
  const models = new Map<string, ReturnType<OpenServiceModel>>();
  const modelOf = (service: string): ReturnType<OpenServiceModel> => {
    if (!models.has(service)) models.set(service, openServiceModel(service));
    return models.get(service);
  };
  return async (caller, service, operation, given) => {
    const { accountId, region } = caller;
    const input = modelOf(service)?.decodePlain(operation, given) as
      | Readonly<Record<string, unknown>>
      | undefined;
    // What no model has, nobody implements.
    if (input === undefined) return call(caller, service, operation, given);
    await permissions?.permitAs(caller, { service, operation, input, accountId, region });
    return call({ accountId, region }, service, operation, input);
  };
}

/** Without permissions every role may do everything. */
export function roleRequirement(permissions: RolePermissions | undefined): RequireOfRole {
  return async (caller, action, resource) => permissions?.permitAction(caller, action, resource);
}
