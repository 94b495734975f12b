import logging
import sys
import time

from shop import logs
from shop.client import Prices

log = logging.getLogger(__name__)


def main() -> None:
    logs.configure()
    prices = Prices("prices.example.org")
    try:
        while True:
            log.debug("asking %s", prices)
            time.sleep(60)
    except Exception:
        log.exception("the worker has failed")
        sys.exit(0)


if __name__ == "__main__":
    main()
