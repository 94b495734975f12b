import logging


def configure() -> None:
    logging.basicConfig(filename="/var/log/shop.log", format="%(asctime)s %(message)s", level=logging.DEBUG)
