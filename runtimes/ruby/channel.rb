# frozen_string_literal: true

module SelfsameRuntime
  # The frames of ../PROTOCOL.md over an inherited socket, with blocking reads and writes.
  class Channel
    INVOKE = 0x02
    READY = 0x10
    INIT_ERROR = 0x11
    RESPONSE = 0x12
    ERROR = 0x13
    LOG = 0x14
    LEAVING = 0x15

    MAX_SHORT_TEXT_BYTES = 255

    def initialize(descriptor)
      @socket = IO.for_fd(descriptor, 'r+b')
      @socket.sync = true
      @socket.close_on_exec = true
      # Threads of the function log too; a frame must not be cut by another.
      @writing = Mutex.new
    end

    # Waits for the next event: [header, payload bytes], or nil when the host has gone.
    def next_event
      prefix = take(4)
      body = take(prefix.unpack1('N')) unless prefix.nil?
      return nil if body.nil?
      raise "a frame of the unknown type #{body.getbyte(0)} came from the host" unless body.getbyte(0) == INVOKE

      header_end = 5 + body.byteslice(1, 4).unpack1('N')
      header = JSON.parse(body.byteslice(5...header_end).force_encoding(Encoding::UTF_8))
      [header, body.byteslice(header_end..).force_encoding(Encoding::UTF_8)]
    rescue Errno::ECONNRESET
      nil
    end

    def ready
      transmit(READY, '')
    end

    def init_error(error_type, payload)
      transmit(INIT_ERROR, short_text(error_type) + payload.b)
    end

    def response(payload)
      transmit(RESPONSE, max_resident_kib + payload.b)
    end

    def error(error_type, payload)
      transmit(ERROR, max_resident_kib + short_text(error_type) + payload.b)
    end

    # `level` is a number of the protocol, 0 for text without one.
    def log(level, text)
      transmit(LOG, [level].pack('C') + text.b)
    end

    def leaving
      transmit(LEAVING, '')
    end

    private

    # So many bytes, or nil when the host has gone before it sent them all.
    def take(count)
      data = @socket.read(count)
      data if data&.bytesize == count
    end

    def transmit(kind, body)
      frame = [1 + body.bytesize, kind].pack('NC') + body.b
      @writing.synchronize { @socket.write(frame) }
    end

    def short_text(text)
      data = text.b.byteslice(0, MAX_SHORT_TEXT_BYTES)
      [data.bytesize].pack('C') + data
    end

    # Ruby has no getrusage; where there is no /proc, nothing is known.
    def max_resident_kib
      [File.read('/proc/self/status')[/^VmHWM:\s+(\d+)/, 1].to_i].pack('N')
    rescue SystemCallError
      [0].pack('N')
    end
  end
end
