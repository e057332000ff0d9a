export interface ApiDestinationRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** The end of its ARN. */
  readonly id: string;
  readonly description?: string;
  readonly connectionArn: string;
  /** A URL, in which a `*` stands for a value of the target's. */
  readonly endpoint: string;
  readonly method: 'POST' | 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'PATCH' | 'DELETE';
  /** Requests per second. */
  readonly rateLimit: number;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  readonly modifiedMs: number;
}

export function apiDestinationArn({ accountId, region, name, id }: ApiDestinationRecord): string {
  return `arn:aws:events:${region}:${accountId}:api-destination/${name}/${id}`;
}
