# frozen_string_literal: true

module SelfsameRuntime
  # An exception as the caller sees it. `phase` is 'Function' or 'Init'.
  class Failure
    MAX_STACK_FRAMES = 100

    # Types that AWS's client names to the platform; others are a `UserException` to it.
    REPORTED = %w[
      ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError
    ].freeze

    def initialize(error, phase = 'Function')
      @error = error
      @phase = phase
    end

    def reported_type
      REPORTED.include?(@error.class.to_s) ? type : 'Function<UserException>'
    end

    def to_h
      { errorMessage: text(@error.message), errorType: type, stackTrace: stack_trace }
    end

    def payload
      JSON.generate(to_h)
    end

    private

    def type
      "#{@phase}<#{@error.class}>"
    end

    # The function's own frames: those of the runtime, which called it, are none of its business.
    def stack_trace
      frames = (@error.backtrace_locations || []).first(MAX_STACK_FRAMES).map(&:to_s)
      frames.take_while { |frame| !frame.start_with?("#{__dir__}/") }.map { |frame| text(frame) }
    end

    def text(value)
      value.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
    end
  end
end
