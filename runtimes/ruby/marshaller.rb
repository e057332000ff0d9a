# frozen_string_literal: true

require 'stringio'

module SelfsameRuntime
  # An event before it is parsed, with what `marshall_request` is given on AWS: the answer of the runtime API.
  class RawRequest
    attr_reader :body

    def initialize(body)
      @body = body
    end

    def [](name)
      name.casecmp?('Content-Type') ? 'application/json' : nil
    end
  end
end

module AwsLambda
  # Between JSON and Ruby. Functions may replace its methods, as on AWS.
  class Marshaller
    class << self
      def marshall_request(raw_request)
        raw_request['Content-Type'] == 'application/json' ? JSON.parse(raw_request.body) : raw_request.body
      end

      # A stream is passed on as it is.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, 'application/unknown']
        else method_response.to_json
        end
      end
    end
  end
end
