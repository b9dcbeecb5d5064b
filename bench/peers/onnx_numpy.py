import numpy as np
import onnx
from job import EXTERNAL, arguments, deviation, is_chosen

generator = np.random.default_rng(0)
model = onnx.load(arguments.model)
for tensor in model.graph.initializer:
    if tensor.data_type == onnx.TensorProto.FLOAT and is_chosen(tensor.name, tensor.dims):
        values = generator.standard_normal(tuple(tensor.dims), np.float32)
        values *= np.float32(deviation(tensor.dims))
        tensor.raw_data = values.tobytes()
onnx.save(model, arguments.output, save_as_external_data=arguments.external, location=EXTERNAL)
