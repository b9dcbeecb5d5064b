import numpy as np
import onnx
import onnx_graphsurgeon as gs
from job import EXTERNAL, arguments, deviation, is_chosen

generator = np.random.default_rng(0)
graph = gs.import_onnx(onnx.load(arguments.model))
for tensor in graph.tensors().values():
    if isinstance(tensor, gs.Constant) and tensor.dtype == np.float32 and is_chosen(tensor.name, tensor.shape):
        values = generator.standard_normal(tuple(tensor.shape), np.float32)
        values *= np.float32(deviation(tensor.shape))
        tensor.values = values
onnx.save(gs.export_onnx(graph), arguments.output, save_as_external_data=arguments.external, location=EXTERNAL)
