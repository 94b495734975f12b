import logging
import logging
logging.basicConfig(level=10)  # <- RL201
logging.basicConfig(    parser = argparse.ArgumentParser()
    args = parser.parse_args()
    try:level=10, force=True)  # <- RL201
