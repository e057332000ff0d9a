'use strict';
// `awslambda.HttpResponseStream`, by which a streaming handler gives a front end a status and headers.

/** The type by which a front end knows that a JSON prelude and eight zero bytes come before the body. */
const PRELUDE_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_DELIMITER_BYTES = 8;

const HttpResponseStream = {
  /** The stream, with status, headers and cookies in front of its first byte. */
  from(stream, prelude) {
    stream.setContentType(PRELUDE_CONTENT_TYPE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(PRELUDE_DELIMITER_BYTES));
    };
    return stream;
  },
};

module.exports = { HttpResponseStream };
