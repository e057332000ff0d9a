# frozen_string_literal: true

# What a handler is told of its invocation, under AWS's names.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
              :memory_limit_in_mb, :function_version, :identity, :client_context, :deadline_ms, :tenant_id

  def initialize(header)
    @aws_request_id = header['requestId']
    @invoked_function_arn = header['invokedFunctionArn']
    @deadline_ms = header['deadlineMs'].to_i
    @tenant_id = header['tenantId']
    @identity = parsed(header['cognitoIdentity'])
    @client_context = parsed(header['clientContext'])
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
  end

  def get_remaining_time_in_millis
    [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
  end

  private

  def parsed(text)
    text.nil? ? nil : JSON.parse(text)
  end
end
