# frozen_string_literal: true

# The Ruby runtime: loads the function, then takes one event after the other. See ../PROTOCOL.md.
#
# Messages, error shapes and log lines are those of AWS's own client, the gem aws_lambda_ric.

require 'json'
require_relative 'channel'
require_relative 'failure'
require_relative 'function_handler'
require_relative 'function_logging'
require_relative 'lambda_context'
require_relative 'marshaller'

module SelfsameRuntime
  # What AWS's client exits with, as the status of a process: -4 and -1.
  INIT_FAILED = 252
  CRITICAL = 255

  class << self
    def run
      # AWS sets a locale that this host need not have.
      Encoding.default_external = Encoding::UTF_8
      $stdout.sync = true
      @channel = Channel.new(ENV.delete('SELFSAME_CHANNEL_FD').to_i)
      FunctionLogging.install(@channel)
      handler = load_handler
      @channel.ready
      while (event = @channel.next_event)
        handle(handler, *event)
      end
      # The host has gone: nothing that the function registered is to run any more.
      exit!(0)
    end

    private

    def load_handler
      task_root = ENV.fetch('LAMBDA_TASK_ROOT')
      $LOAD_PATH.unshift(task_root) unless $LOAD_PATH.include?(task_root)
      handler = FunctionHandler.new(ENV.fetch('_HANDLER', ''))
      require handler.file
      handler
    rescue Exception => e # a LoadError, or whatever the function's own code raises
      failure = Failure.new(e, 'Init')
      log_failure('Init error when loading handler ', failure)
      @channel.init_error(failure.reported_type, failure.payload)
      exit!(INIT_FAILED)
    end

    def handle(handler, header, payload)
      $_global_aws_request_id = header['requestId']
      ENV['_X_AMZN_TRACE_ID'] = header['traceId']
      request = AwsLambda::Marshaller.marshall_request(RawRequest.new(payload))
      response = handler.call(request, LambdaContext.new(header))
      @channel.response(body_of(AwsLambda::Marshaller.marshall_response(response)))
    rescue NameError => e
      leave(e)
    rescue StandardError => e
      failure = Failure.new(e)
      log_failure('Error raised from handler method', failure)
      @channel.error(failure.reported_type, failure.payload)
    rescue Exception => e
      leave(e)
    end

    # Names that do not exist and what is no StandardError, `exit` say, end the runtime, as on AWS.
    def leave(error)
      failure = Failure.new(error)
      log_failure('Critical exception from handler', failure)
      @channel.leaving
      @channel.error(failure.reported_type, failure.payload)
      exit!(CRITICAL)
    end

    def body_of(marshalled)
      # A stream comes with its content type, which has no meaning for the caller of Invoke.
      body = marshalled.is_a?(Array) ? marshalled.first : marshalled
      body.respond_to?(:read) ? body.read : body
    end

    def log_failure(message, failure)
      FunctionLogging.write(message)
      FunctionLogging.write(JSON.pretty_generate(failure.to_h))
    end
  end
end

SelfsameRuntime.run
