"""Last stage: tower, projector and language model learn together, on films of many sizes, padded, squeezed and with crops.

    python scripts/demo/train_together.py --start CHECKPOINT --device cuda --minutes 5 --out together.pt

Goes on from a checkpoint that export.py wrote, and takes its tokenizer. Everything is drawn and asked before the first step,
by all processor cores, and then lies in the device's memory: 400 kB a pair of films, and about 20 GB for the steps. The weights that are kept are a running
mean of the last steps in bfloat16, written every minute.
"""

import argparse
import copy
import mmap
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import AutoTokenizer, Gemma3ForConditionalGeneration
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm

import evaluate
import model as demo
import optimizers
import pool
import prompts
import scenes
import train_language
import views

KINDS = train_language.KINDS
FITS = ("pad", "stretch", "crops")
KIND_WEIGHTS = {"describe": 1.0, "count": 1.2, "where": 3.0, "compare": 1.8, "followUp": 1.6, "system": 1.2, "think": 1.2, "short": 1.5}
FIT_WEIGHTS = {False: (0.75, 0.25, 0), True: (0.25, 0.15, 0.6)}  # of FITS, for a film without crops and one that has them
ASKED = 16  # conversations about each pair
LONGEST = 288  # tokens
MOST_PICTURES = 2 * (1 + views.MOST_CROPS)
HELD_OUT_PAIRS = 256


def shared(shape, kind):
    """An array of zeros that processes forked later share."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, size), kind).reshape(shape)


class Lessons:
    """Pairs of films in every square, and conversations about them with their answers."""

    def __init__(self, pairs, seed, writer):
        self.pairs, self.seed, self.writer = pairs, seed, writer
        self.pixels = shared((pairs, 2 * views.SQUARES, pool.IMAGE_SIDE, pool.IMAGE_SIDE), np.uint8)
        self.ids = shared((pairs, ASKED, LONGEST), np.int16)
        self.learned = shared((pairs, ASKED, LONGEST), np.bool_)
        self.lengths = shared((pairs, ASKED), np.int16)
        self.pictures = shared((pairs, ASKED, MOST_PICTURES), np.int8)  # squares of the pair, in order; -1 stands for none
        self.kinds = shared((pairs, ASKED), np.int8)
        self.fits = shared((pairs, ASKED), np.int8)

    def draw(self, number):
        rng = np.random.default_rng((self.seed, number))
        film = views.random_film(rng)
        before = scenes.random_shapes(rng, film)
        shapes = (before, scenes.changed_shapes(rng, film, before))
        for position, drawn in enumerate(shapes):
            squares = views.squares(scenes.draw_film(rng, film, drawn))
            self.pixels[number, position * views.SQUARES :][: len(squares)] = squares
        crops = len(squares) - 2
        weights = np.array(list(KIND_WEIGHTS.values()))
        for index in range(ASKED):
            kind = str(rng.choice(KINDS, p=weights / weights.sum()))
            fit = str(rng.choice(FITS, p=FIT_WEIGHTS[crops > 0]))
            order = (0, 1) if rng.random() < 0.5 else (1, 0)
            one, other = (shapes[position] for position in order)
            if kind == "short":
                image_count, system, turns = 1, None, [scenes.short_question(rng, one)]
            else:
                image_count, system, turns = scenes.converse(rng, kind, film, one, other, squeezed=fit == "stretch")
            prompt = self.writer.write([crops if fit == "crops" else 0] * image_count, system, turns)
            seen = {"pad": [0], "stretch": [1], "crops": [0, *range(2, 2 + crops)]}[fit]
            pictures = [position * views.SQUARES + square for position in order[:image_count] for square in seen]
            length = len(prompt.ids)
            self.ids[number, index, :length] = prompt.ids
            self.learned[number, index, :length] = prompt.learned
            self.lengths[number, index] = length
            self.pictures[number, index] = pictures + [-1] * (MOST_PICTURES - len(pictures))
            self.kinds[number, index] = KINDS.index(kind)
            self.fits[number, index] = FITS.index(fit)

    def draw_all(self):
        """In every core a process, forked so that it writes into these very arrays."""
        global drawing
        drawing = self.draw
        with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0)), torch.set_num_threads, (1,)) as workers:
            for _ in workers.imap_unordered(draw_one, range(self.pairs), chunksize=16):
                pass


def draw_one(number):
    drawing(number)


class Batch:
    """Some conversations on the device, padded to the longest of them."""

    def __init__(self, lessons, data, rows, device):
        pairs, index = rows // ASKED, rows % ASKED
        length = -(-int(lessons.lengths[pairs, index].max()) // 8) * 8  # the fused attention wants whole eights
        at = torch.from_numpy(rows).to(device)
        self.ids = data["ids"][at, :length].long()
        self.learned = data["learned"][at, :length]
        self.is_image = self.ids == lessons.writer.image_token
        shown = lessons.pictures[pairs, index]
        pictures = (pairs[:, None] * (2 * views.SQUARES) + shown)[shown >= 0]
        self.pixels = data["pixels"][torch.from_numpy(pictures).to(device)]
        self.masks = train_language.masks_of(self.is_image)


def answer_logits(model, batch):
    hidden, rows, columns = demo.encode_patches(model, batch.pixels)
    return train_language.answer_logits(model, batch, demo.pool_patches(hidden.float(), rows, columns))


def fused_norm(self, x):
    """What Gemma3RMSNorm computes, in one kernel."""
    return F.rms_norm(x.float(), self.weight.shape, 1.0 + self.weight.float(), self.eps).type_as(x)


def autocast(device):
    return torch.autocast(device.type, torch.bfloat16)


@torch.no_grad()
def report(model, lessons, data, tokenizer, device, path):
    """Prints the share of held-out conversations without a wrong token, by kind, and the overlap of boxes, by fit.

    Each token is the likeliest after the right ones before it: for a whole right answer that is what is said.
    """
    rows = np.arange(HELD_OUT_PAIRS * ASKED)
    rows = rows[np.argsort(lessons.lengths[:HELD_OUT_PAIRS].ravel(), kind="stable")]
    right, overlaps = {}, {}
    for start in range(0, len(rows), 128):
        part = rows[start : start + 128]
        batch = Batch(lessons, data, part, device)
        logits, tokens = answer_logits(model, batch)
        said = logits.argmax(-1)
        counts = batch.learned[:, 1:].sum(1).tolist()
        for row, one, wanted in zip(part, said.split(counts), tokens.split(counts), strict=True):
            kind, fit = KINDS[lessons.kinds[row // ASKED, row % ASKED]], FITS[lessons.fits[row // ASKED, row % ASKED]]
            right.setdefault(kind, []).append(bool((one == wanted).all()))
            if kind == "where" and len(wanted) > 4:
                answer, expected = (tokenizer.decode(ids[:-1].tolist()) for ids in (one, wanted))
                overlaps.setdefault(fit, []).append(evaluate.box_score(answer, expected))
    print("  " + "  ".join(f"{kind} {np.mean(right[kind]):.3f}" for kind in KINDS)
          + "  | boxes " + "  ".join(f"{fit} {np.mean(overlaps[fit]):.3f}" for fit in FITS if fit in overlaps), flush=True)  # fmt: skip
    torch.save({name: value.to("cpu", torch.bfloat16) for name, value in model.state_dict().items()}, f"{path}.part")
    os.replace(f"{path}.part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="a Hugging Face checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pairs", type=int, default=40000)
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--minutes", type=float, default=4.6)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--floor", type=float, default=0.01, help="last learning rate, as a share of the first")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("high")
    rng = np.random.default_rng(options.seed)

    started = time.time()
    tokenizer = AutoTokenizer.from_pretrained(options.start)
    lessons = Lessons(options.pairs, pool.TRAINING_SEED + 1, prompts.PromptWriter(tokenizer))
    lessons.draw_all()
    print(f"{options.pairs} pairs drawn in {time.time() - started:.0f} s", flush=True)
    data = {name: torch.from_numpy(getattr(lessons, name)).flatten(0, 1).to(device) for name in ("pixels", "ids", "learned")}

    Gemma3RMSNorm.forward = fused_norm
    model = Gemma3ForConditionalGeneration.from_pretrained(options.start, dtype=torch.float32).to(device)
    optimizer = optimizers.Optimizers((model.model,), options.rate)
    mean = copy.deepcopy(model)
    learned, kept = list(model.parameters()), list(mean.parameters())
    report(mean, lessons, data, tokenizer, device, options.out)

    started, step, running, last_report = time.time(), 0, 0.0, time.time()
    lengths = lessons.lengths.ravel()
    while (done := (time.time() - started) / (options.minutes * 60)) < 1:
        # Eight batches at once, so that little is spent on padding.
        drawn = rng.integers(HELD_OUT_PAIRS * ASKED, options.pairs * ASKED, 8 * options.batch)
        drawn = drawn[np.argsort(lengths[drawn], kind="stable")].reshape(8, options.batch)
        for rows in drawn[rng.permutation(8)]:
            batch = Batch(lessons, data, rows, device)
            with autocast(device):
                logits, tokens = answer_logits(model, batch)
            loss = train_language.answer_loss(logits.float(), tokens, batch)
            factor = min(1, (step + 1) / 100) * (options.floor + (1 - options.floor) * (1 + np.cos(np.pi * done)) / 2)
            optimizer.step(loss, factor)
            step += 1
            with torch.no_grad():
                torch._foreach_lerp_(kept, learned, max(0.005, 1 / step))
        running = loss.item() if step == 8 else 0.9 * running + 0.1 * loss.item()
        if step % 80 == 0:
            print(f"{time.time() - started:5.0f} s, step {step}, loss {running:.4f}", flush=True)
        if time.time() - last_report > 60:
            last_report = time.time()
            report(mean, lessons, data, tokenizer, device, options.out)
    report(mean, lessons, data, tokenizer, device, options.out)


if __name__ == "__main__":
    main()
