/**
 * What functions with a network of their own reach the server by: the address AWS's runtime API has inside its
 * environments (`AWS_LAMBDA_RUNTIME_API` is 169.254.100.1:9001 there).
 */
export const GATEWAY_ADDRESS = '169.254.100.1';
