import onnx
import torch
from job import EXTERNAL, arguments, is_chosen

torch.manual_seed(0)
model = onnx.load(arguments.model)
for tensor in model.graph.initializer:
    if tensor.data_type == onnx.TensorProto.FLOAT and is_chosen(tensor.name, tensor.dims):
        values = torch.zeros(tuple(tensor.dims))
        if values.dim() > 1:
            torch.nn.init.xavier_normal_(values)
        tensor.raw_data = values.numpy().tobytes()
onnx.save(model, arguments.output, save_as_external_data=arguments.external, location=EXTERNAL)
