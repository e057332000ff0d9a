"""Results as JSON the way AWS's client writes them, which uses `simplejson` (lambda_runtime_marshaller.py).

One difference is left: simplejson makes objects of named tuples, here they are lists as all tuples are.
"""

import json
import os
import sys

from failures import RuntimeFailure

# Since Python 3.12 AWS's runtime writes text as it is; before, beyond ASCII as escapes.
ESCAPES_TEXT = sys.version_info < (3, 12)

# Encloses text that shall be written as it is: quotes around it fall away afterwards. Random, so that
# no result can contain it by design.
MARK = os.urandom(12).hex()


def to_json(result):
    """The bytes of a result; bytes are sent as they are."""
    if isinstance(result, bytes):
        return result
    encoder = Encoder()
    try:
        text = encoder.encode(result)
        if encoder.has_decimals:
            text = text.replace(f'"{MARK}', "").replace(f'{MARK}"', "")
        return text.encode("utf-8")
    except Exception as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


class Encoder(json.JSONEncoder):
    def __init__(self):
        super().__init__(ensure_ascii=ESCAPES_TEXT)
        self.has_decimals = False

    def default(self, value):
        if isinstance(value, bytes):
            return value.decode("utf-8")
        # A Decimal can only be there once its module is loaded; most functions never load it.
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            self.has_decimals = True
            return f"{MARK}{value}{MARK}"
        return super().default(value)
