import logging
from collections import Counter

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def lambda_handler(event, context):
    words = Counter(event["text"].lower().split())
    logger.info("%d words, %d ms left", words.total(), context.get_remaining_time_in_millis())
    return {"words": words.total(), "mostCommon": words.most_common(3)}
