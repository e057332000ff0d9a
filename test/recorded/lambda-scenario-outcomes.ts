/** How far today's operations get with the recorded scenarios of Lambda; all others must hold whole. */

/** The first operation of each scenario that does not exist yet; it is replayed up to there. */
export const SCENARIOS_THAT_STOP: Readonly<Record<string, readonly string[]>> = {
  'ec2:DescribeSecurityGroups': ['TestLambdaFunction::test_invalid_vpc_config_subnet'],
};

const NO_DOTNET = 'this version runs no .NET, so the function is Failed where it was Active';

/** Scenarios whose answers differ, and why that is right today. */
export const SCENARIOS_THAT_DIFFER: Readonly<Record<string, string>> = {
  'TestLambdaLayer::test_layer_function_exceptions':
    'requests were recorded without their region, so that the layer of another region is in the same one',
  'TestLambdaFunction::test_invalid_vpc_config_security_group':
    'security groups are not looked up: EC2 does not exist here yet',
  'TestLambdaSizeLimits::test_oversized_unzipped_lambda':
    'of the parts of the package only their sizes and digests were recorded; the limit has a test in create-function.test.ts',
  'TestLambdaSnapStart::test_snapstart_lifecycle[dotnet8]': NO_DOTNET,
  'TestLambdaSnapStart::test_snapstart_lifecycle[dotnet10]': NO_DOTNET,
  'TestLambdaSnapStart::test_snapstart_update_function_configuration[dotnet8]': NO_DOTNET,
  'TestLambdaSnapStart::test_snapstart_update_function_configuration[dotnet10]': NO_DOTNET,
};

/** Scenarios of which no answer was recorded. */
export const SCENARIOS_WITHOUT_ANSWERS: readonly string[] = [
  'TestLambdaEventSourceMappings::test_create_event_source_validation',
  'TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle',
  'TestPartialARNMatching::test_cross_region_arn_function_access',
  'TestPartialARNMatching::test_update_function_configuration_full_arn',
];
