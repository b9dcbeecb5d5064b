"""What every peer's script shares: the command line, the choice of tensors and the deviation of Glorot and Bengio (2010)."""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("output")
parser.add_argument("names", nargs="*", help="tensors to redraw; none: every one")
parser.add_argument("--external", action="store_true", help="save values in one external file")
arguments = parser.parse_args()
EXTERNAL = "model.data"


def is_chosen(name, dims):
    return name in arguments.names if arguments.names else len(dims) >= 1


def deviation(dims):
    """0 for what is no matrix: biases become zeros."""
    return math.sqrt(2 / ((dims[0] + dims[1]) * math.prod(dims[2:]))) if len(dims) > 1 else 0
