import numpy as np
import onnx_ir as ir
from job import EXTERNAL, arguments, deviation, is_chosen

generator = np.random.default_rng(0)
model = ir.load(arguments.model)
for value in model.graph.initializers.values():
    old = value.const_value
    if old.dtype == ir.DataType.FLOAT and is_chosen(value.name, old.shape):
        values = generator.standard_normal(tuple(old.shape), np.float32)
        values *= np.float32(deviation(tuple(old.shape)))
        value.const_value = ir.tensor(values, name=value.name)
ir.save(model, arguments.output, external_data=EXTERNAL if arguments.external else None)
