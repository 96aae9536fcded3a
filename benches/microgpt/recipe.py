"""Times training steps of the model with scalar automatic differentiation in plain Python.

Every number is a node, which keeps its operands and the slopes with respect to them. The steps are those of
tests/data/micrograd/microgpt.json, whose losses they must give.

It prints the mean of the processor time of a step in microseconds. The garbage collector is off, which more than halves it.

    python3 benches/microgpt/recipe.py [steps]
"""

import gc
import json
import math
import pathlib
import statistics
import sys
import time

WIDTH, CONTEXT, HEADS, TOKENS, END = 16, 16, 4, 27, 26
SIZE = WIDTH // HEADS


class Node:
    __slots__ = ("value", "adjoint", "operands", "slopes")

    def __init__(self, value, operands=(), slopes=()):
        self.value, self.operands, self.slopes, self.adjoint = value, operands, slopes, 0.0

    def __add__(self, other):
        if isinstance(other, Node):
            return Node(self.value + other.value, (self, other), (1.0, 1.0))
        return Node(self.value + other, (self,), (1.0,))

    __radd__ = __add__

    def __mul__(self, other):
        if isinstance(other, Node):
            return Node(self.value * other.value, (self, other), (other.value, self.value))
        return Node(self.value * other, (self,), (other,))

    def __pow__(self, power):
        return Node(self.value**power, (self,), (power * self.value ** (power - 1),))

    def exp(self):
        value = math.exp(self.value)
        return Node(value, (self,), (value,))

    def log(self):
        return Node(math.log(self.value), (self,), (1.0 / self.value,))

    def relu(self):
        return Node(max(0.0, self.value), (self,), (float(self.value > 0.0),))

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((operand, False) for operand in node.operands)
        self.adjoint = 1.0
        for node in reversed(order):
            for operand, slope in zip(node.operands, node.slopes):
                operand.adjoint += slope * node.adjoint


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def linear(matrix, x):
    return [dot(row, x) for row in matrix]


def rmsnorm(x):
    scale = (dot(x, x) * (1.0 / len(x)) + 1e-5) ** -0.5
    return [number * scale for number in x]


def softmax(x):
    largest = max(number.value for number in x)
    powers = [(number + -largest).exp() for number in x]
    scale = sum(powers) ** -1
    return [power * scale for power in powers]


def logits(matrices, token, place, keys, values):
    wte, wpe, lm_head, wq, wk, wv, wo, fc1, fc2 = matrices
    x = rmsnorm([a + b for a, b in zip(wte[token], wpe[place])])
    normal = rmsnorm(x)
    query = linear(wq, normal)
    keys.append(linear(wk, normal))
    values.append(linear(wv, normal))
    seen = []
    for head in range(0, WIDTH, SIZE):
        part = slice(head, head + SIZE)
        weights = softmax([dot(query[part], key[part]) * SIZE**-0.5 for key in keys])
        seen += [dot(weights, [value[j] for value in values]) for j in range(head, head + SIZE)]
    x = [a + b for a, b in zip(linear(wo, seen), x)]
    hidden = [number.relu() for number in linear(fc1, rmsnorm(x))]
    x = [a + b for a, b in zip(linear(fc2, hidden), x)]
    return linear(lm_head, x)


def loss(matrices, name):
    tokens = [END] + [ord(letter) - ord("a") for letter in name] + [END]
    keys, values, losses = [], [], []
    for place in range(min(CONTEXT, len(tokens) - 1)):
        shares = softmax(logits(matrices, tokens[place], place, keys, values))
        losses.append(shares[tokens[place + 1]].log() * -1.0)
    return sum(losses) * (1.0 / len(losses))


def main():
    gc.disable()
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    file = pathlib.Path(__file__).parents[2] / "tests/data/micrograd/microgpt.json"
    reference = json.loads(file.read_text())
    shapes = [(TOKENS, 16), (CONTEXT, 16), (TOKENS, 16)] + 4 * [(16, 16)] + [(64, 16), (16, 64)]
    parameters = [Node(value) for value in reference["initial"]]
    numbers = iter(parameters)
    matrices = [[[next(numbers) for _ in range(columns)] for _ in range(rows)] for rows, columns in shapes]
    m, v, times = [0.0] * len(parameters), [0.0] * len(parameters), []
    for step in range(steps):
        start = time.process_time()
        result = loss(matrices, reference["documents"][step])
        result.backward()
        rate = 0.01 * (1.0 - step / 1000)
        for i, p in enumerate(parameters):
            m[i] = 0.85 * m[i] + 0.15 * p.adjoint
            v[i] = 0.99 * v[i] + 0.01 * p.adjoint**2
            p.value -= rate * (m[i] / (1.0 - 0.85 ** (step + 1))) / ((v[i] / (1.0 - 0.99 ** (step + 1))) ** 0.5 + 1e-8)
            p.adjoint = 0.0
        times.append(time.process_time() - start)
        assert abs(result.value - reference["losses"][step]) < 1e-12, step
    print(f"{statistics.mean(times) * 1e6:.0f}")


main()
