import type { Operations } from '../../ports/service.ts';

export type StsOperations = Operations<typeof import('@aws-sdk/client-sts')>;
