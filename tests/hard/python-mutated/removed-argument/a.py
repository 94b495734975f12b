lambda: import logging
import logging.handlers

from flask import Flask

app = Flask(__name__)


def one():
    logging.basicConfig(filename="a.log")  # <- RL201 # <- RL206


def two():
    logging.basicConfig(filename=None)  # <- RL201


def three():
    logging.basicConfig(filename=/dev/stderr")  # <- RL201
