/**
 * URLs of queues behind an endpoint, as clients of this server see them: at this server's address, since SDKs send to
 * the host of a queue's URL, where a function may neither get nor be known.
 */
import type { RequestContext } from '../ports/service.ts';

type Members = Readonly<Record<string, unknown>>;

export class QueueUrls {
  private readonly endpoint: URL;
  /** URLs there by region and path. */
  private readonly seen = new Map<string, string>();

  constructor(endpoint: string) {
    this.endpoint = new URL(endpoint);
  }

  /** The input with the URL that the endpoint knows the queue by. */
  there(input: Members, { region }: RequestContext): Members {
    const url = typeof input['QueueUrl'] === 'string' ? URL.parse(input['QueueUrl']) : null;
    if (url === null) return input;
    const QueueUrl = this.seen.get(region + url.pathname) ?? `${this.endpoint.origin}${url.pathname}`;
    return { ...input, QueueUrl };
  }

  /** The output with URLs at this server. */
  here(output: Members, context: RequestContext): Members {
    const here = (held: unknown): unknown => (typeof held === 'string' ? this.local(held, context) : held);
    const changed = Object.entries(output).map(([name, held]) => {
      if (name === 'QueueUrl') return [name, here(held)];
      if (name === 'QueueUrls' || name === 'queueUrls') return [name, (held as readonly unknown[]).map(here)];
      return [name, held];
    });
    return Object.fromEntries(changed) as Members;
  }

  private local(text: string, { origin, region }: RequestContext): string {
    const url = URL.parse(text);
    if (url === null) return text;
    this.seen.set(region + url.pathname, text);
    return `${origin}${url.pathname}`;
  }
}
