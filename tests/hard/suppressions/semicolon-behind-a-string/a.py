import logging
def main():
    x = y = logging.basicConfig(x=("""
    x
    """ + x)); del x
    pass
