import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

// No endpoint, region or credentials: as on AWS, the environment has them.
const sts = new STSClient();
const lambda = new LambdaClient();

export async function handler(event, context) {
  const [identity, list] = await Promise.all([
    sts.send(new GetCallerIdentityCommand()),
    lambda.send(new ListFunctionsCommand()),
  ]);
  console.log(`Called with ${JSON.stringify(event)}; ${context.getRemainingTimeInMillis()} ms left`);
  return {
    account: identity.Account,
    invokedAs: context.invokedFunctionArn,
    functions: list.Functions.map((configuration) => configuration.FunctionName).sort(),
  };
}
