/**
 * Constraints that AWS's model of Lambda has changed since the answers were recorded. Their text is
 * part of validation messages, which follow the model; so the recorded words are compared in today's.
 */

interface Change {
  readonly recorded: string;
  readonly current: string;
}

const CHANGES: readonly Change[] = [
  {
    // NamespacedFunctionName: an ARN must be whole now, or have none of its parts.
    recorded:
      '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?',
    current:
      '(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:|(((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?))(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?',
  },
  {
    // TaggableResource: layers went, network connectors came.
    recorded:
      'layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)',
    current:
      'code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})',
  },
  {
    // LayerVersionArn: in brackets as a whole.
    recorded:
      '(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)',
    current:
      '((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))',
  },
  {
    // RecursiveLoop: the model has its values in another order than the answer had them.
    recorded: 'enum value set: [Terminate, Allow]',
    current: 'enum value set: [Allow, Terminate]',
  },
  {
    // EventSourcePosition: likewise.
    recorded: 'enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]',
    current: 'enum value set: [TRIM_HORIZON, LATEST, AT_TIMESTAMP]',
  },
  {
    // Runtimes that came since.
    recorded: 'nodejs18.x, provided.al2, java8.al2] or be a valid ARN',
    current:
      'nodejs18.x, provided.al2, java8.al2, nodejs26.x, python3.15, ruby4.0, java8.al2023, java11.al2023, java17.al2023] or be a valid ARN',
  },
];

export function currentWording(text: string): string {
  let reworded = text;
  for (const { recorded, current } of CHANGES) reworded = reworded.replace(recorded, () => current);
  return reworded;
}
