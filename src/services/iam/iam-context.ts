import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations } from '../../ports/service.ts';
import type { IamStore } from './iam-store.ts';

export type IamOperations = Operations<typeof import('@aws-sdk/client-iam')>;

/** What the operations of IAM work with. */
export interface IamContext {
  readonly store: IamStore;
  readonly clock: Clock;
  readonly ids: Ids;
}
