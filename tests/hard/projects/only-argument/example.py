import logging
import time


def main():
    logging.basicConfig(
        filename="worker.log",  # <- RL206
    )
    while True:
        logging.info("tick")
        time.sleep(60)


if __name__ == "__main__":
    main()
