# frozen_string_literal: true

require 'logger'

module SelfsameRuntime
  # `puts` and the loggers of the function: one log event a call, however many lines.
  module FunctionLogging
    # Levels of ../PROTOCOL.md by the severities of Logger.
    LEVELS = { 'DEBUG' => 2, 'INFO' => 3, 'WARN' => 4, 'ERROR' => 5, 'FATAL' => 6 }.freeze

    class << self
      def install(channel)
        @channel = channel
        Logger.prepend(LoggerOutput)
        Kernel.module_eval do
          def puts(*values)
            FunctionLogging.write(values.flatten.map { |value| value.to_s.encode('UTF-8') }.join("\n"))
          end
        end
      end

      def write(text, level = 0)
        @channel.log(level, text)
        nil
      end

      def json?
        ENV['AWS_LAMBDA_LOG_FORMAT'] == 'JSON'
      end

      def lowest_level
        return Logger::DEBUG unless json?

        level = ENV.fetch('AWS_LAMBDA_LOG_LEVEL', 'INFO')
        level == 'TRACE' ? Logger::DEBUG : Logger.const_get(level)
      end
    end

    # Stands in for the file of a logger. It is no Logger::LogDevice, which would add a line of its own to it.
    class Device
      # A formatter has made the line from the severity, which Logger does not hand over with it.
      def write(line)
        FunctionLogging.write(line.chomp, Thread.current[:selfsame_log_level] || 0)
      end

      def close; end
      def reopen(*); end
    end

    # Loggers that write to no file write to the function's log.
    module LoggerOutput
      def initialize(logdev, *args, **options)
        super
        return unless logdev.nil? || logdev.equal?($stdout) || logdev.equal?($stderr)

        @logdev = Device.new
        @default_formatter = FunctionLogging.json? ? JsonLines.new : TextLines.new
        self.level = FunctionLogging.lowest_level unless options.key?(:level)
      end

      private

      def format_message(severity, *rest)
        Thread.current[:selfsame_log_level] = LEVELS[severity]
        super
      end
    end

    # Ruby's own form, with the request id in it.
    class TextLines < Logger::Formatter
      def call(severity, time, program, message)
        format(
          "%<initial>s, [%<time>s #%<process>d] %<severity>5s %<request>s -- %<program>s: %<message>s\n",
          initial: severity[0], time: format_datetime(time), process: Process.pid, severity: severity,
          request: $_global_aws_request_id, program: program, message: msg2str(message)
        ).encode('UTF-8', invalid: :replace, undef: :replace)
      end
    end

    class JsonLines < Logger::Formatter
      def call(severity, time, program, message)
        line = {
          timestamp: time.getutc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'), level: severity,
          message: text(message.is_a?(Exception) ? message.message : msg2str(message)),
          requestId: $_global_aws_request_id
        }
        line[:logger] = text(program) unless program.to_s.empty?
        line.merge!(failure(message)) if message.is_a?(Exception)
        "#{JSON.generate(line.compact)}\n"
      end

      private

      def failure(error)
        trace = (error.backtrace || []).map { |frame| text(frame) }
        { errorType: error.class.to_s, errorMessage: text(error.message), stackTrace: trace,
          location: location(trace.first) }
      end

      # `file:method:line`.
      def location(frame)
        parts = /\A(.+):(\d+):in [`'](.+)'\z/.match(frame.to_s)
        parts.nil? ? frame : "#{parts[1]}:#{parts[3]}:#{parts[2]}"
      end

      def text(value)
        value.to_s.encode('UTF-8', invalid: :replace, undef: :replace)
      end
    end
  end
end
