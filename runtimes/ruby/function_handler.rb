# frozen_string_literal: true

module SelfsameRuntime
  # `file.method`, or `file.Class.method` where `Class` may be `Module::Class`.
  class FunctionHandler
    attr_reader :file

    def initialize(name)
      parts = name.split('.')
      case parts.size
      when 2 then @file, @method = parts
      when 3 then @file, @owner, @method = parts
      else
        raise ArgumentError,
              "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME " \
              'corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class ' \
              'namespace and METHOD is a callable method. If using CLASS, METHOD must be a class-level method.'
      end
    end

    def call(event, context)
      # A method of the file's top level is a private one of every object.
      receiver = @owner.nil? ? Object.new : Kernel.const_get(@owner)
      receiver.__send__(@method, event: event, context: context)
    end
  end
end
