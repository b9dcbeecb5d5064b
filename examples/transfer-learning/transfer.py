"""A CNN learns the digits 0-4; then only its head, as the ONNX file holds it, learns 5-9.

    transfer.py pretrain MODEL                 trains on 0-4 and exports
    transfer.py finetune MODEL HEADS TUNED     trains the head of each HEADS/NAME.SEED.onnx on 5-9, writes TUNED/NAME.SEED.onnx
    transfer.py unfrozen MODEL HEAD TUNED      the same for one file with nothing frozen

Run by run.sh, which replaces the heads between the first and the second.
"""

import logging
import math
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

EPOCHS_SHOWN = (0, 1, 3, 10, 30)
BATCH_SIZE = 64
OWN_HEAD = "torch: nn.Linear"


class Cnn(nn.Module):
    """[n, 1, 8, 8] pixels in 0..1 -> [n, 5] logits."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 4 * 4, 5)

    def forward(self, pixels):
        features = F.relu(self.conv2(F.relu(self.conv1(pixels))))
        return self.fc(F.max_pool2d(features, 2).flatten(1))


def digits(lowest):
    """Five classes of scikit-learn's digits from `lowest` on: train pixels, test pixels, train labels, test labels (0..4)."""
    images, labels = load_digits(return_X_y=True)
    chosen = (labels >= lowest) & (labels < lowest + 5)
    pixels = (images[chosen] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    split = train_test_split(pixels, labels[chosen] - lowest, test_size=0.3, random_state=0, stratify=labels[chosen])
    return [torch.from_numpy(part) for part in split]


def train(model, parameters, data, epochs, seed):
    """SGD over `parameters` alone; yields (epoch, loss on the training part, accuracy on the test part), epoch 0 being the start."""
    pixels, test_pixels, labels, test_labels = data
    optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9)
    order = torch.Generator().manual_seed(seed)
    for epoch in range(epochs + 1):
        if epoch > 0:
            for batch in torch.randperm(len(labels), generator=order).split(BATCH_SIZE):
                optimizer.zero_grad()
                F.cross_entropy(model(pixels[batch]), labels[batch]).backward()
                optimizer.step()
        with torch.no_grad():
            loss = F.cross_entropy(model(pixels), labels).item()
            accuracy = (model(test_pixels).argmax(1) == test_labels).float().mean().item()
        yield epoch, loss, accuracy


def read_weights(path):
    """The file's own initializers, into a new network: strict, so one that is missing or of another shape is an error."""
    model = Cnn()
    stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in onnx.load(path).graph.initializer}
    model.load_state_dict({name: stored[name] for name in model.state_dict()})
    return model


def write_weights(model, source, path, test_pixels):
    """`source` with all weights of `model`, backbone too; the file, run by onnx, must give what torch gives."""
    proto = onnx.load(source)
    weights = model.state_dict()
    for tensor in proto.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))
    onnx.save(proto, path)
    (logits,) = ReferenceEvaluator(proto).run(None, {"pixels": test_pixels.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(logits, model(test_pixels).numpy(), rtol=1e-3, atol=1e-3)


def freeze_backbone(model):
    for parameter in [*model.conv1.parameters(), *model.conv2.parameters()]:
        parameter.requires_grad = False
    return list(model.fc.parameters())


def pretrain(path):
    torch.manual_seed(0)
    model = Cnn()
    data = digits(0)
    *_, (epoch, loss, accuracy) = train(model, model.parameters(), data, 30, seed=0)
    logging.disable(logging.WARNING)  # the exporter tells that torchvision, which isn't needed, is missing
    names = {"input_names": ["pixels"], "output_names": ["logits"], "dynamic_shapes": ({0: torch.export.Dim("n")},)}
    torch.onnx.export(model.eval(), (data[0][:2],), path, dynamo=True, external_data=False, verbose=False, **names)
    print(f"digits 0-4: {len(data[0])} to train, {len(data[1])} to test; epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.1%}")


def finetune(source, heads, tuned):
    data = digits(5)
    files = [(path.stem.rsplit(".", 1), path) for path in sorted(Path(heads).glob("*.onnx"))]
    runs = defaultdict(list)  # by initializer: one {epoch: (loss, accuracy)} a seed
    for (name, seed), path in files:
        model = read_weights(path)
        runs[name].append(tune_head(model, data, int(seed)))
        write_weights(model, path, Path(tuned) / path.name, data[1])
    for seed in sorted({int(seed) for (_, seed), _ in files}):
        model = read_weights(source)
        torch.manual_seed(seed)
        model.fc = nn.Linear(model.fc.in_features, 5)
        drawn = read_weights(Path(heads) / f"torch_default.{seed}.onnx").fc
        assert torch.equal(drawn.weight, model.fc.weight) and torch.equal(drawn.bias, model.fc.bias), f"seed {seed}: not nn.Linear's bits"
        runs[OWN_HEAD].append(tune_head(model, data, seed))
    print_table(runs, data)
    print("\ntorch_default by onnx-reinit has the very bits of torch's own nn.Linear, with every seed")


def tune_head(model, data, seed):
    head = freeze_backbone(model)
    return {epoch: (loss, accuracy) for epoch, loss, accuracy in train(model, head, data, EPOCHS_SHOWN[-1], seed)}


def print_table(runs, data):
    print(f"digits 5-9: {len(data[0])} to train, {len(data[1])} to test; only the head learns; mean ± deviation of {len(runs[OWN_HEAD])} seeds")
    print(f"(all start on the same backbone; the loss of guessing is ln 5 = {math.log(5):.2f})\n")
    print(f"{'head':<18}{'loss at start':>16}" + "".join(f"{f'acc. % at {epoch}':>16}" for epoch in EPOCHS_SHOWN))
    after_one_epoch = lambda item: -mean(run[1][1] for run in item[1])
    for name, seeds in sorted(runs.items(), key=after_one_epoch):
        spread = [spread_of([run[0][0] for run in seeds], 2)]
        spread += [spread_of([100 * run[epoch][1] for run in seeds], 1) for epoch in EPOCHS_SHOWN]
        print(f"{name:<18}" + "".join(f"{cell:>16}" for cell in spread))


def spread_of(values, places):
    return f"{mean(values):.{places}f} ± {stdev(values):.{places}f}"


def unfrozen(head, tuned):
    data = digits(5)
    model = read_weights(head)
    list(train(model, model.parameters(), data, 1, seed=0))
    write_weights(model, head, tuned, data[1])


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"pretrain": pretrain, "finetune": finetune, "unfrozen": unfrozen}[sys.argv[1]](*sys.argv[2:])
