/** IAM's names of operations: mostly `prefix:Operation`; what differs is by the Service Authorization Reference. */

/** Prefixes that are not the model's name. */
const PREFIXES: Readonly<Record<string, string>> = {
  stepfunctions: 'states',
  elbv2: 'elasticloadbalancing',
  efs: 'elasticfilesystem',
  dynamodbstreams: 'dynamodb',
  apigatewayv2: 'apigateway',
  apigatewaymanagementapi: 'execute-api',
  'lexv2-runtime': 'lex',
  s3control: 's3',
  codeguruprofiler: 'codeguru-profiler',
};

/** Actions that are not named like their operation, by model name and operation. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  lambda: {
    Invoke: 'InvokeFunction',
    InvokeAsync: 'InvokeFunction',
    InvokeWithResponseStream: 'InvokeFunction',
    GetLayerVersionByArn: 'GetLayerVersion',
  },
  sqs: {
    SendMessageBatch: 'SendMessage',
    DeleteMessageBatch: 'DeleteMessage',
    ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  },
  sns: { PublishBatch: 'Publish' },
  kms: { ReEncrypt: 'ReEncryptFrom' },
  apigatewaymanagementapi: {
    PostToConnection: 'ManageConnections',
    GetConnection: 'ManageConnections',
    DeleteConnection: 'ManageConnections',
  },
  s3: {
    ListBuckets: 'ListAllMyBuckets',
    HeadBucket: 'ListBucket',
    DeleteBucketTagging: 'PutBucketTagging',
    GetBucketCors: 'GetBucketCORS',
    PutBucketCors: 'PutBucketCORS',
    DeleteBucketCors: 'PutBucketCORS',
    ListObjects: 'ListBucket',
    ListObjectsV2: 'ListBucket',
    ListObjectVersions: 'ListBucketVersions',
    ListMultipartUploads: 'ListBucketMultipartUploads',
    ListParts: 'ListMultipartUploadParts',
    HeadObject: 'GetObject',
    CopyObject: 'PutObject',
    CreateMultipartUpload: 'PutObject',
    UploadPart: 'PutObject',
    UploadPartCopy: 'PutObject',
    CompleteMultipartUpload: 'PutObject',
    DeleteObjects: 'DeleteObject',
    GetBucketNotificationConfiguration: 'GetBucketNotification',
    PutBucketNotificationConfiguration: 'PutBucketNotification',
  },
};

/** The API of API Gateway is authorized by the methods of its HTTP requests. */
const BY_METHOD = new Set(['apigateway', 'apigatewayv2']);

export function actionName(service: string, operation: string, method: string): string {
  const prefix = PREFIXES[service] ?? service;
  if (BY_METHOD.has(service)) return `${prefix}:${method}`;
  return `${prefix}:${ACTIONS[service]?.[operation] ?? operation}`;
}
