/** Identity and Access Management: global, so its records belong to an account and to no region. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { accessKeyOperations } from './access-key-operations.ts';
import { authorizationDetailsOperations } from './authorization-details.ts';
import { groupOperations } from './group-operations.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { IamStore } from './iam-store.ts';
import { instanceProfileOperations } from './instance-profile-operations.ts';
import { oidcProviderOperations } from './oidc-provider-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { Principals } from './principals.ts';
import { roleOperations } from './role-operations.ts';
import { simulationOperations } from './simulation.ts';
import { userOperations } from './user-operations.ts';

export interface IamDependencies {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Iam {
  readonly service: Service;
  readonly principals: Principals;
}

export async function openIam({ state, clock, ids }: IamDependencies): Promise<Iam> {
  const store = await IamStore.open(state);
  const principals = new Principals(store);
  const context: IamContext = { store, clock, ids };
  const operations: IamOperations = {
    ...userOperations(context),
    ...accessKeyOperations(context),
    ...groupOperations(context),
    ...roleOperations(context),
    ...policyOperations(context),
    ...instanceProfileOperations(context),
    ...oidcProviderOperations(context),
    ...authorizationDetailsOperations(context),
    ...simulationOperations(store, principals),
  };
  return { service: { name: 'iam', operations: operations as Service['operations'] }, principals };
}
