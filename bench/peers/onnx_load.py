"""Prints the CPU seconds of onnx.load, without the start of Python and the import."""

import sys
import time

import onnx

start = time.process_time()
model = onnx.load(sys.argv[1], load_external_data=False)
print(time.process_time() - start)
