/**
 * Where services differ from their own models or from one another, as data: each entry says what
 * AWS was seen to do.
 */

/** The code of the error for a broken constraint; services that are not listed say `ValidationException`. */
export const VALIDATION_CODES: Readonly<Record<string, string>> = {
  // logs: "InvalidParameterException" with the constraint's text (recorded for DescribeLogGroups and others).
  logs: 'InvalidParameterException',
  iam: 'ValidationError',
  sts: 'ValidationError',
  cloudformation: 'ValidationError',
  elbv2: 'ValidationError',
  cloudwatch: 'ValidationError',
  sns: 'ValidationError',
  ecr: 'InvalidParameterException',
  'cognito-idp': 'InvalidParameterException',
  rds: 'ValidationError',
  elasticache: 'ValidationError',
};

/** Services whose paths of broken constraints begin with the input's name (recorded for apigateway). */
export const ROOTED_PATHS: ReadonlySet<string> = new Set(['apigateway']);

/** Services whose front end checks nothing from the model, and answers each case in words of its own. */
export const UNCHECKED_SERVICES: ReadonlySet<string> = new Set([
  's3',
  's3control',
  'ec2',
  'cloudfront',
  'sqs',
]);

/** Members of inputs, by service, that the operations themselves check, in other words than the model's. */
export const CHECKED_BY_HANDLER: Readonly<Record<string, ReadonlySet<string>>> = {
  // lambda: "Value x at 'runtime' failed to satisfy …: [nodejs20.x, …] or be a valid ARN", with a list of its own.
  lambda: new Set(['Runtime']),
};

/** S3 tells copies from uploads by a header, which the routes of the model do not show. */
export const COPY_SOURCE_OPERATIONS: Readonly<Record<string, true>> = {
  CopyObject: true,
  UploadPartCopy: true,
};

/** Services whose newer model has JSON only, and whose older clients still speak Query. */
export const SERVICES_OF_TWO_FORMS: ReadonlySet<string> = new Set(['sqs']);

/**
 * What errors that no model has are called in Query, and in the header by which JSON clients find that
 * name. Recorded for SQS: `InvalidParameterValueException` with `InvalidParameterValue;Sender`.
 */
export const UNMODELLED_QUERY_CODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sqs: {
    InvalidParameterValueException: 'InvalidParameterValue',
    MissingRequiredParameterException: 'MissingParameter',
  },
};
