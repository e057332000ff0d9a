/** Vectors that a server cannot hold, each with the reason. A vector listed here that holds is an error too. */

const CLIENT_ENDPOINT = "the client's own endpoint has a path, which its proxy takes away";
const COMPRESSED = 'the compressed body is not recorded';
const NO_TARGET = 'the recorded request lacks its X-Amz-Target';
const NULL = 'a client leaves out what is null, and the server sees nothing of it';
const EMPTY = 'the client sends nothing for an empty list or map, so that it arrives as absent';
const TOKEN = 'the client makes up the idempotency token that was not given to it';
const QUERY_MAP =
  "the client was given the bound parameters in the map of the others too; API Gateway's `parameters`, " +
  'the only such map of a generated service, is read without them';
const EMPTY_HEADER = 'a header field without content counts as absent';
const EMPTY_PAYLOAD = 'the client sends {} for a payload that is absent';

export const INPUT_EXCEPTIONS: Readonly<Record<string, string>> = {
  'ec2: SDKAppliedContentEncoding_ec2Query': COMPRESSED,
  'ec2: SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query': COMPRESSED,
  'ec2: Ec2ProtocolIdempotencyTokenAutoFill': TOKEN,
  'ec2: Ec2EmptyQueryLists': EMPTY,
  'json: AwsJson11StructuresDontSerializeNullValues': NULL,
  'json: SDKAppliedContentEncoding_awsJson1_1': COMPRESSED,
  'json: SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1': COMPRESSED,
  'json_1_0: AwsJson10EndpointTrait': NO_TARGET,
  'json_1_0: AwsJson10EndpointTraitWithHostLabel': NO_TARGET,
  'json_1_0: AwsJson10HostWithPath': NO_TARGET,
  'json_1_0: SDKAppliedContentEncoding_awsJson1_0': COMPRESSED,
  'json_1_0: SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0': COMPRESSED,
  'query: SDKAppliedContentEncoding_awsQuery': COMPRESSED,
  'query: SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery': COMPRESSED,
  'query: QueryProtocolIdempotencyTokenAutoFill': TOKEN,
  'query: QueryEmptyQueryMaps': EMPTY,
  'rest-json: RestJsonAllQueryStringTypes': QUERY_MAP,
  'rest-json: RestJsonQueryStringEscaping': QUERY_MAP,
  'rest-json: RestJsonSupportsNaNFloatQueryValues': QUERY_MAP,
  'rest-json: RestJsonSupportsInfinityFloatQueryValues': QUERY_MAP,
  'rest-json: RestJsonSupportsNegativeInfinityFloatQueryValues': QUERY_MAP,
  'rest-json: RestJsonZeroAndFalseQueryValues': QUERY_MAP,
  'rest-json: RestJsonQueryPrecedence': QUERY_MAP,
  'rest-json: RestJsonHostWithPath': CLIENT_ENDPOINT,
  'rest-json: RestJsonHttpPrefixHeadersAreNotPresent': EMPTY,
  'rest-json: RestJsonNullAndEmptyHeaders': EMPTY_HEADER,
  'rest-json: RestJsonOmitsNullQuery': NULL,
  'rest-json: RestJsonOmitsEmptyListQueryValues': EMPTY,
  'rest-json: SDKAppliedContentEncoding_restJson1': COMPRESSED,
  'rest-json: SDKAppendedGzipAfterProvidedEncoding_restJson1': COMPRESSED,
  'rest-json: RestJsonQueryIdempotencyTokenAutoFill': TOKEN,
  'rest-json: RestJsonDoesntSerializeNullStructureValues': NULL,
  'rest-json: RestJsonHttpWithEmptyStructurePayload': EMPTY_PAYLOAD,
  'rest-json: RestJsonHttpWithHeadersButNoPayload': EMPTY_PAYLOAD,
  'rest-xml: HttpPrefixHeadersAreNotPresent': EMPTY,
  'rest-xml: NullAndEmptyHeaders': EMPTY_HEADER,
  'rest-xml: RestXmlOmitsNullQuery': NULL,
  'rest-xml: SDKAppliedContentEncoding_restXml': COMPRESSED,
  'rest-xml: SDKAppendedGzipAfterProvidedEncoding_restXml': COMPRESSED,
  'rest-xml: QueryIdempotencyTokenAutoFill': TOKEN,
  'rest-xml: RestXmlQueryPrecedence': QUERY_MAP,
  'smithy-rpc-v2-cbor: RpcV2CborClientDoesntSerializeNullStructureValues': NULL,
};

const QUERY_STATUS =
  'the status of the Query error is not that of the JSON one here; the two never differ in a generated service';

export const OUTPUT_EXCEPTIONS: Readonly<Record<string, string>> = {
  'json_1_0-query-compatible: QueryCompatibleAwsJson10CustomCodeError': QUERY_STATUS,
  'smithy-rpc-v2-cbor-query-compatible: QueryCompatibleRpcV2CborCustomCodeError': QUERY_STATUS,
  'rest-xml: HttpPrefixHeadersAreNotPresent': 'an empty map has no header fields, as an absent one',
  'rest-xml: IgnoreQueryParamsInResponse':
    'an output bound to the query, which no generated service has, is left out of the body',
};

const OFFSET = 'points in time are recorded with an offset and written in UTC';
const LENIENCE = 'the recorded server sends what clients must pass over: nulls, unknown members, type names';
const NO_BODY =
  'the recorded server sends no body where ours is an empty structure; both are recorded elsewhere';
const NO_OUTPUT = 'an operation without output answers no body, which is recorded as well';
const ROOT =
  'the recorded root is named by the shape, ours by the member, as in every service with such a payload';

/** Answers that mean the same as the recorded ones in another form. */
export const OTHER_FORMS: Readonly<Record<string, string>> = {
  'ec2: Ec2QueryDateTimeWithNegativeOffset': OFFSET,
  'ec2: Ec2QueryDateTimeWithPositiveOffset': OFFSET,
  'json: AwsJson11DateTimeWithNegativeOffset': OFFSET,
  'json: AwsJson11DateTimeWithPositiveOffset': OFFSET,
  'json: handles_empty_output_shape': NO_OUTPUT,
  'json: handles_unexpected_json_output': LENIENCE,
  'json: AwsJson11DeserializeIgnoreType': LENIENCE,
  'json: AwsJson11StructuresDontDeserializeNullValues': LENIENCE,
  'json_1_0: AwsJson10DeserializeIgnoreType': LENIENCE,
  'json_1_0: AwsJson10DeserializeAllowNulls': LENIENCE,
  'json_1_0: AwsJson10HandlesEmptyOutputShape': NO_OUTPUT,
  'json_1_0: AwsJson10HandlesUnexpectedJsonOutput': LENIENCE,
  'query: AwsQueryDateTimeWithNegativeOffset': OFFSET,
  'query: AwsQueryDateTimeWithPositiveOffset': OFFSET,
  'query: QueryEmptyInputAndEmptyOutput': NO_BODY,
  'query: QueryNoInputAndNoOutput': NO_OUTPUT,
  'query: QueryNoInputAndOutput': NO_BODY,
  'rest-json: RestJsonDateTimeWithNegativeOffset': OFFSET,
  'rest-json: RestJsonDateTimeWithPositiveOffset': OFFSET,
  'rest-json: RestJsonEmptyInputAndEmptyOutputJsonObjectOutput': NO_BODY,
  'rest-json: RestJsonGreetingWithErrorsNoPayload': NO_BODY,
  'rest-json: RestJsonHttpPrefixHeadersArePresent': NO_BODY,
  'rest-json: HttpPrefixHeadersResponse': NO_BODY,
  'rest-json: RestJsonHttpResponseCodeWithNoPayload': NO_BODY,
  'rest-json: RestJsonIgnoreQueryParamsInResponseNoPayload': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithStringHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithQuotedStringHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithNumericHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithBooleanHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithTimestampHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithEnumHeaders': NO_BODY,
  'rest-json: RestJsonInputAndOutputWithIntEnumHeaders': NO_BODY,
  'rest-json: RestJsonSupportsNaNFloatHeaderOutputs': NO_BODY,
  'rest-json: RestJsonSupportsInfinityFloatHeaderOutputs': NO_BODY,
  'rest-json: RestJsonSupportsNegativeInfinityFloatHeaderOutputs': NO_BODY,
  'rest-json: RestJsonDeserializesDenseSetMapAndSkipsNull': LENIENCE,
  'rest-json: RestJsonDeserializeIgnoreType': LENIENCE,
  'rest-json: MediaTypeHeaderOutputBase64': NO_BODY,
  'rest-json: RestJsonNoInputAndOutputNoPayload': NO_BODY,
  'rest-json: RestJsonDoesntDeserializeNullStructureValues': LENIENCE,
  'rest-json: RestJsonTimestampFormatHeaders': NO_BODY,
  'rest-xml: RestXmlDateTimeWithNegativeOffset': OFFSET,
  'rest-xml: RestXmlDateTimeWithPositiveOffset': OFFSET,
  'rest-xml: RestXmlHttpPayloadWithUnion': ROOT,
  'rest-xml: HttpPayloadWithXmlName': ROOT,
  'rest-xml: HttpPayloadWithXmlNamespace': ROOT,
  'rest-xml: HttpPayloadWithXmlNamespaceAndPrefix': ROOT,
  'smithy-rpc-v2-cbor: empty_output_no_body': NO_BODY,
  'smithy-rpc-v2-cbor: no_output': NO_OUTPUT,
  'smithy-rpc-v2-cbor: NoOutputClientAllowsEmptyBody': NO_OUTPUT,
  'smithy-rpc-v2-cbor: RpcV2CborDeserializesDenseSetMapAndSkipsNull': LENIENCE,
  'smithy-rpc-v2-cbor: RpcV2CborClientDoesntDeserializeNullStructureValues': LENIENCE,
  'smithy-rpc-v2-cbor: RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients': LENIENCE,
  'smithy-rpc-v2-cbor: RpcV2CborPayloadWithUnsetUnion': LENIENCE,
};
