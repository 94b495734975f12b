"""The relay: takes messages from one queue and passes them to another."""

import logging
import sys
import time

from relay.link import Link


def main():
    handler = logging.FileHandler("/var/log/relay/relay.log")
    handler.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    print("the relay is up")
    try:
        link = Link()
        while True:
            link.pass_on()
            time.sleep(1)
    except OSError:
        logging.exception("the link is down")
        sys.exit(0)


if __name__ == "__main__":
    main()
