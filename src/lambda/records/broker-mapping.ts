/** The queue of a message broker, and how it is reached. */
export interface BrokerMapping {
  readonly queue: string;
  /** ARN of the secret with `username` and `password`. */
  readonly secretArn: string;
  /** Of RabbitMQ; absent for `/`, and where the broker has none. */
  readonly virtualHost?: string;
}
